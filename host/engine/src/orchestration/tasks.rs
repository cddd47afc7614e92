//! What a guest scheduled, and what of it is open.
//!
//! Names, inputs and policies are not kept here: a task knows which event created it.

use std::collections::{BTreeMap, BTreeSet};

use crate::{EventId, EventKind, TaskId, Timestamp};

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
    /// What was scheduled under ids that a rewind has made free again.
    voided: BTreeMap<TaskId, VoidedTask>,
}

/// The last thing that was scheduled under an id and counts as never having been.
///
/// What is scheduled under that id afterwards counts its attempts on, so that a late result, a repeated start or a repeated
/// event of the one is not taken for one of the other.
#[derive(Debug)]
struct VoidedTask {
    numbers: Numbers,
    /// The decision. The same decision again means the same child or event, not another: what is there already is found.
    /// None if it must be another.
    created: Option<EventKind>,
    /// How a child comes to run if the same decision is made again.
    again: Again,
    /// Of a child: see [`Attempts::voided_ending`].
    ending: Option<u64>,
}

/// One scheduled thing.
#[derive(Debug)]
pub(super) struct Task {
    /// The event that recorded it; the one place where its parameters are.
    pub(super) created: EventId,
    /// See [`Numbers::first`].
    pub(super) first: u32,
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
        event: Delivered,
    },
    /// Nothing ever comes back: a detached child, an event that was sent.
    Unanswered,
}

/// Which event a wait has led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Delivered {
    /// None so far.
    Nothing,
    /// The guest was told of this one.
    Told(EventId),
    /// The guest gave it back, which this event records.
    GivenBack(EventId),
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

/// Which attempts of a task id belong to what was scheduled under it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Numbers {
    /// The first: 1, unless a rewind has declared void what had been scheduled under that id. Ids are derived from it.
    pub(super) first: u32,
    /// The last so far.
    pub(super) last: u32,
}

impl Numbers {
    pub(super) const ONE: Self = Self { first: 1, last: 1 };
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
    /// Of a child: the ending of this attempt that a rewind has declared void.
    pub(super) voided_ending: Option<u64>,
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

/// How a child comes to run that may have been there before a rewind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Again {
    /// It is started: its current attempt is a new one.
    Started,
    /// It is there, and asked how it ended if it has.
    Asked,
    /// It is there and has failed: it is rewound itself.
    Rewound,
}

