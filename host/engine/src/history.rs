//! The history: ordered facts, past tense, never changed once recorded.
//!
//! Persisted. Variant and field numbers are the format: never change or reuse one; add new ones at the end.

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};

use crate::{
    Digest, EngineRevision, EventId, EventKey, ExecutionId, Failure, InstanceId, Parent, Payload, RetryPolicy, TaskId,
    Timestamp,
};

/// One fact and when it was taken note of.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryEvent {
    /// Its position; dense from 1 within the execution.
    pub id: EventId,
    /// When; within a turn, the turn's `now`.
    pub at: Timestamp,
    /// What.
    pub kind: EventKind,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
#[non_exhaustive]
pub enum EventKind {
    /// A turn begins; its events follow, up to `OrchestratorCompleted`.
    #[n(0)]
    OrchestratorStarted,
    /// The turn ends.
    #[n(1)]
    OrchestratorCompleted,
    /// The execution begins. Exactly one, in the first turn.
    #[n(2)]
    ExecutionStarted(#[n(0)] Box<ExecutionStarted>),
    /// The orchestration returned.
    #[n(3)]
    ExecutionCompleted {
        /// Its result.
        #[n(0)]
        output: Option<Payload>,
    },
    /// The orchestration failed, or its guest did.
    #[n(4)]
    ExecutionFailed {
        /// Why.
        #[n(0)]
        failure: Failure,
    },
    /// A client or a parent ended it.
    #[n(5)]
    ExecutionTerminated {
        /// Their words.
        #[n(0)]
        reason: Option<Payload>,
        /// Whether open children were terminated too.
        #[n(1)]
        recurse: bool,
    },
    /// From here on nothing is delivered to the guest.
    #[n(6)]
    ExecutionSuspended {
        /// The client's words.
        #[n(0)]
        reason: Option<Payload>,
    },
    /// Delivery goes on, with what was held back.
    #[n(7)]
    ExecutionResumed {
        /// The client's words.
        #[n(0)]
        reason: Option<Payload>,
    },
    /// A failed execution was reopened.
    #[n(8)]
    ExecutionRewound {
        /// The client's words.
        #[n(0)]
        reason: Option<Payload>,
        /// Earlier events that count as never having happened; in histories of engine revision 0.
        #[n(1)]
        voided: Vec<EventId>,
        /// The first event of the turn from which on all turns up to this one count as never having happened: what the
        /// guest decided in them, and what came of it. What came from outside, or of earlier decisions, stays.
        #[n(2)]
        from: Option<EventId>,
    },
    /// An activity was scheduled.
    #[n(9)]
    TaskScheduled {
        /// Its number.
        #[n(0)]
        task: TaskId,
        /// The activity's name.
        #[n(1)]
        name: String,
        /// Its input.
        #[n(2)]
        input: Option<Payload>,
        /// How the host retries it.
        #[n(3)]
        retry: Option<RetryPolicy>,
    },
    /// An attempt failed and another will follow.
    #[n(10)]
    TaskAttemptFailed {
        /// Which task.
        #[n(0)]
        task: TaskId,
        /// Which attempt, from 1.
        #[n(1)]
        attempt: u32,
        /// Why.
        #[n(2)]
        failure: Failure,
        /// When the next attempt may begin.
        #[n(3)]
        retry_at: Timestamp,
    },
    /// The activity returned.
    #[n(11)]
    TaskCompleted {
        /// Which task.
        #[n(0)]
        task: TaskId,
        /// Its result.
        #[n(1)]
        output: Option<Payload>,
    },
    /// The activity failed for good.
    #[n(12)]
    TaskFailed {
        /// Which task.
        #[n(0)]
        task: TaskId,
        /// Why, by its last attempt.
        #[n(1)]
        failure: Failure,
    },
    /// The guest lost interest in a task of any kind.
    #[n(13)]
    TaskCanceled {
        /// Which task.
        #[n(0)]
        task: TaskId,
    },
    /// A durable timer was set.
    #[n(14)]
    TimerCreated {
        /// Its number.
        #[n(0)]
        task: TaskId,
        /// When it is due.
        #[n(1)]
        fire_at: Timestamp,
    },
    /// It was due.
    #[n(15)]
    TimerFired {
        /// Which task.
        #[n(0)]
        task: TaskId,
    },
    /// A child was started.
    #[n(16)]
    SubOrchestrationCreated {
        /// Its number.
        #[n(0)]
        task: TaskId,
        /// The orchestration's name.
        #[n(1)]
        name: String,
        /// The child's instance, given or derived.
        #[n(2)]
        instance_id: InstanceId,
        /// The version asked for.
        #[n(3)]
        version: Option<String>,
        /// Its input.
        #[n(4)]
        input: Option<Payload>,
        /// Its tags.
        #[n(5)]
        tags: BTreeMap<String, String>,
        /// How the host retries it.
        #[n(6)]
        retry: Option<RetryPolicy>,
        /// Fire and forget.
        #[n(7)]
        detached: bool,
    },
    /// An attempt of a child failed and another will follow.
    #[n(17)]
    SubOrchestrationAttemptFailed {
        /// Which task.
        #[n(0)]
        task: TaskId,
        /// Which attempt, from 1.
        #[n(1)]
        attempt: u32,
        /// Why.
        #[n(2)]
        failure: Failure,
        /// When the next attempt may begin.
        #[n(3)]
        retry_at: Timestamp,
    },
    /// The child returned.
    #[n(18)]
    SubOrchestrationCompleted {
        /// Which task.
        #[n(0)]
        task: TaskId,
        /// Its result.
        #[n(1)]
        output: Option<Payload>,
    },
    /// The child failed for good.
    #[n(19)]
    SubOrchestrationFailed {
        /// Which task.
        #[n(0)]
        task: TaskId,
        /// Why, by its last attempt.
        #[n(1)]
        failure: Failure,
        /// Which of the child's endings this was; see [`Message::ChildFailed`](crate::Message::ChildFailed).
        #[n(2)]
        ending: Option<u64>,
    },
    /// The guest waits for an external event.
    #[n(20)]
    EventAwaited {
        /// Its number.
        #[n(0)]
        task: TaskId,
        /// The event's name; compared without regard to ASCII case.
        #[n(1)]
        name: String,
    },
    /// An external event arrived. The oldest wait of its name takes it; without one it is kept.
    #[n(21)]
    EventRaised {
        /// The event's name.
        #[n(0)]
        name: String,
        /// Its data.
        #[n(1)]
        data: Option<Payload>,
        /// What tells a repeated delivery from a second event.
        #[n(2)]
        key: EventKey,
    },
    /// An event was sent to another instance.
    #[n(22)]
    EventSent {
        /// Its number.
        #[n(0)]
        task: TaskId,
        /// To whom.
        #[n(1)]
        instance_id: InstanceId,
        /// The event's name.
        #[n(2)]
        name: String,
        /// Its data.
        #[n(3)]
        data: Option<Payload>,
    },
}

/// What part of a turn an event belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EventClass {
    /// The turn's first or last event.
    Frame,
    /// Something that happened; in front of all decisions.
    Fact,
    /// What the guest decided, or what the host decided in its place.
    Decision,
}

