//! What became of a request, from what came back.

use std::fmt;
use std::time::Duration;

use azure_core::error::ErrorKind;

use crate::{Error, Refused};

/// Why a request has no result. Travels through the SDK as the source of its error.
#[derive(Debug, Clone)]
pub(super) enum Failure {
    /// The service answered, and it was not a success.
    Answer(Answer),
    /// The request was not sent.
    NotSent(String),
    /// It was sent, or may have been, and there is no answer that says what became of it.
    Unknown(String),
}

/// An answer that is not a success.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Answer {
    /// The HTTP status; 0 if this crate refused to send it.
    pub(super) status: u16,
    /// The service's code; empty if it gave none.
    pub(super) code: String,
    pub(super) message: String,
    pub(super) retry_after: Option<Duration>,
}

impl Failure {
    /// Whether the service says that this, and not what it is in, does not exist.
    pub(super) fn is_absent(&self, codes: &[&str]) -> bool {
        matches!(self, Self::Answer(answer) if answer.status == 404 && codes.contains(&answer.code.as_str()))
    }
}

/// What the SDK failed with, as far as we told it.
impl From<azure_core::Error> for Failure {
    fn from(error: azure_core::Error) -> Self {
        // The SDK may have put messages of its own around it.
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
        while let Some(error) = cause {
            if let Some(failure) = error.downcast_ref::<Self>() {
                return failure.clone();
            }
            cause = error.source();
        }
        if error.kind() == &ErrorKind::Credential {
            return Self::NotSent(error.to_string());
        }
        // The SDK could not read an answer that says success. The rest of what it says is the answer itself, in which
        // there may be anything.
        let problem = error.to_string();
        Self::Unknown(format!("the answer cannot be read: {}", problem.lines().next().unwrap_or_default()))
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::NotSent(problem) => Self::Unreachable(problem),
            Failure::Unknown(problem) => Self::Ambiguous(problem),
            Failure::Answer(answer) => answer.into(),
        }
    }
}

impl From<Answer> for Error {
    fn from(answer: Answer) -> Self {
        let Answer { status, code, message, retry_after } = answer;
        match (status, code.as_str()) {
            (429 | 503, _) => Self::Throttled { retry_after },
            // It can be made again once it is gone, in a minute or so.
            (409, "TableBeingDeleted" | "QueueBeingDeleted" | "ContainerBeingDeleted") => {
                Self::Throttled { retry_after }
            }
            (409, _) if code.ends_with("AlreadyExists") => Self::Exists,
            (412, _) => Self::Changed,
            (404, _) | (400, "PopReceiptMismatch") => Self::NotFound,
            // Timed out in the service: a proxy's or its own.
            (408 | 500.., _) => Self::Ambiguous(format!("{status} {code}: {message}")),
            _ => Self::Refused(Refused { status, code, message }),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSent(problem) | Self::Unknown(problem) => f.write_str(problem),
            Self::Answer(Answer { status, code, message, .. }) => write!(f, "{status} {code}: {message}"),
        }
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(status: u16, code: &str) -> String {
        let retry_after = Some(Duration::from_secs(7));
        match Error::from(Answer { status, code: code.to_owned(), message: "m".to_owned(), retry_after }) {
            Error::Throttled { retry_after } => format!("throttled {retry_after:?}"),
            Error::Refused(refused) => format!("refused {refused}"),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn every_answer_says_what_to_do() {
        for (status, code, expected) in [
            (429, "", "throttled Some(7s)"),
            (503, "ServerBusy", "throttled Some(7s)"),
            (409, "TableBeingDeleted", "throttled Some(7s)"),
            (409, "QueueBeingDeleted", "throttled Some(7s)"),
            (409, "ContainerBeingDeleted", "throttled Some(7s)"),
            (409, "EntityAlreadyExists", "Exists"),
            (409, "TableAlreadyExists", "Exists"),
            (409, "QueueAlreadyExists", "Exists"),
            (409, "ContainerAlreadyExists", "Exists"),
            (409, "LeaseAlreadyPresent", "refused 409 LeaseAlreadyPresent: m"),
            (412, "UpdateConditionNotSatisfied", "Changed"),
            (404, "ResourceNotFound", "NotFound"),
            (404, "MessageNotFound", "NotFound"),
            (404, "", "NotFound"),
            (400, "PopReceiptMismatch", "NotFound"),
            (400, "InvalidInput", "refused 400 InvalidInput: m"),
            (401, "NoAuthenticationInformation", "refused 401 NoAuthenticationInformation: m"),
            (403, "AuthenticationFailed", "refused 403 AuthenticationFailed: m"),
            (413, "RequestBodyTooLarge", "refused 413 RequestBodyTooLarge: m"),
            (302, "", "refused 302 : m"),
            (408, "RequestTimeout", "Ambiguous(\"408 RequestTimeout: m\")"),
            (500, "InternalError", "Ambiguous(\"500 InternalError: m\")"),
            (502, "", "Ambiguous(\"502 : m\")"),
            (504, "", "Ambiguous(\"504 : m\")"),
        ] {
            assert_eq!(outcome(status, code), expected);
        }
    }

    #[test]
    fn failures_survive_the_sdk() {
        let sent =
            azure_core::Error::new(ErrorKind::Other, Failure::NotSent("no route".to_owned())).context("in the SDK");
        assert!(matches!(Failure::from(sent), Failure::NotSent(problem) if problem == "no route"));
        let credential = azure_core::Error::message(ErrorKind::Credential, "no token");
        assert!(matches!(Failure::from(credential), Failure::NotSent(problem) if problem == "no token"));
        let unreadable = azure_core::Error::message(ErrorKind::DataConversion, "not this:\n<Secret/>");
        let expected = "the answer cannot be read: not this:";
        assert!(matches!(Failure::from(unreadable), Failure::Unknown(problem) if problem == expected));
    }
}
