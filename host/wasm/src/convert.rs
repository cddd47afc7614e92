//! Between the engine's words and the guest's.

use std::sync::Arc;

use engine::{Action, ActivityTask, Event, Execution, Failure, LogLevel, Payload, RetryPolicy, StartChild, TaskId};
use engine::{Timestamp, Turn};

use crate::bindings::types;
use crate::{Definition, wire};

/// A turn for the guest; shares the payloads.
pub(crate) fn turn(turn: &Turn) -> wire::Turn {
    wire::Turn { now: turn.now.as_millis(), events: turn.events.iter().map(event).collect() }
}

/// Bytes of all texts that a turn hands to the guest.
pub(crate) fn turn_bytes(turn: &Turn) -> usize {
    let payload = |payload: &Option<Payload>| payload.as_ref().map_or(0, |payload| payload.as_str().len());
    let event = |event: &Event| match event {
        Event::ActivityCompleted { output: text, .. }
        | Event::ChildCompleted { output: text, .. }
        | Event::EventRaised { data: text, .. } => payload(text),
        Event::ActivityFailed { failure, .. } | Event::ChildFailed { failure, .. } => {
            failure.kind.len() + failure.message.len() + payload(&failure.details)
        }
        Event::TimerFired { .. } => 0,
    };
    turn.events.iter().map(event).sum()
}

fn event(event: &Event) -> wire::Event {
    let completed =
        |task: &TaskId, output: &Option<Payload>| wire::TaskCompleted { task: task.0, output: lower(output.as_ref()) };
    let failed = |task: &TaskId, failure: &Failure| wire::TaskFailed {
        task: task.0,
        failure: wire::Failure {
            kind: failure.kind.clone(),
            message: failure.message.clone(),
            details: lower(failure.details.as_ref()),
            non_retriable: failure.non_retriable,
        },
    };
    match event {
        Event::ActivityCompleted { task, output } => wire::Event::ActivityCompleted(completed(task, output)),
        Event::ActivityFailed { task, failure } => wire::Event::ActivityFailed(failed(task, failure)),
        Event::TimerFired { task } => wire::Event::TimerFired(task.0),
        Event::ChildCompleted { task, output } => wire::Event::ChildCompleted(completed(task, output)),
        Event::ChildFailed { task, failure } => wire::Event::ChildFailed(failed(task, failure)),
        Event::EventRaised { task, data } => wire::Event::EventRaised(completed(task, data)),
    }
}

/// A guest's decision, and the bytes of all its texts.
pub(crate) fn action(action: wire::Action, bytes: &mut usize) -> Action {
    let mut counted = Counted(bytes);
    match action {
        wire::Action::ScheduleActivity(wire::ScheduleActivity { task, name, input, retry }) => {
            Action::ScheduleActivity {
                task: TaskId(task),
                name: counted.text(name),
                input: counted.payload(input),
                retry: retry.map(|retry| counted.retry(retry)),
            }
        }
        wire::Action::CreateTimer(wire::CreateTimer { task, fire_at }) => {
            Action::CreateTimer { task: TaskId(task), fire_at: Timestamp::from_millis(fire_at) }
        }
        wire::Action::StartChild(child) => Action::StartChild(Box::new(counted.child(child))),
        wire::Action::WaitEvent(wire::WaitEvent { task, name }) => {
            Action::WaitEvent { task: TaskId(task), name: counted.text(name) }
        }
        wire::Action::SendEvent(wire::SendEvent { task, instance_id, name, data }) => Action::SendEvent {
            task: TaskId(task),
            instance_id: counted.text(instance_id),
            name: counted.text(name),
            data: counted.payload(data),
        },
        wire::Action::Cancel(task) => Action::Cancel { task: TaskId(task) },
        wire::Action::SetCustomStatus(status) => Action::SetCustomStatus { status: counted.payload(status) },
        wire::Action::Log(wire::Log { level, message }) => {
            Action::Log { level: log_level(level), message: counted.text(message) }
        }
        wire::Action::ContinueAsNew(wire::ContinueAsNew { input, version, keep_events }) => Action::ContinueAsNew {
            input: counted.payload(input),
            version: version.map(|version| counted.text(version)),
            keep_events,
        },
        wire::Action::Complete(output) => Action::Complete { output: counted.payload(output) },
        wire::Action::Fail(failure) => Action::Fail {
            failure: Failure {
                kind: counted.text(failure.kind),
                message: counted.text(failure.message),
                details: counted.payload(failure.details),
                non_retriable: failure.non_retriable,
            },
        },
    }
}

