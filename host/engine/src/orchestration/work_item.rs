//! One work item, from its messages to its outcome.

use std::collections::VecDeque;

use crate::{
    ActivityTask, Digest, EngineRevision, EventId, EventKind, GuestSource, HistoryChange, LogLine, Message,
    OutboxMessage, Payload, Replaced, TaskId, Timestamp, TurnError, TurnOutcome, limits,
};

use super::Orchestration;
use super::continue_as_new::ContinueAsNew;
use super::execution::LiveExecution;

/// A work item while it is being worked on. Each step is a file of its own.
pub(super) struct WorkItem<'a> {
    pub(super) instance: &'a mut Orchestration,
    /// The time of every turn in here.
    pub(super) now: Timestamp,
    /// The rules that executions which begin in here follow.
    pub(super) newest: EngineRevision,
    pub(super) inbox: VecDeque<Message>,
    pub(super) guests: &'a mut dyn GuestSource,
    pub(super) outbox: Vec<OutboxMessage>,
    pub(super) canceled: Vec<TaskId>,
    pub(super) logs: Vec<LogLine>,
    /// Turns that guests had in here.
    pub(super) guest_turns: u32,
    /// Executions that continue-as-new began in here.
    pub(super) generations: u32,
    /// Events that the execution took over which begins in here and is not run any more in here; see
    /// [`TurnOutcome::carried_over`].
    pub(super) carried_over: usize,
    /// What the turn that is open decided to go on as.
    pub(super) continuing: Option<ContinueAsNew>,
    before: Before,
    /// There is more to do, but not in this work item.
    has_yielded: bool,
}

/// What the instance goes back to when the work item fails.
struct Before {
    /// Events of the execution that was current then.
    events: usize,
    component: Option<Digest>,
    custom_status: Option<Payload>,
    /// The executions that others have taken the place of, oldest first. If there was one then, it is the first.
    replaced: Vec<LiveExecution>,
    /// The events of the first of these that the next one took over.
    taken_over: Vec<EventId>,
}

impl<'a> WorkItem<'a> {
    pub(super) fn new(
        instance: &'a mut Orchestration,
        now: Timestamp,
        newest: EngineRevision,
        inbox: Vec<Message>,
        guests: &'a mut dyn GuestSource,
    ) -> Self {
        let execution = instance.execution.as_ref();
        let before = Before {
            events: execution.map_or(0, |execution| execution.history.len()),
            component: execution.and_then(|execution| execution.component),
            custom_status: instance.custom_status.clone(),
            replaced: Vec::new(),
            taken_over: Vec::new(),
        };
        // Within an execution time never goes back, whatever the clock does.
        let now = execution.map_or(now, |execution| now.max(execution.fold.at));
        Self {
            instance,
            now,
            newest,
            inbox: inbox.into(),
            guests,
            outbox: Vec::new(),
            canceled: Vec::new(),
            logs: Vec::new(),
            guest_turns: 0,
            generations: 0,
            carried_over: 0,
            continuing: None,
            before,
            has_yielded: false,
        }
    }

    pub(super) fn run(mut self) -> Result<TurnOutcome, TurnError> {
        match self.run_turns() {
            Ok(()) if self.instance.execution.is_some() => Ok(self.outcome()),
            Ok(()) => Err(TurnError::NotStarted),
            Err(error) => {
                self.roll_back();
                Err(error)
            }
        }
    }

    fn run_turns(&mut self) -> Result<(), TurnError> {
        while self.ensure_running() {
            if self.must_yield() {
                self.has_yielded = true;
                return Ok(());
            }
            self.intake();
            self.fire_timers();
            self.start_retries();
            if self.current().fold.is_guest_due(self.now) {
                self.guest_turn()?;
            }
            if !self.current().is_turn_open {
                return Ok(());
            }
            self.close_turn();
        }
        Ok(())
    }

    /// A guest that keeps itself busy must let others have their turn; see [`limits::TURNS_PER_WORK_ITEM_MAX`].
    fn must_yield(&self) -> bool {
        let execution = self.current();
        self.guest_turns >= limits::TURNS_PER_WORK_ITEM_MAX
            && !execution.is_turn_open
            && self.inbox.is_empty()
            && (execution.fold.is_guest_due(self.now) || self.next_due_timer().is_some())
    }

    /// The execution that runs; callers know that there is one.
    pub(super) fn current(&self) -> &LiveExecution {
        self.instance.execution.as_ref().expect("an execution is running")
    }

    pub(super) fn current_mut(&mut self) -> &mut LiveExecution {
        self.instance.execution.as_mut().expect("an execution is running")
    }

    /// Puts another execution in the place of the current one, whose guest has done what it can.
    pub(super) fn replace(&mut self, execution: LiveExecution) {
        if let Some(mut old) = self.instance.execution.replace(execution) {
            old.guest = None;
            self.before.replaced.push(old);
        }
    }

