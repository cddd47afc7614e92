//! Actions and events as lines of text.

use crate::bindings::types::{Action, Event, Failure, LogLevel};

/// One line. Times are shown as the distance from `start_ms`.
pub(crate) fn action(action: &Action, start_ms: u64) -> String {
    match action {
        Action::ScheduleActivity(a) => format!("activity {} {}{}", a.task, a.name, json(a.input.as_ref())),
        Action::CreateTimer(a) => format!("timer {} at {}ms", a.task, a.fire_at.saturating_sub(start_ms)),
        Action::StartChild(a) => {
            let id = a.instance_id.as_ref().map(|id| format!(" as {id}")).unwrap_or_default();
            let detached = if a.detached { " detached" } else { "" };
            format!("child {} {}{id}{detached}{}", a.task, a.name, json(a.input.as_ref()))
        }
        Action::WaitEvent(a) => format!("wait {} {}", a.task, a.name),
        Action::SendEvent(a) => format!("send {} {} to {}{}", a.task, a.name, a.instance_id, json(a.data.as_ref())),
        Action::Cancel(task) => format!("cancel {task}"),
        Action::SetCustomStatus(status) => format!("status{}", json(status.as_ref())),
        Action::Log(a) => format!("log {} {}", level(a.level), a.message),
        Action::ContinueAsNew(a) => {
            let dropped = if a.keep_events { "" } else { " dropping events" };
            format!("continue as new{dropped}{}", json(a.input.as_ref()))
        }
        Action::Complete(output) => format!("complete{}", json(output.as_ref())),
        Action::Fail(f) => format!("fail {}", failure(f)),
    }
}

/// One line.
pub(super) fn event(event: &Event) -> String {
    match event {
        Event::ActivityCompleted(e) | Event::ChildCompleted(e) => {
            format!("completed {}{}", e.task, json(e.output.as_ref()))
        }
        Event::ActivityFailed(e) | Event::ChildFailed(e) => format!("failed {} {}", e.task, failure(&e.failure)),
        Event::TimerFired(task) => format!("fired {task}"),
        Event::EventRaised(e) => format!("raised {}{}", e.task, json(e.output.as_ref())),
    }
}

pub(super) fn failure(failure: &Failure) -> String {
    format!("{}: {}", failure.kind, failure.message)
}

fn json(payload: Option<&String>) -> String {
    payload.map(|text| format!(" {text}")).unwrap_or_default()
}

fn level(level: LogLevel) -> &'static str {
    match level {
        LogLevel::Trace => "trace",
        LogLevel::Debug => "debug",
        LogLevel::Info => "info",
        LogLevel::Warn => "warn",
        LogLevel::Error => "error",
    }
}