impl Attempts {
    pub(super) fn from(numbers: Numbers, at: Timestamp) -> Self {
        let current = numbers.last;
        let uncounted = current.saturating_sub(1);
        Self { current, uncounted, since: at, phase: Phase::Ready, voided_ending: None }
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

    /// `first`: the number of its first attempt; see [`numbers_of`](Self::numbers_of).
    pub(super) fn push(&mut self, id: TaskId, created: EventId, first: u32, work: Work) -> Result<(), String> {
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
        self.all.push(Task { created, first, closed, work });
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

    /// Closes a wait with the event that its guest is about to be told of.
    pub(super) fn deliver(&mut self, id: TaskId, told: EventId, known_at: EventId) -> Result<(), String> {
        self.close(id, known_at)?;
        if let Some(Task { work: Work::Wait { event, .. }, .. }) = self.all.get_mut(id.0 as usize) {
            *event = Delivered::Told(told);
        }
        Ok(())
    }

    /// Whether the guest was told of an event that it has not given back.
    pub(super) fn has_event(&self, id: TaskId) -> bool {
        matches!(self.get(id), Some(Task { work: Work::Wait { event: Delivered::Told(_), .. }, .. }))
    }

    /// Takes the event back that a wait was closed with; answers with its queue and itself. `by` records it.
    pub(super) fn give_back(&mut self, id: TaskId, by: EventId) -> Option<(usize, EventId)> {
        let task = self.all.get_mut(id.0 as usize)?;
        let Work::Wait { queue, event } = &mut task.work else { return None };
        let Delivered::Told(told) = *event else { return None };
        *event = Delivered::GivenBack(by);
        Some((*queue, told))
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
        attempts.voided_ending = None;
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

    /// The current attempt of an open task has failed for good, but that is void: its next one is current.
    pub(super) fn advance(&mut self, id: TaskId, of: Attempted) -> Result<(), String> {
        let attempts = self.attempts_mut(id, of)?;
        attempts.current = attempts.current.checked_add(1).ok_or_else(|| format!("task {id} has no next attempt"))?;
        attempts.voided_ending = None;
        Ok(())
    }

    /// The current attempt of an open child has failed for good, but that is void: it is rewound itself.
    pub(super) fn void_ending(&mut self, id: TaskId, ending: Option<u64>) -> Result<(), String> {
        let attempts = self.attempts_mut(id, Attempted::Child)?;
        attempts.voided_ending = attempts.voided_ending.max(ending);
        Ok(())
    }

    /// The numbers that what is decided has, or had when it was.
    pub(super) fn numbers_of(&self, id: TaskId, decision: &EventKind) -> Numbers {
        match self.voided.get(&id) {
            None => Numbers::ONE,
            Some(voided) if voided.created.as_ref() == Some(decision) => voided.numbers,
            Some(voided) => {
                let next = voided.numbers.last.saturating_add(1);
                Numbers { first: next, last: next }
            }
        }
    }

    /// The numbers of what was scheduled under that id before, if a rewind has declared it void.
    pub(super) fn voided_numbers(&self, id: TaskId) -> Option<Numbers> {
        self.voided.get(&id).map(|voided| voided.numbers)
    }

    /// How a child that has just been scheduled comes to run: it may be one that was there before, in turns that are void.
    pub(super) fn child_again(&self, id: TaskId) -> Again {
        match (self.get(id), self.voided.get(&id)) {
            // Nothing comes back of a detached one, so there is nothing to ask for.
            (Some(Task { work: Work::Child(_), first, .. }), Some(before)) if before.numbers.first == *first => {
                before.again
            }
            _ => Again::Started,
        }
    }

    /// Which of its endings a child that is scheduled again has had in turns that are void.
    pub(super) fn voided_ending(&self, id: TaskId, decision: &EventKind) -> Option<u64> {
        self.voided.get(&id).filter(|before| before.created.as_ref() == Some(decision))?.ending
    }

    /// A decision that is void: nothing is scheduled, but its number is used up.
    pub(super) fn void_decision(&mut self, id: TaskId, decision: &EventKind) {
        let numbers = self.numbers_of(id, decision);
        let is_found_again =
            matches!(decision, EventKind::SubOrchestrationCreated { .. } | EventKind::EventSent { .. });
        let created = is_found_again.then(|| decision.clone());
        // Found again, it stays what it was.
        let ending = self.voided_ending(id, decision);
        self.voided.insert(id, VoidedTask { numbers, created, again: Again::Asked, ending });
    }

    /// The decisions about children that are void and were not made again, with the last attempt of each.
    pub(super) fn voided_children(&self) -> impl Iterator<Item = (TaskId, u32, &EventKind)> {
        self.voided.iter().filter_map(|(&id, VoidedTask { numbers, created, .. })| {
            let is_again = self.get(id).is_some_and(|task| task.first == numbers.first);
            let created = created.as_ref().filter(|_| !is_again)?;
            matches!(created, EventKind::SubOrchestrationCreated { detached: false, .. }).then_some((
                id,
                numbers.last,
                created,
            ))
        })
    }

    /// Whether something was scheduled under that id that counts.
    pub(super) fn is_known(&self, id: TaskId) -> bool {
        id < self.next_id()
    }

    /// An attempt of a task that is void failed, and another was to follow.
    pub(super) fn void_attempt_failed(&mut self, id: TaskId, attempt: u32) {
        if let Some(voided) = self.voided.get_mut(&id) {
            voided.numbers.last = voided.numbers.last.max(attempt.saturating_add(1));
            voided.again = Again::Started;
            voided.ending = None;
        }
    }

    /// A task that is void failed for good: if it is scheduled again, then as another.
    pub(super) fn void_failed(&mut self, id: TaskId) {
        let Some(voided) = self.voided.get_mut(&id) else { return };
        voided.numbers.last = voided.numbers.last.saturating_add(1);
        voided.created = None;
        voided.ending = None;
    }

    /// The same for a child that is rewound itself if it is scheduled again.
    pub(super) fn void_failed_child(&mut self, id: TaskId, ending: Option<u64>) {
        let Some(voided) = self.voided.get_mut(&id) else { return };
        voided.again = Again::Rewound;
        voided.ending = voided.ending.max(ending);
    }

    /// A rewind runs an open task again, with its retry policy counted anew.
    pub(super) fn reopen(&mut self, id: TaskId, of: Attempted, at: Timestamp) -> Result<(), String> {
        self.begin_retry(id, Phase::Ready);
        let attempts = self.attempts_mut(id, of)?;
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
