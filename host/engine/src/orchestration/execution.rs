//! One execution of the instance: its history, what that amounts to, and its guest.

use std::collections::BTreeSet;

use crate::{
    Digest, EngineRevision, EventId, EventKey, EventKind, ExecutionId, ExecutionStarted, Guest, HistoryEvent,
    InstanceId, RetryPolicy, TaskId, Timestamp, TraceContext,
};

use super::HistoryError;
use super::fold::{Fold, kind_of};
use super::load::{self, Replay, Voided};

/// An execution in memory.
///
/// The history stays here while the guest is warm: tasks find their parameters in it, a rewind folds it anew, and a
/// work item that fails goes back to it. Its payloads are shared with whoever else holds them.
pub(super) struct LiveExecution {
    pub(super) history: Vec<HistoryEvent>,
    payload_bytes: usize,
    pub(super) fold: Fold,
    /// What a fresh guest must repeat; empty while the guest is warm.
    pub(super) replay: Replay,
    pub(super) guest: Option<Box<dyn Guest>>,
    /// What the guest runs on; none until it has run.
    pub(super) component: Option<Digest>,
    /// Whether a turn has begun that has not ended.
    pub(super) is_turn_open: bool,
}

impl LiveExecution {
    /// A new execution, in its first turn, by the rules of `revision`.
    pub(super) fn begin(mut started: Box<ExecutionStarted>, revision: EngineRevision, at: Timestamp) -> Self {
        started.engine_revision = revision;
        let mut execution = Self {
            history: Vec::new(),
            payload_bytes: 0,
            fold: Fold::begin(started.clone(), at),
            replay: Replay::default(),
            guest: None,
            component: None,
            is_turn_open: true,
        };
        execution.push(HistoryEvent { id: EventId::FIRST, at, kind: EventKind::OrchestratorStarted });
        let kind = EventKind::ExecutionStarted(started);
        execution.push(HistoryEvent { id: EventId::FIRST.next(), at, kind });
        execution
    }

    /// Records external events that the execution before has left, oldest first; `seen`: the keys of all that are known
    /// from now on. The same as recording one after the other, for those who do so in every generation.
    pub(super) fn take_over(&mut self, at: Timestamp, events: Vec<EventKind>, seen: BTreeSet<EventKey>) {
        self.history.reserve(events.len());
        for kind in events {
            let event = HistoryEvent { id: self.fold.last.next(), at, kind };
            self.fold.take_over(&event);
            self.push(event);
        }
        self.fold.events.set_seen(seen);
    }

    pub(super) fn load(history: Vec<HistoryEvent>, component: Option<Digest>) -> Result<Self, HistoryError> {
        let voided = load::voided(&history)?;
        let (fold, mut replay) = load::fold(&history, &voided)?;
        if fold.end.is_some() {
            // Only a rewind needs a guest again, and folds anew.
            replay = Replay::default();
        }
        let payload_bytes = history.iter().map(|event| event.kind.payload_bytes()).sum();
        Ok(Self { history, payload_bytes, fold, replay, guest: None, component, is_turn_open: false })
    }

    /// Goes back to the first `events` events, as they were folded when they were all.
    pub(super) fn roll_back(&mut self, events: usize) {
        self.history.truncate(events);
        let voided = load::voided(&self.history).expect("these events have been folded before");
        self.refold(&voided);
    }

    /// Folds the history anew, with those events void. The guest is gone afterwards.
    pub(super) fn refold(&mut self, voided: &Voided) {
        let (fold, replay) = load::fold(&self.history, voided).expect("these events have been folded before");
        self.payload_bytes = self.history.iter().map(|event| event.kind.payload_bytes()).sum();
        self.fold = fold;
        self.replay = replay;
        self.guest = None;
        self.is_turn_open = false;
    }

    /// Appends an event at `at` and lets it take effect.
    pub(super) fn record(&mut self, at: Timestamp, kind: EventKind) {
        let event = HistoryEvent { id: self.fold.last.next(), at, kind };
        if let Err(problem) = self.fold.apply(&event) {
            // Recording is guarded by the very state that refuses here.
            unreachable!("the engine recorded {}: {problem}", event.kind);
        }
        self.push(event);
    }

    fn push(&mut self, event: HistoryEvent) {
        self.payload_bytes += event.kind.payload_bytes();
        self.history.push(event);
    }

    pub(super) fn id(&self) -> ExecutionId {
        self.fold.started.execution_id
    }

    /// Its span in a trace, for what it starts.
    pub(super) fn span(&self) -> TraceContext {
        self.fold.started.span(self.fold.rewinds)
    }

    /// The start of a child without an id of its own. What it is called depends on whether it is a child that a rewind
    /// has declared void, and so on all that is decided about it.
    pub(super) fn with_derived_instance(
        &self,
        task: TaskId,
        started_as: impl FnOnce(InstanceId) -> EventKind,
    ) -> EventKind {
        let Some(before) = self.fold.tasks.voided_numbers(task) else {
            return started_as(self.child_instance(task, 1));
        };
        let mut decision = started_as(self.child_instance(task, before.first));
        let first = self.fold.tasks.numbers_of(task, &decision).first;
        if let EventKind::SubOrchestrationCreated { instance_id, .. } = &mut decision
            && first != before.first
        {
            *instance_id = self.child_instance(task, first);
        }
        decision
    }

    /// What a child is called that was started without an id.
    pub(super) fn derived_instance(&self, task: TaskId) -> InstanceId {
        self.child_instance(task, self.fold.tasks.get(task).map_or(1, |task| task.first))
    }

    fn child_instance(&self, task: TaskId, first: u32) -> InstanceId {
        match first {
            1 => InstanceId::for_child(self.id(), task),
            first => InstanceId::for_child_again(self.id(), task, first),
        }
    }

    /// The key of an event that is about to be sent.
    pub(super) fn event_key(&self, task: TaskId, decision: &EventKind) -> EventKey {
        match self.fold.tasks.numbers_of(task, decision).first {
            1 => self.id().event_key(task),
            first => self.id().event_key_again(task, first),
        }
    }

    pub(super) fn has_ended(&self) -> bool {
        self.fold.end.is_some()
    }

    /// The event that created a task; none for a task that was never scheduled.
    pub(super) fn created(&self, task: TaskId) -> Option<&EventKind> {
        kind_of(&self.history, self.fold.tasks.get(task)?.created)
    }

    /// The retry policy that a task was created with.
    pub(super) fn retry_policy(&self, task: TaskId) -> Option<&RetryPolicy> {
        match self.created(task)? {
            EventKind::TaskScheduled { retry, .. } | EventKind::SubOrchestrationCreated { retry, .. } => retry.as_ref(),
            _ => None,
        }
    }

    /// About what its history takes in memory.
    pub(super) fn history_bytes(&self) -> usize {
        self.payload_bytes + self.history.len() * size_of::<HistoryEvent>()
    }
}