impl EventKind {
    pub(crate) fn class(&self) -> EventClass {
        match self {
            Self::OrchestratorStarted | Self::OrchestratorCompleted => EventClass::Frame,
            Self::ExecutionStarted(_)
            | Self::ExecutionTerminated { .. }
            | Self::ExecutionSuspended { .. }
            | Self::ExecutionResumed { .. }
            | Self::ExecutionRewound { .. }
            | Self::TaskAttemptFailed { .. }
            | Self::TaskCompleted { .. }
            | Self::TaskFailed { .. }
            | Self::TimerFired { .. }
            | Self::SubOrchestrationAttemptFailed { .. }
            | Self::SubOrchestrationCompleted { .. }
            | Self::SubOrchestrationFailed { .. }
            | Self::EventRaised { .. } => EventClass::Fact,
            Self::ExecutionCompleted { .. }
            | Self::ExecutionFailed { .. }
            | Self::TaskScheduled { .. }
            | Self::TaskCanceled { .. }
            | Self::TimerCreated { .. }
            | Self::SubOrchestrationCreated { .. }
            | Self::EventAwaited { .. }
            | Self::EventSent { .. } => EventClass::Decision,
        }
    }

    /// Bytes of the payloads it holds.
    pub fn payload_bytes(&self) -> usize {
        let bytes = |payload: &Option<Payload>| payload.as_ref().map_or(0, |payload| payload.as_str().len());
        match self {
            Self::OrchestratorStarted
            | Self::OrchestratorCompleted
            | Self::ExecutionRewound { .. }
            | Self::TaskCanceled { .. }
            | Self::TimerCreated { .. }
            | Self::TimerFired { .. }
            | Self::EventAwaited { .. } => 0,
            Self::ExecutionStarted(started) => bytes(&started.input),
            Self::ExecutionCompleted { output }
            | Self::TaskCompleted { output, .. }
            | Self::SubOrchestrationCompleted { output, .. } => bytes(output),
            Self::ExecutionFailed { failure }
            | Self::TaskAttemptFailed { failure, .. }
            | Self::TaskFailed { failure, .. }
            | Self::SubOrchestrationAttemptFailed { failure, .. }
            | Self::SubOrchestrationFailed { failure, .. } => failure.message.len() + bytes(&failure.details),
            Self::ExecutionTerminated { reason, .. }
            | Self::ExecutionSuspended { reason }
            | Self::ExecutionResumed { reason } => bytes(reason),
            Self::TaskScheduled { input, .. } | Self::SubOrchestrationCreated { input, .. } => bytes(input),
            Self::EventRaised { data, .. } | Self::EventSent { data, .. } => bytes(data),
        }
    }
}

