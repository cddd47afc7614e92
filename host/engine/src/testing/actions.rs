//! Actions in few words. Task ids are given, as guests give them.

use std::collections::BTreeMap;

use crate::{Action, Failure, LogLevel, Payload, RetryPolicy, StartChild, TaskId, Timestamp};

/// Schedules an activity.
pub fn schedule(task: u32, name: &str) -> Action {
    Action::ScheduleActivity { task: TaskId(task), name: name.into(), input: None, retry: None }
}

/// Schedules an activity with an input and a retry policy.
pub fn schedule_with(task: u32, name: &str, input: &str, retry: Option<RetryPolicy>) -> Action {
    Action::ScheduleActivity { task: TaskId(task), name: name.into(), input: Some(input.into()), retry }
}

/// So many attempts, one second after the first failure, then twice as long each time.
pub fn retry(max_attempts: u32) -> RetryPolicy {
    RetryPolicy {
        max_attempts,
        first_interval_ms: 1_000,
        backoff_coefficient: 2.0,
        max_interval_ms: None,
        retry_timeout_ms: None,
        non_retriable_kinds: Vec::new(),
    }
}

/// Creates a timer, due that many seconds after the epoch.
pub fn timer(task: u32, fire_at_s: u64) -> Action {
    Action::CreateTimer { task: TaskId(task), fire_at: Timestamp::from_millis(fire_at_s.saturating_mul(1_000)) }
}

/// The parameters of a child with a derived instance id.
pub fn child(task: u32, name: &str) -> StartChild {
    StartChild {
        task: TaskId(task),
        name: name.into(),
        instance_id: None,
        version: None,
        input: None,
        tags: BTreeMap::new(),
        retry: None,
        detached: false,
    }
}

/// Starts a child of that instance id.
pub fn sub(task: u32, name: &str, instance_id: &str) -> Action {
    sub_with(StartChild { instance_id: Some(instance_id.into()), ..child(task, name) })
}

/// Starts that child.
pub fn sub_with(child: StartChild) -> Action {
    Action::StartChild(Box::new(child))
}

/// Starts a child and forgets it.
pub fn detached(task: u32, name: &str, instance_id: &str) -> Action {
    sub_with(StartChild { instance_id: Some(instance_id.into()), detached: true, ..child(task, name) })
}

/// Waits for an external event.
pub fn wait_event(task: u32, name: &str) -> Action {
    Action::WaitEvent { task: TaskId(task), name: name.into() }
}

/// Raises an event on an instance.
pub fn send_event(task: u32, instance_id: &str, name: &str, data: &str) -> Action {
    Action::SendEvent {
        task: TaskId(task),
        instance_id: instance_id.into(),
        name: name.into(),
        data: Some(data.into()),
    }
}

/// Cancels a task.
pub fn cancel(task: u32) -> Action {
    Action::Cancel { task: TaskId(task) }
}

/// Shows something in status queries.
pub fn custom_status(status: &str) -> Action {
    Action::SetCustomStatus { status: Some(status.into()) }
}

/// Logs at level info.
pub fn log(message: &str) -> Action {
    Action::Log { level: LogLevel::Info, message: message.into() }
}

/// Goes on as a new execution.
pub fn continue_as_new(input: &str, keep_events: bool) -> Action {
    Action::ContinueAsNew { input: Some(input.into()), version: None, keep_events }
}

/// Ends with a result.
pub fn complete(output: &str) -> Action {
    Action::Complete { output: Some(Payload::from(output)) }
}

/// Ends with a failure.
pub fn fail(kind: &str, message: &str) -> Action {
    Action::Fail { failure: Failure::new(kind, message) }
}
