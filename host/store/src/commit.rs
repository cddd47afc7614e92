//! Committing a turn: the heart of the contract.

use engine::{EventId, HistoryChange, InstanceId, InstanceState, OutboxMessage, Timestamp};

use crate::{MessageId, Outcome, StorageError};

/// The version of an instance that a turn was computed on: what the backend compares, always.
///
/// It changes with every commit, hold, release and replacement, and no two instances that bore the same id ever share
/// one. Opaque: SQLite keeps a row version here, Azure Storage two etags.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Token(pub Box<str>);

/// One turn of one instance, to be made durable.
///
/// A reader sees either none of it or: the history changed, the row written, the messages of the outbox on their way,
/// the consumed messages gone. Nothing may leave before the history is durable.
///
/// Of the outbox, in order and after the row has been written (every start in it is one of a child):
/// - a start for an unknown instance creates its `Pending` row, at the latest by the time it is handed out: from then on
///   `load` shows it. Until then a reader may find nothing, or, where an ended instance is replaced, the old one;
/// - a start for an ended instance replaces it as [`crate::ExistingInstance::ReplaceEnded`] does, unless it is the very
///   execution that has ended, or one that led to it by continuing as new: then it is a repeat, and merely delivered;
/// - a start for an instance that has not ended is delivered: what it means there is for the engine to say;
/// - anything else is delivered, ended instances included, and dropped if there is no such instance; see
///   [`crate::WorkSource::fetch`]. A parent that waits for an answer gets
///   [`OutboxMessage::answer_for_gone`] then.
#[derive(Debug, Clone)]
pub struct TurnCommit {
    /// Which instance.
    pub instance_id: InstanceId,
    /// What the turn was computed on.
    pub token: Token,
    /// What to do to the history. Appended events continue the stored ones by one; those of a new execution begin
    /// at 1. Anything else is refused as `Permanent`.
    pub history: HistoryChange,
    /// The instance row.
    pub state: InstanceState,
    /// Whether a reader of the row could see a difference other than its update time.
    pub state_changed: bool,
    /// When to hand the instance out even if nothing is sent to it; none: never. Replaces the earlier time, and any
    /// wake-up that was owed until now.
    pub wake_at: Option<Timestamp>,
    /// Hand the instance out once after a restart, and to another host that comes to own it, for its activities run in
    /// this host's memory.
    pub has_open_activities: bool,
    /// Messages to deliver; the backlog's limit does not apply.
    pub outbox: Vec<OutboxMessage>,
    /// Messages this turn has taken in. After `Stale`, those that are still stored are handed out again after a rest.
    pub consumed: Vec<MessageId>,
}

/// Why a turn was not committed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommitError {
    /// Somebody else moved the instance on, or it was purged: drop the turn, its guest and its messages, and do not
    /// repeat it.
    #[error("{instance_id} moved on: the turn was computed on {held:?}, stored is {stored:?}")]
    Stale {
        /// Which instance.
        instance_id: InstanceId,
        /// What the turn was computed on.
        held: Token,
        /// What is stored now; none when the instance is gone.
        stored: Option<Token>,
    },
    /// This host does not own the instance any more, or not in the way it did when the turn was begun: it was away, and is
    /// back. Drop the turn, its guest and its activities, and abandon its messages: what is still this host's of them is
    /// handed out again, the others come to whoever owns the instance. Nothing was changed. Not a split brain: ownership
    /// moved in good order, and this turn came too late.
    #[error("{instance_id} belongs to another host now")]
    NotOwned {
        /// Which instance.
        instance_id: InstanceId,
    },
    /// The medium failed; see [`StorageError::outcome`]. Unknown: load and compare before deciding.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// A change that does not fit the stored history: a bug of whoever computed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("event {found} cannot follow {stored:?}")]
pub struct Discontinuity {
    /// The event before.
    pub stored: Option<EventId>,
    /// The event that does not fit.
    pub found: EventId,
}

impl TurnCommit {
    /// The last event of the history once this is committed on top of one that ends at `stored`.
    ///
    /// # Errors
    /// `Permanent`, with [`Discontinuity`] as the source: the events are not dense or do not continue what is stored.
    pub fn last_event_after(&self, stored: Option<EventId>) -> Result<Option<EventId>, StorageError> {
        let mut last = match self.history {
            HistoryChange::None | HistoryChange::Append { .. } => stored,
            HistoryChange::Replace { .. } => None,
        };
        for event in self.history.events() {
            if event.id != last.map_or(EventId::FIRST, EventId::next) {
                let gap = Discontinuity { stored: last, found: event.id };
                return Err(StorageError::new("commit", Outcome::Permanent, gap));
            }
            last = Some(event.id);
        }
        Ok(last)
    }
}
