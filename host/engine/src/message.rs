//! What can be sent to an instance.

use minicbor::{Decode, Encode};

use crate::{EventId, EventKey, ExecutionId, ExecutionStarted, Failure, Parent, Payload, TaskId};

/// A message to an instance, durable until the turn that consumes it is committed.
///
/// Persisted: numbers are the format. May be delivered more than once and in any order; the engine recognises repeats.
///
/// A message that names an execution is for that one and for every later generation of it by continue-as-new, see
/// [`Lineage`](crate::Lineage::name); one that names none is for whichever runs.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[non_exhaustive]
pub enum Message {
    /// Begin this execution.
    #[n(0)]
    Start(#[n(0)] Box<ExecutionStarted>),
    /// An activity attempt returned. Normally handed over in memory.
    #[n(1)]
    TaskCompleted {
        /// The execution that scheduled it.
        #[n(0)]
        execution_id: ExecutionId,
        /// Its number there.
        #[n(1)]
        task: TaskId,
        /// Which attempt.
        #[n(2)]
        attempt: u32,
        /// The result.
        #[n(3)]
        output: Option<Payload>,
    },
    /// An activity attempt failed.
    #[n(2)]
    TaskFailed {
        /// The execution that scheduled it.
        #[n(0)]
        execution_id: ExecutionId,
        /// Its number there.
        #[n(1)]
        task: TaskId,
        /// Which attempt.
        #[n(2)]
        attempt: u32,
        /// Why.
        #[n(3)]
        failure: Failure,
    },
    /// A child returned.
    #[n(3)]
    ChildCompleted {
        /// The parent's execution that started it.
        #[n(0)]
        execution_id: ExecutionId,
        /// The parent's task.
        #[n(1)]
        task: TaskId,
        /// Which attempt.
        #[n(2)]
        attempt: u32,
        /// The result.
        #[n(3)]
        output: Option<Payload>,
    },
    /// A child failed, was terminated or could not start.
    #[n(4)]
    ChildFailed {
        /// The parent's execution that started it.
        #[n(0)]
        execution_id: ExecutionId,
        /// The parent's task.
        #[n(1)]
        task: TaskId,
        /// Which attempt.
        #[n(2)]
        attempt: u32,
        /// Why.
        #[n(3)]
        failure: Failure,
        /// Which of the child's endings this is, if it ran at all: one that follows a rewind or a continue-as-new has a
        /// greater number. None also from builds that did not say.
        #[n(4)]
        ending: Option<u64>,
    },
    /// An external event.
    #[n(5)]
    RaiseEvent {
        /// Its name.
        #[n(0)]
        name: String,
        /// Its data.
        #[n(1)]
        data: Option<Payload>,
        /// What tells a repeated delivery from a second event.
        #[n(2)]
        key: EventKey,
        /// Only this execution.
        #[n(3)]
        execution_id: Option<ExecutionId>,
    },
    /// End the instance.
    #[n(6)]
    Terminate {
        /// Shown as its output.
        #[n(0)]
        reason: Option<Payload>,
        /// Terminate its open children too.
        #[n(1)]
        recurse: bool,
        /// Only this execution.
        #[n(2)]
        execution_id: Option<ExecutionId>,
    },
    /// Stop delivering to the guest.
    #[n(7)]
    Suspend {
        /// For people.
        #[n(0)]
        reason: Option<Payload>,
        /// Only this execution.
        #[n(1)]
        execution_id: Option<ExecutionId>,
    },
    /// Deliver again.
    #[n(8)]
    Resume {
        /// For people.
        #[n(0)]
        reason: Option<Payload>,
        /// Only this execution.
        #[n(1)]
        execution_id: Option<ExecutionId>,
    },
    /// Reopen a failed instance.
    #[n(9)]
    Rewind {
        /// For people.
        #[n(0)]
        reason: Option<Payload>,
        /// Only this execution.
        #[n(1)]
        execution_id: Option<ExecutionId>,
        /// The parent that waits for this child; none: a client asks.
        #[n(2)]
        asker: Option<Box<Asker>>,
        /// The event from whose turn on everything counts as never having happened; none: see `orchestration::rewind`.
        #[n(5)]
        to_event: Option<EventId>,
    },
    /// A reason to look at the time, and nothing else. Made by backends that wake instances by messages, and put in the
    /// place of a message that has been taken in already; clients cannot send it.
    ///
    /// Leaves no trace: a work item of nothing else is as one without messages.
    #[n(10)]
    Wake,
}

/// A parent that waits for what a child comes to, and asks again. Persisted.
///
/// It is always answered in the end, by the child or in place of a child that is not there any more.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Asker {
    /// Who waits: its execution, task and attempt.
    #[n(0)]
    pub parent: Parent,
    /// A child that has failed is not reopened, but says again how it ended.
    #[n(1)]
    pub only_asks: bool,
}

impl Message {
    /// The [`ending`](Self::ChildFailed) of a child that is not there any more: it is started again under the next attempt
    /// number, whatever the retry policy says.
    pub const GONE: u64 = i64::MAX.cast_unsigned();

    /// Names an execution in a message of a client that names none yet.
    #[must_use]
    pub fn addressed_to(mut self, execution: ExecutionId) -> Self {
        match &mut self {
            Self::RaiseEvent { execution_id, .. }
            | Self::Terminate { execution_id, .. }
            | Self::Suspend { execution_id, .. }
            | Self::Resume { execution_id, .. }
            | Self::Rewind { execution_id, .. } => drop(execution_id.get_or_insert(execution)),
            Self::Start(_)
            | Self::TaskCompleted { .. }
            | Self::TaskFailed { .. }
            | Self::ChildCompleted { .. }
            | Self::ChildFailed { .. }
            | Self::Wake => {}
        }
        self
    }
}
