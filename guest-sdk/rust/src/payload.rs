//! Values on their way through the host: JSON text.
//!
//! `null` and "no value" are the same here, so that `()` and `None` cost nothing.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Error, kind};

/// The JSON text of a value; none for `null`.
pub(crate) fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Option<String>, Error> {
    let mut text = serde_json::to_string(value)
        .map_err(|error| Error::new(kind::NOT_SERIALIZABLE, error.to_string()).non_retriable())?;
    // It may live as long as a whole replay takes.
    text.shrink_to_fit();
    Ok((text != "null").then_some(text))
}

/// The value of a JSON text. `kind` is the kind of the failure when the text does not fit.
pub(crate) fn decode<T: DeserializeOwned>(payload: Option<&str>, kind: &str) -> Result<T, Error> {
    serde_json::from_str(payload.unwrap_or("null"))
        .map_err(|error| Error::new(kind, format!("expected {}: {error}", short_type_name::<T>())).non_retriable())
}

/// The type's name without the modules in front of it, for messages only.
fn short_type_name<T>() -> &'static str {
    let name = std::any::type_name::<T>();
    let head = name.find('<').unwrap_or(name.len());
    name[..head].rfind("::").map_or(name, |at| &name[at + 2..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unit_and_none_are_no_value() {
        assert_eq!(encode(&()).unwrap(), None);
        assert_eq!(encode(&None::<u8>).unwrap(), None);
        assert_eq!(encode("null").unwrap().as_deref(), Some("\"null\""));
    }

    #[test]
    fn no_value_is_read_as_null() {
        decode::<()>(None, "k").unwrap();
        assert_eq!(decode::<Option<u8>>(None, "k").unwrap(), None);
        assert_eq!(decode::<Option<u8>>(Some("7"), "k").unwrap(), Some(7));
    }

    #[test]
    fn what_does_not_fit_is_said_with_the_type_that_was_expected() {
        let error = decode::<Vec<String>>(Some("[1]"), kind::INVALID_INPUT).unwrap_err();
        assert_eq!(error.kind(), "invalid-input");
        assert!(error.is_non_retriable());
        assert!(
            error.message().starts_with("expected Vec<alloc::string::String>: invalid type: integer `1`"),
            "{error}"
        );
    }
}
