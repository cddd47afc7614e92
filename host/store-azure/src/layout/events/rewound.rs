//! Rows that the rewind of a DurableTask client has rewritten.
//!
//! That client turns failed events, and what scheduled them, into `GenericEvent` in place, and says in `Reason` what they
//! were. Everything else in the row stays, so they are read back to what they were: Rondo's own rewind says in an event of
//! its own what counts no more.

use azure::{Entity, Value};

use super::names;

/// What stands before the original type.
const REWOUND: &str = "Rewound: ";

/// Whether a client's rewind has rewritten the row.
pub(crate) fn is_rewound(row: &Entity) -> bool {
    original(row).is_some()
}

/// Makes such a row what it was; true if it was one. Before texts are put back from blobs, one of which may be the reason
/// that the client has overwritten.
pub(crate) fn put_back(row: &mut Entity) -> bool {
    let Some(original) = original(row) else { return false };
    row.set("EventType", Value::Text(original));
    // The failure says it again.
    row.0.remove("Reason");
    true
}

fn original(row: &Entity) -> Option<String> {
    let text = |column| row.text(column).ok().flatten();
    if text("EventType") != Some(names::GENERIC) || row.0.contains_key("RondoEvent") {
        return None;
    }
    match text("Reason")?.strip_prefix(REWOUND)? {
        // Rewound once more. Of all that a client rewrites, it finds only the end of the execution a second time.
        names::GENERIC if row.0.contains_key("OrchestrationStatus") => Some(names::EXECUTION_COMPLETED.to_owned()),
        original => Some(original.to_owned()),
    }
}
