//! The row `sentinel` of an instance's history: the truth about everything that is not in the event rows.

use azure::Entity;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use engine::{Digest, EventId, ExecutionId, Payload, RuntimeStatus, Timestamp};
use store::HeldReason;

use super::columns::{Reader, Writer};
use super::overflow::Naming;
use super::{LayoutError, Row, instance};

/// The row key of the sentinel.
pub(crate) const SENTINEL: &str = "sentinel";

/// The row key of the event with that index.
pub(crate) fn row_key(index: u64) -> String {
    format!("{index:016X}")
}

/// What the sentinel says.
#[expect(clippy::struct_excessive_bools, reason = "facts of a row, independent of each other")]
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sentinel {
    /// The execution whose events are in the event rows.
    pub(crate) execution_id: ExecutionId,
    /// Whether the commit that wrote this is complete.
    pub(crate) is_complete: bool,
    /// When it was written.
    pub(crate) checkpoint_at: Timestamp,
    /// The commit that wrote this.
    pub(crate) commit: String,
    /// The instance's revision.
    pub(crate) revision: u64,
    /// The revision that the Instances row should show.
    pub(crate) row_revision: u64,
    /// The index in the row key of the execution's first event.
    pub(crate) first_row: u64,
    /// The last event that counts.
    pub(crate) last_event: Option<EventId>,
    /// Where the instance stands.
    pub(crate) status: RuntimeStatus,
    /// The component it is pinned to.
    pub(crate) component: Option<Digest>,
    /// What the guest wants shown.
    pub(crate) custom_status: Option<Payload>,
    /// When it will be handed out by itself.
    pub(crate) wake_at: Option<Timestamp>,
    /// Until when a stored message makes sure that somebody looks at it.
    pub(crate) armed_until: Option<Timestamp>,
    /// Whether activities are running or about to.
    pub(crate) has_open_activities: bool,
    /// Whether the row `outbox` belongs to this commit.
    pub(crate) has_outbox: bool,
    /// Why it is not being worked on.
    pub(crate) held: Option<HeldReason>,
    /// Whether all of it is about to be removed.
    pub(crate) is_purging: bool,
    /// The queue messages that commits have consumed and that may still be stored.
    pub(crate) taken_in: Vec<[u8; 16]>,
}

impl Sentinel {
    /// The row; every column is written, so that a merge leaves nothing old.
    pub(crate) fn to_row(&self, instance_key: &str, salt: u32) -> Row {
        let Self {
            execution_id,
            is_complete,
            checkpoint_at,
            commit,
            revision,
            row_revision,
            first_row,
            last_event,
            status,
            component,
            custom_status,
            wake_at,
            armed_until,
            has_open_activities,
            has_outbox,
            held,
            is_purging,
            taken_in,
        } = self;
        let mut row = Writer::default();
        row.text("ExecutionId", execution_id.to_string())
            .flag("IsCheckpointComplete", *is_complete)
            .time("CheckpointCompletedTimestamp", *checkpoint_at)
            .text("RondoCommit", commit)
            .long("RondoRevision", *revision)
            .long("RondoRowRevision", *row_revision)
            .long("RondoFirstRow", *first_row)
            .long("RondoLastEvent", instance::last_event_number(*last_event))
            .text("RondoStatus", status.name())
            .text("RondoComponent", component.map_or_else(String::new, |digest| digest.to_string()))
            .merged_text("RondoCustomStatus", custom_status.as_ref().map(Payload::as_str), "")
            .exact_time("RondoWakeAt", *wake_at)
            .exact_time("RondoArmedUntil", *armed_until)
            .flag("RondoHasOpenActivities", *has_open_activities)
            .flag("RondoHasOutbox", *has_outbox)
            .text("RondoHeld", instance::held_text(held.as_ref()))
            .flag("RondoIsPurging", *is_purging)
            .text("RondoTakenIn", BASE64.encode(taken_in.as_flattened()));
        let naming = Naming { instance_key, row_key: SENTINEL, event_type: Some("Sentinel"), salt };
        row.finish_merged(naming, &[], &|_| String::new())
    }

    /// Reads the row, after the texts of its `blob_columns` were put back.
    pub(crate) fn from_entity(entity: &Entity) -> Result<Self, LayoutError> {
        let row = Reader::new(entity)?;
        Ok(Self {
            execution_id: row.execution("ExecutionId")?,
            is_complete: row.flag("IsCheckpointComplete")?,
            checkpoint_at: row.required_time("CheckpointCompletedTimestamp")?,
            commit: row.required_text("RondoCommit")?.to_owned(),
            revision: row.required_long("RondoRevision")?,
            row_revision: row.required_long("RondoRowRevision")?,
            first_row: row.required_long("RondoFirstRow")?,
            last_event: instance::last_event_of(row.required_long("RondoLastEvent")?),
            status: instance::status_of("RondoStatus", row.required_text("RondoStatus")?)?,
            component: row.parsed("RondoComponent", |digest| digest.parse().ok())?,
            custom_status: row.payload("RondoCustomStatus")?,
            wake_at: row.exact_time("RondoWakeAt")?,
            armed_until: row.exact_time("RondoArmedUntil")?,
            has_open_activities: row.flag("RondoHasOpenActivities")?,
            has_outbox: row.flag("RondoHasOutbox")?,
            held: instance::held_of(&row)?,
            is_purging: row.flag("RondoIsPurging")?,
            taken_in: row.parsed("RondoTakenIn", taken_in_of)?.unwrap_or_default(),
        })
    }
}

fn taken_in_of(text: &str) -> Option<Vec<[u8; 16]>> {
    let bytes = BASE64.decode(text).ok()?;
    let (ids, rest) = bytes.as_chunks();
    rest.is_empty().then(|| ids.to_vec())
}

#[cfg(test)]
mod tests;