/// How an execution began. Persisted.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ExecutionStarted {
    /// This generation.
    #[n(0)]
    pub execution_id: ExecutionId,
    /// The orchestration's name.
    #[n(1)]
    pub name: String,
    /// The version text that was asked for.
    #[n(2)]
    pub version: Option<String>,
    /// The input.
    #[n(3)]
    pub input: Option<Payload>,
    /// Sorted by key.
    #[n(4)]
    pub tags: BTreeMap<String, String>,
    /// Who waits for the result.
    #[n(5)]
    pub parent: Option<Parent>,
    /// The guest's first turn is not before this.
    #[n(6)]
    pub scheduled_start: Option<Timestamp>,
    /// When the instance was created by its first generation's starter.
    #[n(7)]
    pub created_at: Timestamp,
    /// The component asked for, if any; what it actually runs on is in the instance's state.
    #[n(8)]
    pub component: Option<Digest>,
    /// How many continue-as-new came before.
    #[n(9)]
    pub generation: u32,
    /// W3C trace context of the starter, `traceparent` and `tracestate`.
    #[n(10)]
    pub trace_context: Option<(String, String)>,
    /// The newest external events of the generations before, oldest first, but for those that this one has taken over: who
    /// repeats one of them is not heard. None instead of an empty list.
    #[n(11)]
    pub earlier_events: Option<Vec<EventKey>>,
    /// The rules that this history follows. The host that begins the execution sets it; in a message it means nothing.
    #[n(12)]
    pub engine_revision: EngineRevision,
    /// The execution that this one came of by continuing as new, through however many generations. None for the first
    /// generation itself, and for chains that a build has carried on which did not record it.
    #[n(13)]
    pub first_execution: Option<ExecutionId>,
    /// The newest children of the generations before that had not answered when those continued as new, oldest first, be it
    /// that they were still waited for or had been given up. Nobody waits for them, but whoever ends this execution with
    /// its children means them as well. None instead of an empty list.
    #[n(14)]
    pub left_children: Option<Vec<LeftChild>>,
}

impl ExecutionStarted {
    /// The start of a first generation that nobody has asked anything special of.
    pub fn new(execution_id: ExecutionId, name: impl Into<String>, created_at: Timestamp) -> Self {
        Self {
            execution_id,
            name: name.into(),
            version: None,
            input: None,
            tags: BTreeMap::new(),
            parent: None,
            scheduled_start: None,
            created_at,
            component: None,
            generation: 0,
            trace_context: None,
            earlier_events: None,
            engine_revision: EngineRevision::OLDEST,
            first_execution: None,
            left_children: None,
        }
    }
}

/// A child that nobody waits for any more. Persisted.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct LeftChild {
    /// The instance that was started.
    #[n(0)]
    pub instance_id: InstanceId,
    /// Its first execution.
    #[n(1)]
    pub execution_id: ExecutionId,
}
