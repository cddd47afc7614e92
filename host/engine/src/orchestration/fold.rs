//! What a history amounts to: the one place where an event changes anything.
//!
//! Events that are being recorded and events that are read back pass through the same functions, in the same order.
//! So what a guest is told in which turn is a function of the history alone, and a guest that was kept warm and one
//! that is replayed cannot come to know different things.

use crate::history::EventClass;
use crate::{Event, EventId, EventKind, ExecutionStarted, HistoryEvent, TaskId, Timestamp, kind};

use super::external_events::ExternalEvents;
use super::tasks::{Again, Attempted, Attempts, Delivered, Task, Tasks, Work};

/// One execution, folded from its events. Indexes into the history; holds none of its text.
#[derive(Debug)]
pub(super) struct Fold {
    pub(super) started: Box<ExecutionStarted>,
    /// The last event.
    pub(super) last: EventId,
    /// When it was.
    pub(super) at: Timestamp,
    /// Whether the guest has had its first turn.
    pub(super) has_begun: bool,
    pub(super) is_suspended: bool,
    /// How often it was reopened.
    pub(super) rewinds: u32,
    /// The event that ended the execution.
    pub(super) end: Option<EventId>,
    pub(super) tasks: Tasks,
    pub(super) events: ExternalEvents,
    /// Facts that the guest waits for and has not been told.
    held: Vec<EventId>,
    /// Set from the first voided event up to the rewind that voided it.
    rewinding: Option<Rewinding>,
}

/// What a rewind is about to reopen.
#[derive(Debug, Default)]
struct Rewinding {
    activities: Vec<TaskId>,
    /// Children that are started anew.
    children: Vec<TaskId>,
    /// Children that are rewound themselves, and answer under the attempt number that they have.
    rewound: Vec<TaskId>,
    /// The turn that failed has been passed; its rewind must follow.
    turn_has_ended: bool,
}

impl Fold {
    /// After an execution's first two events.
    pub(super) fn begin(started: Box<ExecutionStarted>, at: Timestamp) -> Self {
        let events = ExternalEvents::after(started.earlier_events.as_deref().unwrap_or_default());
        Self {
            started,
            last: EventId::FIRST.next(),
            at,
            has_begun: false,
            is_suspended: false,
            rewinds: 0,
            end: None,
            tasks: Tasks::default(),
            events,
            held: Vec::new(),
            rewinding: None,
        }
    }

    /// Takes one event in. The problem is for people who look into a corrupt history.
    pub(super) fn apply(&mut self, event: &HistoryEvent) -> Result<(), String> {
        self.last = event.id;
        self.at = event.at;
        match event.kind.class() {
            EventClass::Frame => Ok(()),
            EventClass::Fact => self.apply_fact(event),
            EventClass::Decision => self.apply_decision(event),
        }
    }

    /// Takes in an external event that the execution before has left.
    pub(super) fn take_over(&mut self, event: &HistoryEvent) {
        self.last = event.id;
        if let EventKind::EventRaised { name, .. } = &event.kind {
            self.events.keep(name, event.id);
        }
    }

