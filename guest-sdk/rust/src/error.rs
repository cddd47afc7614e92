//! Why something failed.

use std::any::Any;
use std::fmt;

use crate::bindings::types::Failure;
use crate::{ContinueAsNew, Elapsed};

/// What orchestrations and activities return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failure: what a caller branches on (`kind`), what a person reads (`message`), and anything else (`details`).
///
/// Every error of the standard library's [`std::error::Error`] kind converts into one with `?`; its kind is `error`.
/// For that reason this type does not implement the trait itself.
///
/// ```
/// use rondo::prelude::*;
///
/// fn parse(text: &str) -> Result<u32> {
///     let amount: u32 = text.parse()?;
///     if amount == 0 {
///         return Err(Error::new("empty-order", "an order has at least one item").non_retriable());
///     }
///     Ok(amount)
/// }
///
/// assert_eq!(parse("none").unwrap_err().kind(), "error");
/// assert_eq!(parse("0").unwrap_err().kind(), "empty-order");
/// ```
pub struct Error(Box<Repr>);

enum Repr {
    Failure(Failure),
    /// Not a failure: an orchestration's way out into its next execution.
    ContinueAsNew {
        input: Option<String>,
        options: ContinueAsNew,
    },
}

/// The failure kinds that this crate produces. The host has more, see its documentation.
pub mod kind {
    /// Any error without a kind of its own.
    pub const ERROR: &str = "error";
    /// The input is not what the orchestration or the activity expects.
    pub const INVALID_INPUT: &str = "invalid-input";
    /// A result, or the data of an event, is not what the caller expects.
    pub const INVALID_OUTPUT: &str = "invalid-output";
    /// A value has no JSON form.
    pub const NOT_SERIALIZABLE: &str = "not-serializable";
    /// [`Context::timeout`](crate::Context::timeout) ran out.
    pub const TIMEOUT: &str = "timeout";
    /// The component has no orchestration of that name.
    pub const ORCHESTRATION_NOT_FOUND: &str = "orchestration-not-found";
    /// The component has no activity of that name.
    pub const ACTIVITY_NOT_FOUND: &str = "activity-not-found";
    /// The code awaits something that nothing will ever complete.
    pub const STALLED: &str = "stalled";
}

impl Error {
    /// A failure that a retry policy may try again.
    ///
    /// `kind` is a short, stable name to branch on, such as `card-declined`; `message` is one sentence for a person.
    pub fn new(kind: impl Into<String>, message: impl Into<String>) -> Self {
        Self::from_failure(Failure { kind: kind.into(), message: message.into(), details: None, non_retriable: false })
    }

    /// A failure of kind `error`.
    pub fn msg(message: impl Into<String>) -> Self {
        Self::new(kind::ERROR, message)
    }

    /// The same, and no retry policy will try again.
    #[must_use]
    pub fn non_retriable(mut self) -> Self {
        if let Repr::Failure(failure) = &mut *self.0 {
            failure.non_retriable = true;
        }
        self
    }

    /// The same with more to read, for example a JSON document.
    #[must_use]
    pub fn with_details(mut self, details: impl Into<String>) -> Self {
        if let Repr::Failure(failure) = &mut *self.0 {
            failure.details = Some(details.into());
        }
        self
    }

    /// What to branch on.
    pub fn kind(&self) -> &str {
        match &*self.0 {
            Repr::Failure(failure) => &failure.kind,
            Repr::ContinueAsNew { .. } => "continue-as-new",
        }
    }

    /// For a person.
    pub fn message(&self) -> &str {
        match &*self.0 {
            Repr::Failure(failure) => &failure.message,
            Repr::ContinueAsNew { .. } => "the execution continues as new",
        }
    }

    /// Anything else.
    pub fn details(&self) -> Option<&str> {
        match &*self.0 {
            Repr::Failure(failure) => failure.details.as_deref(),
            Repr::ContinueAsNew { .. } => None,
        }
    }

    /// Whether trying again cannot help.
    pub fn is_non_retriable(&self) -> bool {
        matches!(&*self.0, Repr::Failure(failure) if failure.non_retriable)
    }

    pub(crate) fn from_failure(failure: Failure) -> Self {
        Self(Box::new(Repr::Failure(failure)))
    }

    pub(crate) fn continue_as_new(input: Option<String>, options: ContinueAsNew) -> Self {
        Self(Box::new(Repr::ContinueAsNew { input, options }))
    }

    /// The failure, or else the input and options of the next execution.
    pub(crate) fn into_failure(self) -> Result<Failure, (Option<String>, ContinueAsNew)> {
        match *self.0 {
            Repr::Failure(failure) => Ok(failure),
            Repr::ContinueAsNew { input, options } => Err((input, options)),
        }
    }
}

impl<E: std::error::Error + 'static> From<E> for Error {
    fn from(error: E) -> Self {
        let kind = kind_of(&error);
        let mut message = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            message = format!("{message}: {cause}");
            source = cause.source();
        }
        Self::new(kind, message)
    }
}

fn kind_of(error: &dyn Any) -> &'static str {
    if error.is::<Elapsed>() { kind::TIMEOUT } else { kind::ERROR }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind(), self.message())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)?;
        if let Some(details) = self.details() {
            write!(f, "\n{details}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Outer(std::num::ParseIntError);

    impl fmt::Display for Outer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("reading the amount")
        }
    }

    impl std::error::Error for Outer {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&self.0)
        }
    }

    #[test]
    fn a_converted_error_tells_its_causes() {
        let error = Error::from(Outer("x".parse::<u8>().unwrap_err()));
        assert_eq!(error.to_string(), "error: reading the amount: invalid digit found in string");
        assert!(!error.is_non_retriable());
    }

    #[test]
    fn running_out_of_time_has_a_kind_of_its_own() {
        assert_eq!(Error::from(Elapsed::new()).kind(), kind::TIMEOUT);
    }
}
