//! The shapes on the wire, and how the inner types become them. Nothing inside derives serialisation for their sake.

mod component;
mod durable_history;
mod history;
mod hub;
mod started;
mod status;

use engine::Payload;
use serde_json::value::RawValue;

pub use component::{Component, Deployment, Released, Releases};
pub use durable_history::DurableEvent;
pub(crate) use durable_history::{Shows, durable_history};
pub use history::{Event, EventFields, HistoryPage, Retry, SeenEvent, SeenHistoryPage};
pub use hub::{HubStatus, WorkerStatus};
pub use started::{Started, segment};
pub use status::{Failed, Held, InstanceStatus, ParentOf, Purged, status_from_name};

/// A payload as a JSON value: the text itself where it is JSON, so that no digit of a number is lost; otherwise a
/// JSON string of it.
pub(crate) fn value(payload: &Payload) -> Box<RawValue> {
    match serde_json::from_str(payload.as_str()) {
        Ok(value) => value,
        Err(_) => string(payload.as_str()),
    }
}

/// A JSON string.
pub(crate) fn string(text: &str) -> Box<RawValue> {
    serde_json::value::to_raw_value(text).expect("text is always a JSON string")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads_travel_as_they_are() {
        assert_eq!(value(&Payload::from("12345678901234567890.000")).get(), "12345678901234567890.000");
        assert_eq!(value(&Payload::from(r#" {"b":1, "a":2} "#)).get(), r#"{"b":1, "a":2}"#);
    }

    #[test]
    fn text_that_is_not_json_becomes_a_string() {
        assert_eq!(value(&Payload::from("no longer \"needed\"")).get(), r#""no longer \"needed\"""#);
        assert_eq!(value(&Payload::from("")).get(), r#""""#);
    }
}