/// Takes texts and counts their bytes.
struct Counted<'a>(&'a mut usize);

impl Counted<'_> {
    fn text(&mut self, text: String) -> String {
        *self.0 = self.0.saturating_add(text.len());
        text
    }

    fn payload(&mut self, payload: Option<Arc<str>>) -> Option<Payload> {
        let payload = payload?;
        *self.0 = self.0.saturating_add(payload.len());
        Some(payload.into())
    }

    fn retry(&mut self, policy: wire::RetryPolicy) -> RetryPolicy {
        RetryPolicy {
            max_attempts: policy.max_attempts,
            first_interval_ms: policy.first_interval,
            backoff_coefficient: policy.backoff_coefficient,
            max_interval_ms: policy.max_interval,
            retry_timeout_ms: policy.retry_timeout,
            non_retriable_kinds: policy.non_retriable_kinds.into_iter().map(|kind| self.text(kind)).collect(),
        }
    }

    fn child(&mut self, child: wire::StartChild) -> StartChild {
        StartChild {
            task: TaskId(child.task),
            name: self.text(child.name),
            instance_id: child.instance_id.map(|id| self.text(id)),
            version: child.version.map(|version| self.text(version)),
            input: self.payload(child.input),
            tags: child.tags.into_iter().map(|(key, value)| (self.text(key), self.text(value))).collect(),
            retry: child.retry.map(|retry| self.retry(retry)),
            detached: child.detached,
        }
    }
}

fn log_level(level: wire::LogLevel) -> LogLevel {
    match level {
        wire::LogLevel::Trace => LogLevel::Trace,
        wire::LogLevel::Debug => LogLevel::Debug,
        wire::LogLevel::Info => LogLevel::Info,
        wire::LogLevel::Warn => LogLevel::Warn,
        wire::LogLevel::Error => LogLevel::Error,
    }
}

fn lower(payload: Option<&Payload>) -> Option<Arc<str>> {
    payload.cloned().map(Into::into)
}

/// What `start` is told.
pub(crate) fn execution(execution: &Execution) -> types::Execution {
    types::Execution {
        instance_id: execution.instance_id.to_string(),
        execution_id: execution.execution_id.to_string(),
        name: execution.name.clone(),
        version: execution.version.clone(),
        input: execution.input.as_ref().map(ToString::to_string),
        tags: execution.tags.clone().into_iter().collect(),
        parent: execution.parent.as_ref().map(|parent| types::Parent {
            instance_id: parent.instance_id.to_string(),
            execution_id: parent.execution_id.to_string(),
            name: parent.name.clone(),
        }),
    }
}

/// What an activity is told of its call.
pub(crate) fn activity_context(task: &ActivityTask) -> types::ActivityContext {
    types::ActivityContext {
        instance_id: task.instance_id.to_string(),
        execution_id: task.execution_id.to_string(),
        task: task.task.0,
        attempt: task.attempt,
    }
}

/// A failure that a guest returned.
pub(crate) fn failure(failure: types::Failure) -> Failure {
    Failure {
        kind: failure.kind,
        message: failure.message,
        details: failure.details.map(Into::into),
        non_retriable: failure.non_retriable,
    }
}

/// What a component says it can run.
pub(crate) fn definition(definition: types::Definition) -> Definition {
    Definition { name: definition.name, description: definition.description }
}
