//! The row of the Instances table: what readers see of an instance.
//!
//! It is merged, and a merge cannot remove a column. So `RondoAbsent` lists what has no value now, and `RondoInBlobs`
//! what is in a blob; what older rows left behind in the others does not count. Rows of DurableTask clients lack ours.

mod read;
mod write;

use azure::Entity;
use engine::{EventId, InstanceId, RuntimeStatus, Timestamp};
use serde::{Deserialize, Serialize};
use store::{HeldReason, InstanceRow};

use super::columns::Reader;
use super::{LayoutError, json, keys};

pub(crate) use super::columns::ABSENT;
pub(crate) use super::overflow::CUSTOM_STATUS;
pub(crate) use read::{blob_columns, put_back, row_of};
pub(crate) use write::{full_row, touch};

/// The text of a custom status, or of tags, that there are none of.
const NULL: &str = "null";

/// What is told of the reason of one that is held: a few lines.
const TOLD_BYTES_MAX: usize = 4_096;

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

/// What readers of DurableTask are shown as the custom status of an instance that is held, or of one that no longer is;
/// none if it has one of its own. Here it counts for nothing, as long as the column is listed as absent.
pub(crate) fn told_while_held(row: &InstanceRow) -> Option<String> {
    if row.state.custom_status.is_some() {
        return None;
    }
    Some(row.held.as_ref().map_or_else(
        || NULL.to_owned(),
        |HeldReason { code, message, since: _ }| {
            json::text(&format!("waiting ({code}): {}", &message[..message.floor_char_boundary(TOLD_BYTES_MAX)]))
        },
    ))
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
