//! The shapes on the wire, and how the inner types become them. Nothing inside derives serialisation for their sake.

mod component;
mod durable_history;
mod history;
mod hub;
mod shown_grants;
mod started;
mod status;

use engine::Payload;
use serde_json::value::RawValue;

use crate::limits;

pub use component::{Component, Deployment, Released, Releases};
pub use durable_history::DurableEvent;
pub(crate) use durable_history::{DurableHistory, Shows};
pub use history::{Event, EventFields, HistoryPage, Retry, SeenEvent, SeenHistoryPage};
pub use hub::{HubStatus, WorkerStatus};
pub use shown_grants::{ShownFolder, ShownGrants};
pub use started::{Started, segment};
pub use status::{Failed, Held, InstanceStatus, ParentOf, Purged, status_from_name};

/// A payload as a JSON value: the text itself where it is JSON, so that no digit of a number is lost; otherwise a
/// JSON string of it. JSON that is nested too deeply is shown as a string, too: the parsers of many clients would refuse
/// the whole document that it is part of.
pub(crate) fn value(payload: &Payload) -> Box<RawValue> {
    match serde_json::from_str(payload.as_str()) {
        Ok(value) if is_nested_within(payload.as_str(), limits::EMBEDDED_DEPTH_MAX) => value,
        Ok(_) | Err(_) => string(payload.as_str()),
    }
}

/// Whether no array or object of a text that is JSON lies within more than `max - 1` others.
fn is_nested_within(json: &str, max: usize) -> bool {
    let (mut depth, mut is_in_string, mut is_escaped) = (0_usize, false, false);
    for byte in json.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => is_in_string = !is_in_string,
            _ if is_in_string => {}
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > max {
            return false;
        }
    }
    true
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
    fn json_that_is_nested_too_deeply_becomes_a_string() {
        let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        let max = limits::EMBEDDED_DEPTH_MAX;
        assert_eq!(value(&Payload::from(nested(max))).get(), nested(max));
        let wide = format!("[{}]", vec![nested(max - 1); 3].join(","));
        assert_eq!(value(&Payload::from(wide.clone())).get(), wide, "what counts is the depth");
        for depth in [max + 1, 3_000] {
            assert_eq!(value(&Payload::from(nested(depth))).get(), format!("\"{}\"", nested(depth)));
        }
        let brackets = format!(r#"{{"a\\":"\"{}","b":"{{"}}"#, "[".repeat(3_000));
        assert_eq!(value(&Payload::from(brackets.clone())).get(), brackets, "brackets within strings are text");
    }

    #[test]
    fn text_that_is_not_json_becomes_a_string() {
        assert_eq!(value(&Payload::from("no longer \"needed\"")).get(), r#""no longer \"needed\"""#);
        assert_eq!(value(&Payload::from("")).get(), r#""""#);
    }
}
