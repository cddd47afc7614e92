//! One instance as a shard sees it.

use engine::{ActivityTask, Digest, ExecutionId, LogLine, Orchestration, Replaced, TaskId, Timestamp};
use store::{HeldReason, Token, TurnCommit};

use super::ahead::Ahead;
use super::guests::Refusal;
use super::inbox::Inbox;
use super::log::Before;
use crate::limits;

/// An instance that this shard has in hand or keeps warm.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) phase: Phase,
    /// What arrived and is not part of a turn yet. Grows during every phase; consumed only from `Idle`.
    pub(super) inbox: Inbox,
}

/// Where a slot stands, and what it waits for.
///
/// ```text
/// Loading ──► Preparing ──► Idle ◄──► Committing
///    │            │           │           │
///    └────────────┴─► Holding ◄───────────┘
/// ```
#[derive(Debug)]
pub(super) enum Phase {
    /// For the history.
    Loading { attempt: u32 },
    /// For a guest.
    Preparing(Box<Warm>),
    /// For messages; runs as soon as there are any.
    Idle(Box<Warm>),
    /// For a turn to become durable. Nothing of it has left yet.
    Committing(Box<Committing>),
    /// For the backend to take note that the instance cannot go on.
    Holding { token: Token, reason: HeldReason, attempt: u32 },
}

/// A folded history, perhaps with its guest, and what a commit on top of it must carry.
#[derive(Debug)]
pub(super) struct Warm {
    pub(super) orchestration: Orchestration,
    pub(super) token: Token,
    /// The `wake_at` of the last commit, or of the row that was loaded.
    pub(super) wake_at: Option<Timestamp>,
    /// Guests prepared since the last turn.
    pub(super) prepares: u32,
    /// When it fails if nobody offers its orchestration; none: never.
    pub(super) fails_at: Option<Timestamp>,
    /// It has waited for long enough: its next turn may fail for want of a guest.
    pub(super) refusal: Option<Refusal>,
    /// The id is that of another execution already, and only its start may change something: of the one in the history
    /// nothing may be written any more.
    pub(super) awaits_start: Option<ExecutionId>,
    /// See [`store::Snapshot::is_unfinished`].
    pub(super) is_unfinished: bool,
    /// Work items that have run on top of what is committed.
    pub(super) ahead: Option<Box<Ahead>>,
}

/// A turn on its way into storage.
#[derive(Debug)]
pub(super) struct Committing {
    /// As it will be once the commit has succeeded.
    pub(super) warm: Warm,
    /// The turn, to repeat it if it was not done.
    pub(super) commit: TurnCommit,
    /// What it took in, to run it anew if its outcome is unknown.
    pub(super) batch: Inbox,
    /// What leaves afterwards.
    pub(super) release: Release,
    pub(super) attempt: u32,
}

/// What leaves once a turn is durable, beside the messages that the commit itself delivers.
#[derive(Debug)]
pub(super) struct Release {
    /// What the instance was before the turn, for the log; none before its first.
    pub(super) before: Option<Before>,
    pub(super) execution_id: ExecutionId,
    /// How often the execution has been rewound.
    pub(super) rewinds: u32,
    pub(super) is_terminal: bool,
    pub(super) component: Option<Digest>,
    pub(super) activities: Vec<ActivityTask>,
    pub(super) canceled: Vec<TaskId>,
    pub(super) logs: Vec<LogLine>,
    /// For spans only.
    pub(super) replaced: Vec<Replaced>,
}

impl Slot {
    /// Waiting for its history.
    pub(super) fn loading() -> Self {
        Self { phase: Phase::Loading { attempt: 0 }, inbox: Inbox::default() }
    }

    /// What the warm cache counts.
    pub(super) fn warm_bytes(&self) -> usize {
        self.warm().map_or(0, |warm| limits::SLOT_BYTES + warm.orchestration.guest_bytes())
    }

    /// The folded history, if there is one.
    pub(super) fn warm(&self) -> Option<&Warm> {
        match &self.phase {
            Phase::Preparing(warm) | Phase::Idle(warm) => Some(warm),
            Phase::Committing(committing) => Some(&committing.warm),
            Phase::Loading { .. } | Phase::Holding { .. } => None,
        }
    }

    /// Messages kept, those of a turn in flight included.
    pub(super) fn messages(&self) -> usize {
        let in_flight = match &self.phase {
            Phase::Committing(committing) => committing.batch.len(),
            Phase::Preparing(warm) | Phase::Idle(warm) => warm.ahead.as_ref().map_or(0, |ahead| ahead.batch.len()),
            Phase::Loading { .. } | Phase::Holding { .. } => 0,
        };
        self.inbox.len() + in_flight
    }

    /// Whether it waits for nothing but messages, and there are none.
    pub(super) fn is_idle(&self) -> bool {
        matches!(self.phase, Phase::Idle(_)) && self.inbox.is_empty()
    }
}
