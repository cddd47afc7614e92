//! One instance between its turns.
//!
//! # What is recorded
//! Each turn is `OrchestratorStarted`, then facts, then decisions in the order decided, then `OrchestratorCompleted`.
//! Ids are dense from 1. All events of a turn carry the turn's `now`, which never goes back within an execution: a
//! clock that did is overruled by the last event. `ExecutionStarted` is the second event of an execution.
//!
//! # What a guest is told, and when
//! A function of the history alone, computed by one piece of code for new and for recorded turns (`fold`). The guest
//! has its first turn, without events, in the first turn that is neither suspended nor before the scheduled start. After
//! that it has a turn whenever there is something it waits for; a turn that has nothing for it does not call it. What
//! cannot be told while suspended is told, in order, in the first turn that can.
//!
//! # A work item
//! `work_item` runs as many turns as it takes: facts from the inbox (`intake`), timers and retries that are due (`due`),
//! the guest (`guest_turn`), its decisions (`contract`, then `decisions`). Follow-up turns deliver what a turn made
//! deliverable by itself: a wait that meets an event already there, a timer that was due when it was created.

mod children;
mod continue_as_new;
mod contract;
mod decisions;
mod due;
mod ending;
mod execution;
mod external_events;
mod fold;
mod guest_turn;
mod intake;
mod load;
mod replay;
mod rewind;
mod state;
mod tasks;
#[cfg(test)]
mod tests;
mod verify;
mod work_item;

use std::fmt;

use crate::{
    Digest, EngineRevision, EventId, GuestSource, HistoryEvent, InstanceId, InstanceState, Message, Nondeterminism,
    Payload, Timestamp, TurnOutcome,
};

use execution::LiveExecution;
use work_item::WorkItem;

/// The state of one instance, folded from its history, and its guest while it is warm.
pub struct Orchestration {
    instance_id: InstanceId,
    /// None before the instance has started.
    execution: Option<LiveExecution>,
    custom_status: Option<Payload>,
    state: Option<InstanceState>,
}

/// A stored history that cannot be what the engine wrote. The instance is quarantined; others go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("history is corrupt at event {at}: {problem}")]
pub struct HistoryError {
    /// The first event that does not fit.
    pub at: EventId,
    /// What is wrong with it.
    pub problem: String,
}

/// Why a work item led to nothing. Nothing may be committed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TurnError {
    /// The component does not match the history: hold the instance with this as the reason.
    #[error("{0}")]
    Nondeterminism(Nondeterminism),
    /// The guest cannot be had right now: hold the instance with this as the reason.
    #[error("{0}")]
    Unavailable(String),
    /// Nothing is recorded of the instance and no message starts it. Hand the messages back if its start may still be
    /// on its way (its row exists and is pending); otherwise drop them.
    #[error("the instance has not started")]
    NotStarted,
}

impl Orchestration {
    /// An instance about which nothing is recorded.
    pub fn new(instance_id: InstanceId) -> Self {
        Self { instance_id, execution: None, custom_status: None, state: None }
    }

    /// Folds a stored history, whose ownership it takes so that nothing is copied. No guest runs yet.
    ///
    /// `component`: the digest in the instance row. `custom_status` comes from the row too, as it is not recorded.
    /// An empty history is that of an instance that has not started.
    ///
    /// # Errors
    /// The history is not one that the engine wrote. Never panics, whatever the history.
    pub fn load(
        instance_id: InstanceId,
        history: Vec<HistoryEvent>,
        component: Option<Digest>,
        custom_status: Option<Payload>,
    ) -> Result<Self, HistoryError> {
        let mut loaded = Self::new(instance_id);
        if !history.is_empty() {
            loaded.execution = Some(LiveExecution::load(history, component)?);
            loaded.custom_status = custom_status;
            loaded.refresh_state();
        }
        Ok(loaded)
    }

    /// Runs one work item: messages that arrived, oldest first, and whatever has become due.
    ///
    /// `newest`: the revision that executions get which begin in this work item. It is the newest that all hosts of the
    /// task hub know, and [`EngineRevision::NEWEST`] where there is one host.
    ///
    /// Call it also with no messages: at `wake_at`, and after a load to learn which activities are open.
    /// Messages that are repeated, late or meant for another execution lead to nothing; after `Ok` every message is
    /// consumed. The state has moved on when this returns `Ok`, whether or not the outcome is then committed: if the
    /// commit does not succeed, drop this value. After `Err` nothing has changed except that the guest is gone and that
    /// open activities will be handed out once more, as after a load.
    pub fn run(
        &mut self,
        now: Timestamp,
        newest: EngineRevision,
        inbox: Vec<Message>,
        guests: &mut dyn GuestSource,
    ) -> Result<TurnOutcome, TurnError> {
        WorkItem::new(self, now, newest, inbox, guests).run()
    }

    /// The instance row as of the last work item; none before the instance has started.
    pub fn state(&self) -> Option<&InstanceState> {
        self.state.as_ref()
    }

    /// All events of the current execution; of those of the last work item, only what it committed counts.
    pub fn history(&self) -> &[HistoryEvent] {
        self.execution.as_ref().map_or(&[], |execution| &execution.history)
    }

    /// How often the current execution has been rewound.
    pub fn rewinds(&self) -> u32 {
        self.execution.as_ref().map_or(0, |execution| execution.fold.rewinds)
    }

    /// Bytes that are kept only because the guest is warm: its own, and the history it was told; 0 when there is none.
    pub fn guest_bytes(&self) -> usize {
        let Some(execution) = &self.execution else { return 0 };
        execution.guest.as_ref().map_or(0, |guest| guest.memory_bytes() + execution.history_bytes())
    }
}

impl fmt::Debug for Orchestration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { instance_id, execution, custom_status: _, state } = self;
        f.debug_struct("Orchestration")
            .field("instance_id", instance_id)
            .field("last_event", &execution.as_ref().map(|execution| execution.fold.last))
            .field("is_warm", &execution.as_ref().is_some_and(|execution| execution.guest.is_some()))
            .field("state", state)
            .finish()
    }
}