    fn apply_fact(&mut self, event: &HistoryEvent) -> Result<(), String> {
        if self.end.is_some() {
            return Err("the execution has ended".into());
        }
        match &event.kind {
            EventKind::ExecutionStarted(_) => return Err("an execution begins only once".into()),
            EventKind::ExecutionTerminated { .. } => self.end = Some(event.id),
            EventKind::ExecutionSuspended { .. } if self.is_suspended => return Err("suspended already".into()),
            EventKind::ExecutionSuspended { .. } => self.is_suspended = true,
            EventKind::ExecutionResumed { .. } if !self.is_suspended => return Err("not suspended".into()),
            EventKind::ExecutionResumed { .. } => self.is_suspended = false,
            EventKind::ExecutionRewound { .. } => {
                self.rewind(event.at)?;
                self.rewinds += 1;
            }
            EventKind::TaskAttemptFailed { task, attempt, retry_at, .. } => {
                self.tasks.attempt_failed(*task, Attempted::Activity, *attempt, *retry_at)?;
            }
            EventKind::SubOrchestrationAttemptFailed { task, attempt, retry_at, .. } => {
                self.tasks.attempt_failed(*task, Attempted::Child, *attempt, *retry_at)?;
            }
            EventKind::TaskCompleted { task, .. } | EventKind::TaskFailed { task, .. } => {
                self.settle(*task, event.id, |work| matches!(work, Work::Activity(_)))?;
            }
            EventKind::SubOrchestrationCompleted { task, .. } | EventKind::SubOrchestrationFailed { task, .. } => {
                self.settle(*task, event.id, |work| matches!(work, Work::Child(_)))?;
            }
            EventKind::TimerFired { task } => {
                self.settle(*task, event.id, |work| matches!(work, Work::Timer { .. }))?;
            }
            EventKind::EventRaised { name, key, .. } => self.events.raise(name, *key, event.id)?,
            other => unreachable!("{other:?} is no fact"),
        }
        Ok(())
    }

    fn settle(&mut self, task: TaskId, fact: EventId, fits: impl FnOnce(&Work) -> bool) -> Result<(), String> {
        self.tasks.expect(task, fits)?;
        self.tasks.close(task, fact)?;
        self.held.push(fact);
        Ok(())
    }

    fn apply_decision(&mut self, event: &HistoryEvent) -> Result<(), String> {
        if self.end.is_some() {
            return Err("the execution has ended".into());
        }
        let (task, work) = match &event.kind {
            EventKind::ExecutionCompleted { .. } | EventKind::ExecutionFailed { .. } => {
                self.end = Some(event.id);
                return Ok(());
            }
            EventKind::TaskCanceled { task } => return self.cancel(*task, event.id),
            EventKind::TaskScheduled { task, .. } => (*task, Work::Activity(self.first_attempt(*task, event))),
            EventKind::TimerCreated { task, fire_at } => (*task, Work::Timer { fire_at: *fire_at }),
            EventKind::SubOrchestrationCreated { task, detached: false, .. } => {
                (*task, Work::Child(self.first_attempt(*task, event)))
            }
            EventKind::SubOrchestrationCreated { task, detached: true, .. } | EventKind::EventSent { task, .. } => {
                (*task, Work::Unanswered)
            }
            EventKind::EventAwaited { task, name } => {
                let queue = self.events.queue(name);
                self.tasks.push(*task, event.id, 1, Work::Wait { queue, event: Delivered::Nothing })?;
                self.events.wait(queue, *task);
                return Ok(());
            }
            other => unreachable!("{other:?} is no decision"),
        };
        let first = self.tasks.numbers_of(task, &event.kind).first;
        self.tasks.push(task, event.id, first, work)
    }

    fn first_attempt(&self, task: TaskId, event: &HistoryEvent) -> Attempts {
        let attempts = Attempts::from(self.tasks.numbers_of(task, &event.kind), event.at);
        Attempts { voided_ending: self.tasks.voided_ending(task, &event.kind), ..attempts }
    }

    fn cancel(&mut self, task: TaskId, by: EventId) -> Result<(), String> {
        if self.has_event_to_give_back(task)
            && let Some((queue, event)) = self.tasks.give_back(task, by)
        {
            self.events.put_back(queue, event);
            return Ok(());
        }
        let closed = self.tasks.close(task, by)?;
        if let Work::Wait { queue, .. } = closed.work {
            self.events.cancel(queue, task);
        }
        Ok(())
    }

    /// Whether a cancel of that task means anything now: it is open, or it is a wait with an event that no code of the
    /// guest has taken.
    pub(super) fn can_be_canceled(&self, task: TaskId) -> bool {
        self.tasks.is_open(task) || self.has_event_to_give_back(task)
    }

    fn has_event_to_give_back(&self, task: TaskId) -> bool {
        self.started.engine_revision.gives_events_back() && self.tasks.has_event(task)
    }

