//! Event rows of the History table.
//!
//! | event of ours | `EventType` there | what is in the usual columns |
//! |---|---|---|
//! | `ExecutionFailed` | `ExecutionCompleted` | `OrchestrationStatus` is `Failed` |
//! | `SubOrchestrationCreated`, `…Completed`, `…Failed` | `SubOrchestrationInstance…` | |
//! | `TaskAttemptFailed`, `SubOrchestrationAttemptFailed`, `TaskCanceled`, `EventAwaited` | `GenericEvent` | `Data` for people; `RondoEvent` is our name |
//! | any other | the same | |
//!
//! What the guest decides has its task id as `EventId`. What arrives has -1 there, and the task that it is about as
//! `TaskScheduledId`, or as `TimerId`.
//!
//! A row that a DurableTask client has rewound is read as what it was: see `rewound`.

mod read;
mod rewound;
mod write;

pub(crate) use read::{check_engine_revision, event_of};
pub(crate) use rewound::{is_rewound, put_back};
pub(crate) use write::event_row;

/// The column of the rules that an execution follows; absent for the oldest.
const ENGINE_REVISION: &str = "RondoEngineRevision";

/// The names of event types; persisted.
mod names {
    pub(super) const ORCHESTRATOR_STARTED: &str = "OrchestratorStarted";
    pub(super) const ORCHESTRATOR_COMPLETED: &str = "OrchestratorCompleted";
    pub(super) const EXECUTION_STARTED: &str = "ExecutionStarted";
    pub(super) const EXECUTION_COMPLETED: &str = "ExecutionCompleted";
    pub(super) const EXECUTION_TERMINATED: &str = "ExecutionTerminated";
    pub(super) const EXECUTION_SUSPENDED: &str = "ExecutionSuspended";
    pub(super) const EXECUTION_RESUMED: &str = "ExecutionResumed";
    pub(super) const EXECUTION_REWOUND: &str = "ExecutionRewound";
    pub(super) const TASK_SCHEDULED: &str = "TaskScheduled";
    pub(super) const TASK_COMPLETED: &str = "TaskCompleted";
    pub(super) const TASK_FAILED: &str = "TaskFailed";
    pub(super) const TIMER_CREATED: &str = "TimerCreated";
    pub(super) const TIMER_FIRED: &str = "TimerFired";
    pub(super) const CHILD_CREATED: &str = "SubOrchestrationInstanceCreated";
    pub(super) const CHILD_COMPLETED: &str = "SubOrchestrationInstanceCompleted";
    pub(super) const CHILD_FAILED: &str = "SubOrchestrationInstanceFailed";
    pub(super) const EVENT_RAISED: &str = "EventRaised";
    pub(super) const EVENT_SENT: &str = "EventSent";
    pub(super) const GENERIC: &str = "GenericEvent";

    // Ours, in `RondoEvent`.
    pub(super) const TASK_ATTEMPT_FAILED: &str = "TaskAttemptFailed";
    pub(super) const TASK_CANCELED: &str = "TaskCanceled";
    pub(super) const CHILD_ATTEMPT_FAILED: &str = "SubOrchestrationAttemptFailed";
    pub(super) const EVENT_AWAITED: &str = "EventAwaited";
    /// Any other, as `store` encodes it.
    pub(super) const ENCODED: &str = "Encoded";
}

/// The value of `OrchestrationStatus`.
const FAILED: &str = "Failed";

#[cfg(test)]
mod tests;
