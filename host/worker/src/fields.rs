//! The names of spans and fields in logs and traces, spelled once.

/// The instance.
pub const INSTANCE_ID: &str = "instance_id";
/// The execution of the instance.
pub const EXECUTION_ID: &str = "execution_id";
/// The orchestration's name.
pub const ORCHESTRATION: &str = "orchestration";
/// The digest of the component that an instance runs on.
pub const COMPONENT: &str = "component";
/// What an instance is now, as Running or Completed.
pub const STATUS: &str = "status";
/// The kind of a failure.
pub const FAILURE: &str = "failure";
/// Events that a turn added to the history.
pub const EVENTS: &str = "events";
/// The shard, from 0.
pub const SHARD: &str = "shard";
/// The activity's name.
pub const ACTIVITY: &str = "activity";
/// The task id within the execution.
pub const TASK: &str = "task";
/// Which attempt.
pub const ATTEMPT: &str = "attempt";
/// The token a turn was computed on.
pub const HELD_TOKEN: &str = "held_token";
/// The token that is stored.
pub const STORED_TOKEN: &str = "stored_token";
/// Messages that a turn took in.
pub const MESSAGES: &str = "messages";
/// A stable code.
pub const CODE: &str = "code";
/// An error and its causes.
pub const ERROR: &str = "error";
/// The target of guests' own log lines.
pub const GUEST_TARGET: &str = "guest";
