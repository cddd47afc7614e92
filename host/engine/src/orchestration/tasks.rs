//! What a guest scheduled, and what of it is open.
//!
//! Names, inputs and policies are not kept here: a task knows which event created it.

use std::collections::BTreeSet;

use crate::{EventId, TaskId, Timestamp};

/// Every task of an execution, by its dense id, with the sets that a work item asks for.
#[derive(Debug, Default)]
pub(super) struct Tasks {
    all: Vec<Task>,
    /// Open timers by when they are due.
    timers: BTreeSet<(Timestamp, TaskId)>,
    /// Open activities and children whose next attempt waits for its time.
    retries: BTreeSet<(Timestamp, TaskId)>,
    /// Activities with an attempt that may begin and was not handed out by this value yet.
    ready: BTreeSet<TaskId>,
    /// Open activities with an attempt that runs or may begin.
    busy_activities: usize,
}

/// One scheduled thing.
#[derive(Debug)]
pub(super) struct Task {
    /// The event that recorded it; the one place where its parameters are.
    pub(super) created: EventId,
    /// The last event before the guest could know that it is settled or canceled; none while it is open.
    pub(super) closed: Option<EventId>,
    pub(super) work: Work,
}

#[derive(Debug)]
pub(super) enum Work {
    Activity(Attempts),
    Child(Attempts),
    Timer {
        fire_at: Timestamp,
    },
    /// Waits in this queue of external events.
    Wait {
        queue: usize,
    },
    /// Nothing ever comes back: a detached child, an event that was sent.
    Unanswered,
}

impl Work {
    fn noun(&self) -> &'static str {
        match self {
            Self::Activity(_) => "an activity",
            Self::Child(_) => "a child",
            Self::Timer { .. } => "a timer",
            Self::Wait { .. } => "a wait for an event",
            Self::Unanswered => "a task without an answer",
        }
    }
}

/// Where an activity or a child is in its attempts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attempts {
    /// The attempt whose result counts, from 1. Never goes back.
    pub(super) current: u32,
    /// Attempts before its retry policy began to count; not 0 only after a rewind.
    pub(super) uncounted: u32,
    /// When its retry policy began to count.
    pub(super) since: Timestamp,
    pub(super) phase: Phase,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// May begin.
    Ready,
    /// Was handed out by this value.
    Running,
    /// Begins at that time.
    Waiting(Timestamp),
}

impl Attempts {
    pub(super) fn first(at: Timestamp) -> Self {
        Self { current: 1, uncounted: 0, since: at, phase: Phase::Ready }
    }
}

/// Which of the two kinds of work that come in attempts is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attempted {
    Activity,
    Child,
}

impl Tasks {
    /// The id that the next scheduled thing must carry.
    pub(super) fn next_id(&self) -> TaskId {
        TaskId(u32::try_from(self.all.len()).unwrap_or(u32::MAX))
    }