    /// Whether a cancel of that task meant anything in the turn whose next decision was to be `at`. Asked afterwards, when
    /// that turn is part of the past.
    pub(super) fn could_be_canceled(&self, task: TaskId, at: EventId) -> bool {
        let Some(Task { closed, work, .. }) = self.tasks.get(task) else { return true };
        let was_open = closed.is_none_or(|closed| closed >= at);
        was_open
            || match work {
                Work::Wait { event, .. } if self.started.engine_revision.gives_events_back() => match event {
                    Delivered::Nothing => false,
                    Delivered::Told(_) => true,
                    Delivered::GivenBack(by) => *by >= at,
                },
                _ => false,
            }
    }

    /// Whether the guest has a turn at this point, now that all facts of the turn are in.
    ///
    /// Its first turn comes as soon as it may run; every later one needs something to tell. From a voided failure up to
    /// the rewind nothing is told: the guest decided nothing then, and without the failure it might have.
    pub(super) fn is_guest_due(&self, at: Timestamp) -> bool {
        if self.is_suspended || self.end.is_some() || self.rewinding.is_some() {
            return false;
        }
        if self.has_begun {
            !self.held.is_empty() || self.events.has_matches()
        } else {
            self.started.scheduled_start.is_none_or(|start| start <= at)
        }
    }

    /// Begins a turn of the guest: what it is told, in the order of the history.
    pub(super) fn deliver(&mut self, history: &[HistoryEvent]) -> Vec<Event> {
        self.has_begun = true;
        let mut due: Vec<(EventId, Option<TaskId>)> = self.held.drain(..).map(|fact| (fact, None)).collect();
        if self.events.has_matches() {
            for (fact, task) in self.events.take_matches() {
                self.tasks.deliver(task, fact, self.last).expect("only open waits are in a queue");
                due.push((fact, Some(task)));
            }
            due.sort_unstable_by_key(|(fact, _)| *fact);
        }
        due.into_iter().filter_map(|(fact, wait)| told(kind_of(history, fact)?, wait)).collect()
    }

    /// A voided failure: its task stays open, and the rewind begins its next attempt.
    pub(super) fn void_failure(&mut self, event: &HistoryEvent) -> Result<(), String> {
        let rewinding = self.rewinding.get_or_insert_default();
        match &event.kind {
            EventKind::TaskFailed { task, .. } => {
                self.tasks.expect(*task, |work| matches!(work, Work::Activity(_)))?;
                self.tasks.advance(*task, Attempted::Activity)?;
                rewinding.activities.push(*task);
            }
            EventKind::SubOrchestrationFailed { task, failure, ending } => {
                self.tasks.expect(*task, |work| matches!(work, Work::Child(_)))?;
                if starts_anew(&failure.kind) {
                    self.tasks.advance(*task, Attempted::Child)?;
                    rewinding.children.push(*task);
                } else {
                    self.tasks.void_ending(*task, *ending)?;
                    rewinding.rewound.push(*task);
                }
            }
            _ => {}
        }
        self.last = event.id;
        Ok(())
    }

    /// A fact of a turn that is void. What came from outside stays, and what came of decisions that stay, but for failures.
    pub(super) fn void_fact(&mut self, event: &HistoryEvent) -> Result<(), String> {
        self.last = event.id;
        match &event.kind {
            EventKind::ExecutionTerminated { .. } => return Err("what was terminated is not rewound".into()),
            EventKind::ExecutionRewound { .. } => self.rewinds += 1,
            EventKind::TaskFailed { task, .. } | EventKind::SubOrchestrationFailed { task, .. }
                if self.tasks.is_known(*task) =>
            {
                self.void_failure(event)?;
            }
            EventKind::TaskFailed { task, .. } => self.tasks.void_failed(*task),
            EventKind::SubOrchestrationFailed { task, failure, .. } if starts_anew(&failure.kind) => {
                self.tasks.void_failed(*task);
            }
            EventKind::SubOrchestrationFailed { task, ending, .. } => self.tasks.void_failed_child(*task, *ending),
            EventKind::TaskAttemptFailed { task, attempt, .. }
            | EventKind::SubOrchestrationAttemptFailed { task, attempt, .. }
                if !self.tasks.is_known(*task) =>
            {
                self.tasks.void_attempt_failed(*task, *attempt);
            }
            EventKind::TaskCompleted { task, .. }
            | EventKind::SubOrchestrationCompleted { task, .. }
            | EventKind::TimerFired { task }
                if !self.tasks.is_known(*task) => {}
            _ => self.apply_fact(event)?,
        }
        Ok(())
    }

