//! Values that cases are made of.

use std::collections::BTreeMap;

use engine::{
    Asker, EventId, EventKey, EventKind, ExecutionId, ExecutionStarted, HistoryChange, HistoryEvent, InstanceId,
    InstanceState, Message, OutboxMessage, Parent, Payload, RuntimeStatus, TaskId, Timestamp,
};
use store::{Envelope, Snapshot, Token, TurnCommit};

/// An instance id.
pub fn id(text: &str) -> InstanceId {
    InstanceId::new(text).unwrap()
}

/// A time.
pub fn timestamp(ms: u64) -> Timestamp {
    Timestamp::from_millis(ms)
}

/// An execution that is unlike those of other numbers.
pub fn execution(number: u8) -> ExecutionId {
    ExecutionId::from_bytes([number; 16])
}

/// The start of an execution, created at `created_at`.
pub fn start(execution_id: ExecutionId, created_at: Timestamp) -> ExecutionStarted {
    ExecutionStarted {
        version: Some("1".to_owned()),
        input: Some(Payload::from("{\"n\":1}")),
        tags: BTreeMap::from([("team".to_owned(), "blue".to_owned())]),
        ..ExecutionStarted::new(execution_id, "Order", created_at)
    }
}

/// The start of a child of the instance `a` in execution 1. A detached child has no parent: that is [`start`].
pub fn child_start(execution_id: ExecutionId, created_at: Timestamp) -> ExecutionStarted {
    ExecutionStarted { parent: Some(parent()), ..start(execution_id, created_at) }
}

/// The instance `a` in execution 1, as it waits for a child.
pub fn parent() -> Parent {
    Parent { instance_id: id("a"), execution_id: execution(1), name: "Order".to_owned(), task: TaskId(2), attempt: 1 }
}

/// An external event for execution 1, its data being its number.
pub fn raised(number: u32) -> Message {
    let mut key = [0; 16];
    key[..4].copy_from_slice(&number.to_be_bytes());
    Message::RaiseEvent {
        name: "go".to_owned(),
        data: Some(Payload::from(number.to_string())),
        key: EventKey::from_bytes(key),
        execution_id: Some(execution(1)),
    }
}

/// What the instance `a` in execution 1 sends to the child of its task 2 when it is rewound.
pub fn rewound_by_parent() -> Message {
    let parent = parent();
    let execution_id = Some(parent.first_of_child());
    let asker = Some(Box::new(Asker { parent, only_asks: false }));
    Message::Rewind { reason: None, execution_id, asker, to_event: None }
}

/// An event at a position; its kind depends on the position.
pub fn event(position: u64, at: Timestamp) -> HistoryEvent {
    let task = TaskId(u32::try_from(position).unwrap());
    let kind = match position % 3 {
        0 => EventKind::OrchestratorStarted,
        1 => EventKind::TaskScheduled { task, name: "Pay".to_owned(), input: Some(Payload::from("7")), retry: None },
        _ => EventKind::TaskCompleted { task, output: Some(Payload::from("8")) },
    };
    HistoryEvent { id: EventId(position), at, kind }
}

/// A turn on top of what was loaded. As it is, it changes nothing but the time of the last turn.
#[derive(Debug, Clone)]
pub struct Turn(pub TurnCommit);

impl Turn {
    /// On top of a snapshot, at `now`.
    pub fn on(snapshot: &Snapshot, now: Timestamp) -> Self {
        let state = InstanceState { updated_at: now, ..snapshot.row.state.clone() };
        Self(TurnCommit {
            instance_id: state.instance_id.clone(),
            token: snapshot.token.clone(),
            history: HistoryChange::None,
            state,
            state_changed: false,
            wake_at: None,
            has_open_activities: false,
            outbox: Vec::new(),
            consumed: Vec::new(),
        })
    }

    /// Under another token.
    #[must_use]
    pub fn under(mut self, token: &Token) -> Self {
        self.0.token = token.clone();
        self
    }

    /// Appends events at the positions from `first` to `last`.
    #[must_use]
    pub fn append(mut self, first: u64, last: u64) -> Self {
        let at = self.0.state.updated_at;
        self.0.history = HistoryChange::Append { events: (first..=last).map(|position| event(position, at)).collect() };
        self
    }

    /// Begins a new history, up to position `last`.
    #[must_use]
    pub fn replace(mut self, last: u64) -> Self {
        let at = self.0.state.updated_at;
        self.0.history = HistoryChange::Replace { events: (1..=last).map(|position| event(position, at)).collect() };
        self
    }

    /// Changes the row.
    #[must_use]
    pub fn state(mut self, change: impl FnOnce(&mut InstanceState)) -> Self {
        change(&mut self.0.state);
        self.0.state_changed = true;
        self
    }

    /// Changes the row's status, and what goes with it.
    #[must_use]
    pub fn status(self, status: RuntimeStatus) -> Self {
        let now = self.0.state.updated_at;
        self.state(|state| {
            state.status = status;
            state.completed_at = status.is_terminal().then_some(now);
            state.output = status.is_terminal().then(|| Payload::from("done"));
        })
    }

    /// Sends a message.
    #[must_use]
    pub fn send(mut self, to: &str, message: Message) -> Self {
        self.0.outbox.push(OutboxMessage { to: id(to), message });
        self
    }

    /// Consumes what was handed out.
    #[must_use]
    pub fn consume(mut self, messages: &[Envelope]) -> Self {
        self.0.consumed.extend(messages.iter().map(|envelope| envelope.id));
        self
    }

    /// Asks to be woken.
    #[must_use]
    pub fn wake_at(mut self, at: Timestamp) -> Self {
        self.0.wake_at = Some(at);
        self
    }

    /// Has activities running.
    #[must_use]
    pub fn open_activities(mut self) -> Self {
        self.0.has_open_activities = true;
        self
    }
}
