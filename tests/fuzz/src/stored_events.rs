//! What a database holds: batches of events, and messages.

use engine::text::parse_history;
use engine::{HistoryEvent, InstanceId, Orchestration};
use store::codec;

/// Reads bytes as events and as a message, and folds the events as a history. The text form of a history is read as
/// well, so that a corpus can be read.
///
/// # Panics
/// What was read is another after it was written and read again.
pub fn stored_events(data: &[u8]) {
    if let Ok(message) = codec::decode_message(data) {
        let again = codec::decode_message(&codec::encode_message(&message)).expect("it was just written");
        assert_eq!(again, message);
    }
    if let Ok(events) = codec::decode_events(data) {
        history(events);
    }
    if let Ok(text) = std::str::from_utf8(data)
        && let Ok(events) = parse_history(text)
    {
        history(events);
    }
}

fn history(events: Vec<HistoryEvent>) {
    if let Ok(bytes) = codec::encode_events(&events) {
        assert_eq!(codec::decode_events(&bytes).expect("it was just written"), events);
    }
    let instance_id = InstanceId::new("fuzz").expect("a valid id");
    // A history that the engine did not write is an error, never a panic.
    let _ = Orchestration::load(instance_id, events, None, None);
}
