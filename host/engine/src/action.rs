//! Decisions of a guest, imperative. See `wit/types.wit` for what each one means.

use std::collections::BTreeMap;

use crate::{Failure, Payload, RetryPolicy, TaskId, Timestamp};

/// One decision.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "the meaning of every field is in wit/types.wit")]
pub enum Action {
    ScheduleActivity { task: TaskId, name: String, input: Option<Payload>, retry: Option<RetryPolicy> },
    CreateTimer { task: TaskId, fire_at: Timestamp },
    StartChild(Box<StartChild>),
    WaitEvent { task: TaskId, name: String },
    SendEvent { task: TaskId, instance_id: String, name: String, data: Option<Payload> },
    Cancel { task: TaskId },
    SetCustomStatus { status: Option<Payload> },
    Log { level: LogLevel, message: String },
    ContinueAsNew { input: Option<Payload>, version: Option<String>, keep_events: bool },
    Complete { output: Option<Payload> },
    Fail { failure: Failure },
}

/// The parameters of a child.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "the meaning of every field is in wit/types.wit")]
pub struct StartChild {
    pub task: TaskId,
    pub name: String,
    /// As the guest gave it, unchecked.
    pub instance_id: Option<String>,
    pub version: Option<String>,
    pub input: Option<Payload>,
    pub tags: BTreeMap<String, String>,
    pub retry: Option<RetryPolicy>,
    pub detached: bool,
}

/// How much a guest's log line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names say it")]
pub enum LogLevel {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
}
