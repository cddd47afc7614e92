//! What a work item led to: plain data for somebody else to carry out.

use crate::{
    EventId, ExecutionId, ExecutionStarted, Failure, HistoryEvent, InstanceId, InstanceState, LogLevel, Message,
    Parent, Payload, TaskId, Timestamp, TraceContext, kind,
};

/// What one work item decided.
///
/// `history` and `state` must be durable before anything of `outbox` or `activities` leaves.
#[derive(Debug, Clone, PartialEq)]
pub struct TurnOutcome {
    /// What to do to the stored history.
    pub history: HistoryChange,
    /// The instance row.
    pub state: InstanceState,
    /// Whether a reader of the row could see a difference other than `updated_at`.
    pub state_changed: bool,
    /// When the instance needs a work item even if nothing is sent to it: a timer, a retry, a scheduled start.
    pub wake_at: Option<Timestamp>,
    /// Whether activities are running or about to: after a crash the instance must be loaded without being asked.
    pub has_open_activities: bool,
    /// Messages to other instances, or to this one.
    pub outbox: Vec<OutboxMessage>,
    /// Activity attempts that may begin now. After a load these are all that are open.
    pub activities: Vec<ActivityTask>,
    /// Activities whose running attempts may be interrupted. They belong to the execution that was current before this
    /// work item; where `history` replaces it, `activities` are another execution's and may bear the same numbers.
    pub canceled: Vec<TaskId>,
    /// What the guest logged.
    pub logs: Vec<LogLine>,
    /// External events that stand in `history` only because continue-as-new took them over, when the execution that did
    /// so has not run yet; otherwise 0. If that one continues as new as well, all of them are written once more: whoever
    /// commits may run the instance again first and commit [both outcomes together](Self::followed_by).
    pub carried_over: usize,
    /// Executions that others took the place of in this work item, oldest first. Nothing of them is stored once
    /// `history` is; they are here for whoever tells of what ran. What the next one took over is left out.
    pub replaced: Vec<Replaced>,
}

impl TurnOutcome {
    /// This outcome, of which nothing was committed, and the one of the next work item as a single one.
    ///
    /// Only after one with events [carried over](Self::carried_over): its execution has decided nothing yet, so that there
    /// is no activity of it that could have begun, or that `next` could cancel.
    #[must_use]
    pub fn followed_by(self, next: Self) -> Self {
        let history = match (self.history, next.history) {
            (before, HistoryChange::None) => before,
            (_, replace @ HistoryChange::Replace { .. }) | (HistoryChange::None, replace) => replace,
            (HistoryChange::Append { mut events }, HistoryChange::Append { events: more }) => {
                events.extend(more);
                HistoryChange::Append { events }
            }
            (HistoryChange::Replace { mut events }, HistoryChange::Append { events: more }) => {
                events.extend(more);
                HistoryChange::Replace { events }
            }
        };
        let never_stored = |replaced: Replaced| Replaced { stored: 0, ..replaced };
        Self {
            history,
            state: next.state,
            state_changed: self.state_changed | next.state_changed,
            wake_at: next.wake_at,
            has_open_activities: next.has_open_activities,
            outbox: join(self.outbox, next.outbox),
            activities: join(self.activities, next.activities),
            canceled: join(self.canceled, next.canceled),
            logs: join(self.logs, next.logs),
            carried_over: next.carried_over,
            replaced: join(self.replaced, next.replaced.into_iter().map(never_stored)),
        }
    }
}

fn join<T>(mut first: Vec<T>, then: impl IntoIterator<Item = T>) -> Vec<T> {
    first.extend(then);
    first
}

/// The history of an execution that another one took the place of.
#[derive(Debug, Clone, PartialEq)]
pub struct Replaced {
    /// Its events, but for those that the next execution took over.
    pub events: Vec<HistoryEvent>,
    /// How many of them had been stored before this work item.
    pub stored: usize,
}

/// What to do to the stored history of an instance.
#[derive(Debug, Clone, PartialEq)]
pub enum HistoryChange {
    /// Nothing.
    None,
    /// Append. `events` is not empty and continues the stored history by one.
    Append {
        /// The new events.
        events: Vec<HistoryEvent>,
    },
    /// A new execution: drop what is stored and keep these instead.
    Replace {
        /// The new execution's events so far.
        events: Vec<HistoryEvent>,
    },
}

impl HistoryChange {
    /// The new events.
    pub fn events(&self) -> &[HistoryEvent] {
        match self {
            Self::None => &[],
            Self::Append { events } | Self::Replace { events } => events,
        }
    }

    /// The position of the last new event.
    pub fn last_id(&self) -> Option<EventId> {
        self.events().last().map(|event| event.id)
    }
}

/// A message on its way to an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxMessage {
    /// To whom.
    pub to: InstanceId,
    /// What.
    pub message: Message,
}

impl OutboxMessage {
    /// What the parent is told whose child cannot start because the id is another execution's; nothing if nobody waits.
    pub fn instance_exists(instance_id: &InstanceId, start: &ExecutionStarted) -> Option<Self> {
        let parent = start.parent.as_ref()?;
        let text = format!("the instance {instance_id} exists and has not ended");
        let message = Message::ChildFailed {
            execution_id: parent.execution_id,
            task: parent.task,
            attempt: parent.attempt,
            failure: Failure::new(kind::INSTANCE_EXISTS, text).non_retriable(),
            ending: None,
        };
        Some(Self { to: parent.instance_id.clone(), message })
    }

    /// What the parent is told that asks a child which is not there any more: its instance was purged, or is another's.
    pub fn instance_gone(instance_id: &InstanceId, parent: &Parent) -> Self {
        let text = format!("the child {instance_id} is gone: its instance was purged, or another execution has its id");
        let message = Message::ChildFailed {
            execution_id: parent.execution_id,
            task: parent.task,
            attempt: parent.attempt,
            failure: Failure::new(kind::INSTANCE_GONE, text).non_retriable(),
            ending: Some(Message::GONE),
        };
        Self { to: parent.instance_id.clone(), message }
    }

    /// The answer to a message that found nobody, or not whom it was for; none if nobody waits for one.
    pub fn answer_for_gone(instance_id: &InstanceId, message: &Message) -> Option<Self> {
        match message {
            Message::Rewind { asker: Some(asker), .. } => Some(Self::instance_gone(instance_id, &asker.parent)),
            _ => None,
        }
    }
}

/// One attempt of an activity that may begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActivityTask {
    /// Who waits for it.
    pub instance_id: InstanceId,
    /// Which execution of it.
    pub execution_id: ExecutionId,
    /// Its number there.
    pub task: TaskId,
    /// Which attempt, from 1.
    pub attempt: u32,
    /// The activity's name.
    pub name: String,
    /// Its input.
    pub input: Option<Payload>,
    /// The span of the execution that scheduled it; none in what a host that knew of no spans has passed on.
    pub trace_context: Option<TraceContext>,
}

/// A line that a guest logged in a turn that was not a replay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// How much it matters.
    pub level: LogLevel,
    /// The text.
    pub message: String,
}