    pub(super) fn get(&self, task: TaskId) -> Option<&Task> {
        self.all.get(task.0 as usize)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (TaskId, &Task)> {
        (0..).map(TaskId).zip(&self.all)
    }

    pub(super) fn is_open(&self, task: TaskId) -> bool {
        self.get(task).is_some_and(|task| task.closed.is_none())
    }

    /// Whether its next attempt waits for its time.
    pub(super) fn is_waiting(&self, task: TaskId) -> bool {
        match self.get(task).map(|task| &task.work) {
            Some(Work::Activity(attempts) | Work::Child(attempts)) => matches!(attempts.phase, Phase::Waiting(_)),
            _ => false,
        }
    }

    /// The attempts of an open activity or child.
    pub(super) fn attempts(&self, task: TaskId, of: Attempted) -> Option<&Attempts> {
        match (self.get(task)?, of) {
            (Task { closed: None, work: Work::Activity(attempts), .. }, Attempted::Activity)
            | (Task { closed: None, work: Work::Child(attempts), .. }, Attempted::Child) => Some(attempts),
            _ => None,
        }
    }

    pub(super) fn push(&mut self, id: TaskId, created: EventId, work: Work) -> Result<(), String> {
        if id != self.next_id() {
            return Err(format!("task {id} where {} is next", self.next_id()));
        }
        let closed = matches!(work, Work::Unanswered).then_some(created);
        match &work {
            Work::Activity(_) => {
                self.ready.insert(id);
                self.busy_activities += 1;
            }
            Work::Timer { fire_at } => {
                self.timers.insert((*fire_at, id));
            }
            Work::Child(_) | Work::Wait { .. } | Work::Unanswered => {}
        }
        self.all.push(Task { created, closed, work });
        Ok(())
    }

    /// Closes an open task, whatever it is; `known_at` is the last event before the guest may know of it.
    pub(super) fn close(&mut self, id: TaskId, known_at: EventId) -> Result<&Task, String> {
        let Some(task) = self.all.get_mut(id.0 as usize) else { return Err(format!("task {id} was never scheduled")) };
        if task.closed.is_some() {
            return Err(format!("task {id} is closed already"));
        }
        task.closed = Some(known_at);
        match &task.work {
            Work::Activity(attempts) => {
                self.ready.remove(&id);
                match attempts.phase {
                    Phase::Waiting(at) => drop(self.retries.remove(&(at, id))),
                    Phase::Ready | Phase::Running => self.busy_activities -= 1,
                }
            }
            Work::Child(attempts) => {
                if let Phase::Waiting(at) = attempts.phase {
                    self.retries.remove(&(at, id));
                }
            }
            Work::Timer { fire_at } => drop(self.timers.remove(&(*fire_at, id))),
            Work::Wait { .. } | Work::Unanswered => {}
        }
        Ok(task)
    }

    /// An open activity's or child's attempt failed and the next one waits.
    pub(super) fn attempt_failed(
        &mut self,
        id: TaskId,
        of: Attempted,
        attempt: u32,
        retry_at: Timestamp,
    ) -> Result<(), String> {
        let attempts = self.attempts_mut(id, of)?;
        if attempts.current != attempt {
            return Err(format!("attempt {attempt} of task {id} where {} is current", attempts.current));
        }
        let Some(next) = attempt.checked_add(1) else { return Err(format!("task {id} has no next attempt")) };
        let before = std::mem::replace(&mut attempts.phase, Phase::Waiting(retry_at));
        attempts.current = next;
        match before {
            Phase::Waiting(at) => drop(self.retries.remove(&(at, id))),
            Phase::Ready | Phase::Running if of == Attempted::Activity => {
                self.ready.remove(&id);
                self.busy_activities -= 1;
            }
            Phase::Ready | Phase::Running => {}
        }
        self.retries.insert((retry_at, id));
        Ok(())
    }

    /// A rewind runs an open task again, with its retry policy counted anew. `advance`: under the next attempt number.
    pub(super) fn reopen(&mut self, id: TaskId, of: Attempted, at: Timestamp, advance: bool) -> Result<(), String> {
        self.begin_retry(id, Phase::Ready);
        let attempts = self.attempts_mut(id, of)?;
        if advance {
            let Some(next) = attempts.current.checked_add(1) else {
                return Err(format!("task {id} has no next attempt"));
            };
            attempts.current = next;
        }
        attempts.uncounted = attempts.current - 1;
        attempts.since = at;
        Ok(())
    }

    /// The attempt that waited for its time may begin now.
    pub(super) fn begin_retry(&mut self, id: TaskId, phase: Phase) {
        let Some(Task { closed: None, work, .. }) = self.all.get_mut(id.0 as usize) else { return };
        let (attempts, is_activity) = match work {
            Work::Activity(attempts) => (attempts, true),
            Work::Child(attempts) => (attempts, false),
            Work::Timer { .. } | Work::Wait { .. } | Work::Unanswered => return,
        };
        let before = std::mem::replace(&mut attempts.phase, phase);
        if let Phase::Waiting(at) = before {
            self.retries.remove(&(at, id));
            self.busy_activities += usize::from(is_activity);
        }
        if is_activity {
            self.ready.insert(id);
        }
    }

    /// Every attempt that may begin, as of now handed out.
    pub(super) fn take_ready(&mut self) -> BTreeSet<TaskId> {
        let ready = std::mem::take(&mut self.ready);
        for id in &ready {
            if let Some(Task { work: Work::Activity(attempts), .. }) = self.all.get_mut(id.0 as usize) {
                attempts.phase = Phase::Running;
            }
        }
        ready
    }

    pub(super) fn first_timer(&self) -> Option<(Timestamp, TaskId)> {
        self.timers.first().copied()
    }

    pub(super) fn first_retry(&self) -> Option<(Timestamp, TaskId)> {
        self.retries.first().copied()
    }

    pub(super) fn has_busy_activities(&self) -> bool {
        self.busy_activities > 0
    }

    fn attempts_mut(&mut self, id: TaskId, of: Attempted) -> Result<&mut Attempts, String> {
        match (self.all.get_mut(id.0 as usize), of) {
            (None, _) => Err(format!("task {id} was never scheduled")),
            (Some(Task { closed: Some(_), .. }), _) => Err(format!("task {id} is closed already")),
            (Some(Task { work: Work::Activity(attempts), .. }), Attempted::Activity)
            | (Some(Task { work: Work::Child(attempts), .. }), Attempted::Child) => Ok(attempts),
            (Some(task), _) => Err(format!("task {id} is {}", task.work.noun())),
        }
    }

    /// Says so when an open task is not of the kind that a fact takes it for.
    pub(super) fn expect(&self, id: TaskId, fits: impl FnOnce(&Work) -> bool) -> Result<(), String> {
        match self.get(id) {
            None => Err(format!("task {id} was never scheduled")),
            Some(task) if task.closed.is_some() => Err(format!("task {id} is closed already")),
            Some(task) if !fits(&task.work) => Err(format!("task {id} is {}", task.work.noun())),
            Some(_) => Ok(()),
        }
    }
}