    /// Whether the current execution is what the instance goes back to if this work item fails.
    pub(super) fn may_come_back(&self) -> bool {
        self.before.replaced.is_empty() && self.before.events > 0
    }

    /// Those events of the current execution, which may come back, are the next one's now.
    pub(super) fn take_over(&mut self, events: Vec<EventId>) {
        self.before.taken_over = events;
    }

    /// Records a fact or a decision, in a turn that it opens if need be.
    pub(super) fn record(&mut self, kind: EventKind) {
        self.open_turn();
        let now = self.now;
        self.current_mut().record(now, kind);
    }

    pub(super) fn open_turn(&mut self) {
        let now = self.now;
        let execution = self.current_mut();
        if !execution.is_turn_open {
            execution.is_turn_open = true;
            execution.record(now, EventKind::OrchestratorStarted);
        }
    }

    fn close_turn(&mut self) {
        if let Some(next) = self.continuing.take() {
            self.continue_as_new(next);
            return;
        }
        self.end_if_too_long();
        self.record(EventKind::OrchestratorCompleted);
        let execution = self.current_mut();
        execution.is_turn_open = false;
        if execution.has_ended() {
            execution.guest = None;
        }
    }

    /// Whether the open activity had no chance to begin before this work item.
    pub(super) fn is_new(&self, created: EventId) -> bool {
        !self.before.replaced.is_empty() || created.0 > self.before.events as u64
    }

    fn roll_back(&mut self) {
        let Before { events, component, custom_status, replaced, taken_over: _ } = &mut self.before;
        self.instance.custom_status = custom_status.take();
        if !replaced.is_empty() {
            self.instance.execution = Some(replaced.swap_remove(0));
        }
        if *events == 0 {
            self.instance.execution = None;
        }
        if let Some(execution) = &mut self.instance.execution {
            execution.roll_back(*events);
            execution.component = *component;
        }
    }

    fn outcome(mut self) -> TurnOutcome {
        // Of a rewind that failed again in the same way and moment, too: somebody waits to see what has come of it.
        let state_changed = self.instance.refresh_state() | self.was_rewound();
        let activities = self.dispatch();
        let execution = self.current();
        let events = &execution.history;
        let history = if !self.before.replaced.is_empty() {
            HistoryChange::Replace { events: events.clone() }
        } else if events.len() > self.before.events {
            HistoryChange::Append { events: events[self.before.events..].to_vec() }
        } else {
            HistoryChange::None
        };
        let fold = &execution.fold;
        let is_to_run = !fold.has_begun && !fold.is_suspended && !execution.has_ended();
        let carried_over = if is_to_run { self.carried_over } else { 0 };
        TurnOutcome {
            history,
            state: self.instance.state.clone().expect("an execution has a state"),
            state_changed,
            wake_at: if self.has_yielded { Some(self.now) } else { self.wake_at() },
            has_open_activities: !execution.has_ended() && execution.fold.tasks.has_busy_activities(),
            outbox: self.outbox,
            activities,
            canceled: self.canceled,
            logs: self.logs,
            carried_over,
            replaced: replaced(self.before),
        }
    }

    fn was_rewound(&self) -> bool {
        let recorded = self.current().history.get(self.before.events..).unwrap_or_default();
        recorded.iter().any(|event| matches!(event.kind, EventKind::ExecutionRewound { .. }))
    }

    /// Hands out every attempt that may begin and was not handed out before.
    fn dispatch(&mut self) -> Vec<ActivityTask> {
        if self.current().has_ended() {
            return Vec::new();
        }
        let ready = self.current_mut().fold.tasks.take_ready();
        if ready.is_empty() {
            return Vec::new();
        }
        let execution = self.current();
        let span = execution.span();
        let attempt = |task: TaskId| {
            let attempts = execution.fold.tasks.attempts(task, super::tasks::Attempted::Activity)?;
            let EventKind::TaskScheduled { name, input, .. } = execution.created(task)? else { return None };
            Some(ActivityTask {
                instance_id: self.instance.instance_id.clone(),
                execution_id: execution.id(),
                task,
                attempt: attempts.current,
                name: name.clone(),
                input: input.clone(),
                trace_context: Some(span.clone()),
            })
        };
        ready.into_iter().filter_map(attempt).collect()
    }
}

/// What others took the place of; of the first of them a part may have been stored.
fn replaced(Before { events: stored, replaced, taken_over, .. }: Before) -> Vec<Replaced> {
    let mut all: Vec<_> = replaced.into_iter().map(|old| Replaced { events: old.history, stored: 0 }).collect();
    if let Some(first) = all.first_mut() {
        let stored_of_taken_over = taken_over.iter().take_while(|id| id.0 <= stored as u64).count();
        first.stored = stored - stored_of_taken_over;
        let mut taken_over = taken_over.into_iter().peekable();
        first.events.retain(|event| taken_over.next_if_eq(&event.id).is_none());
    }
    all
}
