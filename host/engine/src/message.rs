//! What can be sent to an instance.

use minicbor::{Decode, Encode};

use crate::{EventId, EventKey, ExecutionId, ExecutionStarted, Failure, Payload, TaskId};

/// A message to an instance, durable until the turn that consumes it is committed.
///
/// Persisted: numbers are the format. May be delivered more than once and in any order; the engine recognises repeats.
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
        /// Only this execution; none: whichever runs.
        #[n(2)]
        execution_id: Option<ExecutionId>,
    },
    /// Stop delivering to the guest.
    #[n(7)]
    Suspend {
        /// For people.
        #[n(0)]
        reason: Option<Payload>,
    },
    /// Deliver again.
    #[n(8)]
    Resume {
        /// For people.
        #[n(0)]
        reason: Option<Payload>,
    },
    /// Reopen a failed instance.
    #[n(9)]
    Rewind {
        /// For people.
        #[n(0)]
        reason: Option<Payload>,
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
