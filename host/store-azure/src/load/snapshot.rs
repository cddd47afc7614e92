//! From rows to what the worker sees.

use engine::{EventKind, ExecutionStarted, HistoryEvent, InstanceId, RuntimeStatus};
use store::{HeldReason, InstanceRow, Snapshot, pending_state};

use super::Starts;
use crate::core::Core;
use crate::dispatch::{Hint, Start, Term};
use crate::heads::Heads;
use crate::version::Version;

impl Core {
    /// An instance whose start has just been seen for the first time has no history: if that is wrong, its first commit
    /// fails. So its first turn costs no read.
    pub(super) fn snapshot_of_new(
        &self,
        instance_id: &InstanceId,
        hint: Hint,
        starts: &Starts,
        term: Term,
    ) -> Option<Snapshot> {
        let heads = match hint {
            Hint::Absent => Heads::default(),
            Hint::Row { row, etag } => {
                let is_new = row.state.status == RuntimeStatus::Pending
                    && row.last_event.is_none()
                    && row.held.is_none()
                    && starts.iter().any(|start| start.started.execution_id == row.state.execution_id);
                Heads { sentinel: None, row: is_new.then_some((*row, etag)) }.non_empty()?
            }
        };
        self.snapshot(instance_id, &heads, Vec::new(), starts, term)
    }

    /// None if there is no instance.
    pub(super) fn snapshot(
        &self,
        instance_id: &InstanceId,
        heads: &Heads,
        history: Vec<HistoryEvent>,
        starts: &Starts,
        term: Term,
    ) -> Option<Snapshot> {
        let recorded = history.iter().find_map(|event| match &event.kind {
            EventKind::ExecutionStarted(start) => Some(&**start),
            _ => None,
        });
        // A client has written the row of what it starts: where it is missing, the instance was purged.
        let sent = starts.iter().find(|start| start.begins_without_row).map(|start| &*start.started);
        let mut row = match (&heads.row, recorded) {
            (Some((row, _)), Some(start)) if heads.row_is_of_earlier_execution() => {
                InstanceRow { revision: row.revision, ..pending_row(instance_id, start) }
            }
            (Some((row, _)), _) => row.clone(),
            (None, _) => pending_row(instance_id, recorded.or(sent)?),
        };
        let mut taken_in = Vec::new();
        if let Some((sentinel, _)) = &heads.sentinel {
            taken_in = self.dispatch.state().known_of(instance_id, &sentinel.taken_in);
            row.last_event = sentinel.last_event;
            row.revision = row.revision.max(sentinel.revision);
            if !heads.is_replaced() {
                row.state.status = sentinel.status;
                row.state.component = sentinel.component;
                row.state.custom_status.clone_from(&sentinel.custom_status);
                row.state.updated_at = sentinel.checkpoint_at;
                row.wake_at = sentinel.wake_at;
                // Of a sentinel that was restored, the row still says that it was missing.
                row.held = sentinel.held.clone().or_else(|| row.held.take().filter(HeldReason::is_damage));
            }
        }
        let version = heads.version(term).unwrap_or_else(|| Version::of_nothing(row.revision, term));

        // Not those that come again: the row stays what it is.
        let is_other =
            |start: &&Start| !row.state.lineage().came_of(start.started.execution_id) && !taken_in.contains(&start.id);
        let others: Vec<_> = starts.iter().filter(is_other).collect();
        if row.state.status.is_terminal() {
            // As it will be once the next turn has begun the new execution.
            if let Some(start) = others.first() {
                row = InstanceRow {
                    last_event: row.last_event,
                    revision: row.revision + 1,
                    ..pending_row(instance_id, &start.started)
                };
            }
        } else if history.is_empty() || heads.is_replaced() {
            // The id was another's before they came: only that one may begin.
            taken_in.extend(others.into_iter().map(|start| start.id));
        }
        let is_unfinished = version.row_is_behind && !heads.is_replaced() && row.held.is_none();
        Some(Snapshot { token: version.to_token(), row, history, damage: None, taken_in, is_unfinished })
    }
}

/// The row of an instance that begins with this start. It is the same whoever loads it, so its revision is made of what
/// the start says.
pub(crate) fn pending_row(instance_id: &InstanceId, start: &ExecutionStarted) -> InstanceRow {
    InstanceRow {
        state: pending_state(instance_id.clone(), start),
        held: None,
        last_event: None,
        revision: start.created_at.as_millis().saturating_mul(1_000),
        wake_at: None,
    }
}