    /// A decision of a turn that is void.
    pub(super) fn void_decision(&mut self, event: &HistoryEvent) {
        self.last = event.id;
        if let EventKind::TaskScheduled { task, .. }
        | EventKind::SubOrchestrationCreated { task, .. }
        | EventKind::EventSent { task, .. } = &event.kind
        {
            self.tasks.void_decision(*task, &event.kind);
        }
    }

    /// The children that failed, and how the rewind which must follow makes them run again.
    pub(super) fn failed_children(&self) -> Vec<(TaskId, Again)> {
        let Some(Rewinding { children, rewound, .. }) = &self.rewinding else { return Vec::new() };
        let started = children.iter().map(|task| (*task, Again::Started));
        started.chain(rewound.iter().map(|task| (*task, Again::Rewound))).collect()
    }

    /// The turn that failed is over; the guest does not remember it.
    pub(super) fn void_turn(&mut self) {
        self.rewinding.get_or_insert_default().turn_has_ended = true;
    }

    /// Whether the next event must be the rewind.
    pub(super) fn awaits_rewind(&self) -> bool {
        self.rewinding.as_ref().is_some_and(|rewinding| rewinding.turn_has_ended)
    }

    fn rewind(&mut self, at: Timestamp) -> Result<(), String> {
        if !self.awaits_rewind() {
            return Err("nothing failed that could be rewound".into());
        }
        let Rewinding { activities, children, rewound, turn_has_ended: _ } = self.rewinding.take().unwrap_or_default();
        let open = |task: &TaskId| self.tasks.is_open(*task);
        // What a rewind that is void itself has brought to success since then stays so.
        let activities: Vec<TaskId> = activities.into_iter().filter(open).collect();
        let children: Vec<TaskId> = children.into_iter().chain(rewound).filter(open).collect();
        for task in activities {
            self.tasks.reopen(task, Attempted::Activity, at)?;
        }
        for task in children {
            self.tasks.reopen(task, Attempted::Child, at)?;
        }
        Ok(())
    }
}

/// Whether a failed child is started anew by a rewind of its parent. One that was never started or was ended on purpose
/// cannot be rewound itself.
fn starts_anew(failure_kind: &str) -> bool {
    matches!(failure_kind, kind::INSTANCE_EXISTS | kind::TERMINATED)
}

/// The event at that position.
pub(super) fn kind_of(history: &[HistoryEvent], id: EventId) -> Option<&EventKind> {
    let index = usize::try_from(id.0.checked_sub(1)?).ok()?;
    history.get(index).map(|event| &event.kind)
}

/// A fact as the guest hears of it; `wait`: the task that took it, if it is an external event.
fn told(fact: &EventKind, wait: Option<TaskId>) -> Option<Event> {
    Some(match (fact, wait) {
        (EventKind::TaskCompleted { task, output }, None) => {
            Event::ActivityCompleted { task: *task, output: output.clone() }
        }
        (EventKind::TaskFailed { task, failure }, None) => {
            Event::ActivityFailed { task: *task, failure: failure.clone() }
        }
        (EventKind::SubOrchestrationCompleted { task, output }, None) => {
            Event::ChildCompleted { task: *task, output: output.clone() }
        }
        (EventKind::SubOrchestrationFailed { task, failure, ending: _ }, None) => {
            Event::ChildFailed { task: *task, failure: failure.clone() }
        }
        (EventKind::TimerFired { task }, None) => Event::TimerFired { task: *task },
        (EventKind::EventRaised { data, .. }, Some(task)) => Event::EventRaised { task, data: data.clone() },
        _ => return None,
    })
}
