//! The row of the Instances table: what readers see of an instance.
//!
//! It is merged, and a merge cannot remove a column. So `RondoAbsent` lists what has no value now, and `RondoInBlobs`
//! what is in a blob; what older rows left behind in the others does not count. Rows of DurableTask clients lack ours.

mod read;
mod write;

use azure::Entity;
use engine::{EventId, InstanceId, RuntimeStatus, Timestamp};
use serde::{Deserialize, Serialize};
use store::HeldReason;

use super::columns::Reader;
use super::{LayoutError, json, keys};

pub(crate) use read::{blob_columns, put_back, row_of};
pub(crate) use write::{full_row, touch};

/// The text of a custom status, or of tags, that there are none of.
const NULL: &str = "null";

/// What DurableTask calls statuses that we know by another name.
const ALIASES: [(&str, RuntimeStatus); 2] =
    [("ContinuedAsNew", RuntimeStatus::Running), ("Canceled", RuntimeStatus::Terminated)];

/// The status of that name; `column` is for the error.
pub(super) fn status_of(column: &'static str, name: &str) -> Result<RuntimeStatus, LayoutError> {
    let ours = RuntimeStatus::ALL.into_iter().map(|status| (status.name(), status));
    ours.chain(ALIASES)
        .find_map(|(known, status)| (known == name).then_some(status))
        .ok_or_else(|| LayoutError::Unknown { name: column, found: name.to_owned() })
}

/// The last event as a number; 0 before the first.
pub(super) fn last_event_number(last_event: Option<EventId>) -> u64 {
    last_event.map_or(0, |id| id.0)
}

/// Reads [`last_event_number`].
pub(super) fn last_event_of(number: u64) -> Option<EventId> {
    (number > 0).then_some(EventId(number))
}

/// The content of the column `RondoHeld`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Held {
    code: String,
    message: String,
    since_ms: u64,
}

/// The content of the column `RondoHeld`; empty if it is not held.
pub(crate) fn held_text(held: Option<&HeldReason>) -> String {
    held.map_or_else(String::new, |HeldReason { code, message, since }| {
        json::text(&Held { code: code.clone(), message: message.clone(), since_ms: since.as_millis() })
    })
}

/// Reads the column `RondoHeld`.
pub(super) fn held_of(row: &Reader<'_>) -> Result<Option<HeldReason>, LayoutError> {
    let held = row.json::<Held>("RondoHeld")?;
    Ok(held.map(|Held { code, message, since_ms }| HeldReason {
        code,
        message,
        since: Timestamp::from_millis(since_ms),
    }))
}

/// The same of a row, or a sentinel, of which nothing else may be readable.
pub(crate) fn held_in(entity: &Entity) -> Option<HeldReason> {
    Reader::new(entity).and_then(|row| held_of(&row)).unwrap_or_default()
}

/// Which instance the row of that partition key belongs to.
///
/// # Errors
/// No id has this key.
pub(crate) fn id_of(instance_id_key: &str) -> Result<InstanceId, LayoutError> {
    let id = keys::unescape(instance_id_key).ok_or(LayoutError::Malformed { name: "PartitionKey" })?;
    json::instance_of("PartitionKey", &id)
}

#[cfg(test)]
mod tests;
