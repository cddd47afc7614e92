//! The types of an orchestrator's `run`, written by hand.
//!
//! They say the same as the generated ones, and the runtime checks them against every component, but their payloads are
//! [`Arc<str>`] as in [`engine::Payload`]: a payload is copied once on its way into the guest's memory, once on its way
//! out of it, and nowhere else.

use std::sync::Arc;

use wasmtime::component::{ComponentType, Lift, Lower, TypedFunc};

/// `run`.
pub(crate) type Run = TypedFunc<(Vec<Turn>,), (Vec<Vec<Action>>,)>;

#[derive(ComponentType, Lower)]
#[component(record)]
pub(crate) struct Turn {
    pub(crate) now: u64,
    pub(crate) events: Vec<Event>,
}

#[derive(ComponentType, Lower)]
#[component(variant)]
#[allow(clippy::enum_variant_names, reason = "the contract's names")]
pub(crate) enum Event {
    #[component(name = "activity-completed")]
    ActivityCompleted(TaskCompleted),
    #[component(name = "activity-failed")]
    ActivityFailed(TaskFailed),
    #[component(name = "timer-fired")]
    TimerFired(u32),
    #[component(name = "child-completed")]
    ChildCompleted(TaskCompleted),
    #[component(name = "child-failed")]
    ChildFailed(TaskFailed),
    #[component(name = "event-raised")]
    EventRaised(TaskCompleted),
}

#[derive(ComponentType, Lower)]
#[component(record)]
pub(crate) struct TaskCompleted {
    pub(crate) task: u32,
    pub(crate) output: Option<Arc<str>>,
}

#[derive(ComponentType, Lower)]
#[component(record)]
pub(crate) struct TaskFailed {
    pub(crate) task: u32,
    pub(crate) failure: Failure,
}

#[derive(ComponentType, Lift, Lower)]
#[component(record)]
pub(crate) struct Failure {
    pub(crate) kind: String,
    pub(crate) message: String,
    pub(crate) details: Option<Arc<str>>,
    #[component(name = "non-retriable")]
    pub(crate) non_retriable: bool,
}

#[derive(ComponentType, Lift)]
#[component(variant)]
pub(crate) enum Action {
    #[component(name = "schedule-activity")]
    ScheduleActivity(ScheduleActivity),
    #[component(name = "create-timer")]
    CreateTimer(CreateTimer),
    #[component(name = "start-child")]
    StartChild(StartChild),
    #[component(name = "wait-event")]
    WaitEvent(WaitEvent),
    #[component(name = "send-event")]
    SendEvent(SendEvent),
    #[component(name = "cancel")]
    Cancel(u32),
    #[component(name = "set-custom-status")]
    SetCustomStatus(Option<Arc<str>>),
    #[component(name = "log")]
    Log(Log),
    #[component(name = "continue-as-new")]
    ContinueAsNew(ContinueAsNew),
    #[component(name = "complete")]
    Complete(Option<Arc<str>>),
    #[component(name = "fail")]
    Fail(Failure),
}

#[derive(ComponentType, Lift)]
#[component(record)]
pub(crate) struct ScheduleActivity {
    pub(crate) task: u32,
    pub(crate) name: String,
    pub(crate) input: Option<Arc<str>>,
    pub(crate) retry: Option<RetryPolicy>,
}

#[derive(ComponentType, Lift)]
#[component(record)]
pub(crate) struct RetryPolicy {
    #[component(name = "max-attempts")]
    pub(crate) max_attempts: u32,
    #[component(name = "first-interval")]
    pub(crate) first_interval: u64,
    #[component(name = "backoff-coefficient")]
    pub(crate) backoff_coefficient: f64,
    #[component(name = "max-interval")]
    pub(crate) max_interval: Option<u64>,
    #[component(name = "retry-timeout")]
    pub(crate) retry_timeout: Option<u64>,
    #[component(name = "non-retriable-kinds")]
    pub(crate) non_retriable_kinds: Vec<String>,
}

#[derive(ComponentType, Lift)]
#[component(record)]
pub(crate) struct CreateTimer {
    pub(crate) task: u32,
    #[component(name = "fire-at")]
    pub(crate) fire_at: u64,
}

#[derive(ComponentType, Lift)]
#[component(record)]
pub(crate) struct StartChild {
    pub(crate) task: u32,
    pub(crate) name: String,
    #[component(name = "instance-id")]
    pub(crate) instance_id: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) input: Option<Arc<str>>,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) retry: Option<RetryPolicy>,
    pub(crate) detached: bool,
}

#[derive(ComponentType, Lift)]
#[component(record)]
pub(crate) struct WaitEvent {
    pub(crate) task: u32,
    pub(crate) name: String,
}

#[derive(ComponentType, Lift)]
#[component(record)]
pub(crate) struct SendEvent {
    pub(crate) task: u32,
    #[component(name = "instance-id")]
    pub(crate) instance_id: String,
    pub(crate) name: String,
    pub(crate) data: Option<Arc<str>>,
}

#[derive(ComponentType, Lift)]
#[component(record)]
pub(crate) struct Log {
    pub(crate) level: LogLevel,
    pub(crate) message: String,
}

#[allow(dead_code, reason = "made only by lifting")]
#[derive(ComponentType, Lift, Clone, Copy)]
#[component(enum)]
#[repr(u8)]
pub(crate) enum LogLevel {
    #[component(name = "trace")]
    Trace,
    #[component(name = "debug")]
    Debug,
    #[component(name = "info")]
    Info,
    #[component(name = "warn")]
    Warn,
    #[component(name = "error")]
    Error,
}

#[derive(ComponentType, Lift)]
#[component(record)]
pub(crate) struct ContinueAsNew {
    pub(crate) input: Option<Arc<str>>,
    pub(crate) version: Option<String>,
    #[component(name = "keep-events")]
    pub(crate) keep_events: bool,
}
