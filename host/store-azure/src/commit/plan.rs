//! What a commit is going to write, decided before the first request.

use engine::Timestamp;
use store::{MessageId, TurnCommit};

use super::batches::Batches;
use super::row::WrittenRow;
use crate::core::Core;
use crate::dispatch::{Armed, CommitPlan};
use crate::layout::sentinel::Sentinel;
use crate::limits;
use crate::version::Version;

/// A commit before its first step.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) version: Version,
    pub(super) partition: u8,
    pub(super) key: String,
    /// As the last transaction writes it; its commit id is in storage from the first transaction on.
    pub(super) sentinel: Sentinel,
    /// When the newest suspend or resume was sent that is consumed.
    pub(super) switched_at: Option<Timestamp>,
    /// The event rows.
    pub(super) batches: Batches,
    /// When the scheduled message is to come, if one has to be put.
    pub(super) arms: Option<Timestamp>,
    /// When the lease shows up, if one has to be put for want of a consumed message.
    pub(super) puts_lease: Option<Timestamp>,
    /// The consumed message that stays as the lease.
    pub(super) lease: Option<MessageId>,
    /// The scheduled message of an earlier commit, and whether it stays.
    pub(super) armed: Option<Armed>,
    pub(super) keeps_armed: bool,
    pub(super) writes: RowWrite,
}

/// How much of the instance row a commit writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RowWrite {
    /// Nobody could see a difference.
    Nothing,
    /// The time of the last update, now and then.
    Touch,
    /// All of it.
    Everything,
}

impl Core {
    pub(super) fn plan(&self, turn: &TurnCommit, version: Version, partition: u8) -> Plan {
        let now = self.now();
        let TurnCommit { instance_id, state, wake_at, has_open_activities, .. } = turn;
        let far = wake_at.filter(|at| at.saturating_since(now) > self.options.near);
        let needs_lease = *has_open_activities || (wake_at.is_some() && far.is_none());
        let CommitPlan { lease, taken_in, switched_at, armed } =
            self.dispatch.state().plan(instance_id, &turn.consumed, needs_lease);

        let armed_until = version.armed_until().filter(|at| *at > now);
        let arms = far
            .filter(|at| armed_until.is_none_or(|armed| armed > *at))
            .map(|at| at.min(now.saturating_add(limits::SCHEDULE_MAX)));
        let keeps_armed = far.is_some() && arms.is_none();
        let lapses_at = now.saturating_add(self.options.message_visibility);
        let puts_lease = (needs_lease && lease.is_none()).then_some(lapses_at);

        let writes = self.row_write(turn, &version, now);
        let shows_difference = writes == RowWrite::Everything;
        let key = Self::key_of(instance_id);
        let batches = Batches::of(turn, &version, &key);
        let revision = version.revision + 1;
        let sentinel = Sentinel {
            execution_id: state.execution_id,
            is_complete: true,
            checkpoint_at: state.updated_at,
            commit: self.unique(),
            revision,
            row_revision: if shows_difference { revision } else { 0 },
            first_row: batches.first_row,
            last_event: turn.history.last_id().or(version.last_event()),
            status: state.status,
            component: state.component,
            custom_status: state.custom_status.clone(),
            wake_at: turn.wake_at,
            armed_until: arms.or(armed_until.filter(|_| keeps_armed)),
            has_open_activities: *has_open_activities,
            has_outbox: !turn.outbox.is_empty(),
            held: None,
            is_purging: false,
            taken_in,
        };
        Plan {
            version,
            partition,
            key,
            sentinel,
            switched_at,
            batches,
            arms,
            puts_lease,
            lease,
            armed,
            keeps_armed,
            writes,
        }
    }

    fn row_write(&self, turn: &TurnCommit, version: &Version, now: Timestamp) -> RowWrite {
        if version.is_superseded {
            return RowWrite::Nothing;
        }
        let touched_at = Timestamp::from_millis(version.row_updated_at);
        let shows_this = version.row.is_some() && !version.row_is_behind && version.row_shows(turn.state.execution_id);
        if turn.state_changed || !shows_this {
            RowWrite::Everything
        } else if now.saturating_since(touched_at) >= self.options.touch_rows_every {
            RowWrite::Touch
        } else {
            RowWrite::Nothing
        }
    }
}

impl Plan {
    /// The token of the next turn.
    pub(super) fn next_version(&self, turn: &TurnCommit, history: azure::ETag, row: Option<WrittenRow>) -> Version {
        let Sentinel { revision, first_row, last_event, armed_until, .. } = &self.sentinel;
        let row_updated_at = match self.writes {
            RowWrite::Nothing => self.version.row_updated_at,
            RowWrite::Touch | RowWrite::Everything => turn.state.updated_at.as_millis(),
        };
        Version {
            history: Some(history.0),
            // As whoever loads it reckons.
            revision: row.as_ref().map_or(*revision, |row| row.revision.max(*revision)),
            row: row.map(|row| row.etag.0).or_else(|| self.version.row.clone()),
            row_is_behind: false,
            is_superseded: self.version.is_superseded,
            row_execution: if self.version.is_superseded {
                self.version.row_execution.clone()
            } else {
                Some(turn.state.execution_id.to_string().into())
            },
            row_has_ended: match self.writes {
                RowWrite::Everything => turn.state.status.is_terminal(),
                RowWrite::Nothing | RowWrite::Touch => self.version.row_has_ended,
            },
            row_updated_at,
            last_event: last_event.map_or(0, |id| id.0),
            first_row: *first_row,
            armed_until: armed_until.map(Timestamp::as_millis),
            term: self.version.term,
        }
    }

    pub(super) fn is_first(&self) -> bool {
        self.version.history.is_none()
    }
}
