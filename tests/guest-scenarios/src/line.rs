//! Decisions as lines of text.

use engine::{Action, EventKind, InstanceId, LogLevel, Payload, StartChild};

/// Stands for the instance id that a child was not given.
const DERIVED: &str = "~";

/// An action in the text form of histories, and in its manner where a history has no such event.
pub(crate) fn of_action(action: &Action) -> String {
    let text = |text: &String| Payload::from(text.as_str());
    let event = match action.clone() {
        Action::ScheduleActivity { task, name, input, retry } => EventKind::TaskScheduled { task, name, input, retry },
        Action::CreateTimer { task, fire_at } => EventKind::TimerCreated { task, fire_at },
        Action::StartChild(child) => return of_child(*child),
        Action::WaitEvent { task, name } => EventKind::EventAwaited { task, name },
        Action::SendEvent { task, instance_id, name, data } => match InstanceId::new(&instance_id) {
            Ok(instance_id) => EventKind::EventSent { task, instance_id, name, data },
            Err(error) => return format!("event_sent task={task} instance={instance_id:?}: {error}"),
        },
        Action::Cancel { task } => EventKind::TaskCanceled { task },
        Action::SetCustomStatus { status } => {
            return format!("custom_status{}", field("status", status.as_ref()));
        }
        Action::Log { level, message } => {
            return format!("log level={}{}", name_of(level), field("message", Some(&text(&message))));
        }
        Action::ContinueAsNew { input, version, keep_events } => {
            let version = version.as_ref().map(text);
            let keep_events = if keep_events { " keep_events" } else { "" };
            let (input, version) = (field("input", input.as_ref()), field("version", version.as_ref()));
            return format!("continued_as_new{input}{version}{keep_events}");
        }
        Action::Complete { output } => EventKind::ExecutionCompleted { output },
        Action::Fail { failure } => EventKind::ExecutionFailed { failure },
    };
    event.to_string()
}

fn of_child(child: StartChild) -> String {
    let StartChild { task, name, instance_id, version, input, tags, retry, detached } = child;
    match InstanceId::new(instance_id.as_deref().unwrap_or(DERIVED)) {
        Ok(instance_id) => {
            EventKind::SubOrchestrationCreated { task, name, instance_id, version, input, tags, retry, detached }
                .to_string()
        }
        Err(error) => format!("sub_orchestration_created task={task} name={name:?} instance={instance_id:?}: {error}"),
    }
}

/// A field with its value in quotes; nothing when it has none.
fn field(key: &str, value: Option<&Payload>) -> String {
    let Some(value) = value else { return String::new() };
    // The text form quotes the payloads of its own events, so one of them does it here.
    let event = EventKind::ExecutionCompleted { output: Some(value.clone()) }.to_string();
    event.replacen("execution_completed output", &format!(" {key}"), 1)
}

const fn name_of(level: LogLevel) -> &'static str {
    match level {
        LogLevel::Trace => "trace",
        LogLevel::Debug => "debug",
        LogLevel::Info => "info",
        LogLevel::Warn => "warn",
        LogLevel::Error => "error",
    }
}

/// Whether a line is as expected; a value of `*` stands for anything, and for further fields.
pub(crate) fn fits(expected: &str, actual: &str) -> bool {
    let mut parts = expected.split("=*");
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = actual.strip_prefix(first) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        match (parts.peek(), rest.find(part)) {
            (None, _) => return rest.ends_with(part),
            (Some(_), Some(at)) => rest = &rest[at + part.len()..],
            (Some(_), None) => return false,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use engine::TaskId;

    use super::*;

    #[test]
    fn a_star_stands_for_any_value_and_for_further_fields() {
        assert!(fits("failed kind=x message=* non_retriable", "failed kind=x message='y' details='z' non_retriable"));
        assert!(fits("a message=* b=* c", "a message='1' b='2' c"));
        assert!(fits("a message=*", "a message='1'"));
        assert!(!fits("failed kind=x message=* non_retriable", "failed kind=x message='y'"));
        assert!(!fits("failed kind=x message=*", "failed kind=y message='y'"));
        assert!(!fits("a", "a b"));
    }

    #[test]
    fn what_a_history_has_no_word_for_is_written_in_its_manner() {
        let status = |status: Option<&str>| of_action(&Action::SetCustomStatus { status: status.map(Payload::from) });
        assert_eq!(status(Some("\"it's\"")), r#"custom_status status='"it\'s"'"#);
        assert_eq!(status(None), "custom_status");
        let log = Action::Log { level: LogLevel::Warn, message: "two\nlines".into() };
        assert_eq!(of_action(&log), r"log level=warn message='two\nlines'");
        let next = Action::ContinueAsNew { input: Some("1".into()), version: Some("2".into()), keep_events: true };
        assert_eq!(of_action(&next), "continued_as_new input='1' version='2' keep_events");
        let child = Action::StartChild(Box::new(StartChild {
            task: TaskId(0),
            name: "leaf".into(),
            instance_id: None,
            version: None,
            input: None,
            tags: BTreeMap::new(),
            retry: None,
            detached: true,
        }));
        assert_eq!(of_action(&child), "sub_orchestration_created task=0 name=leaf instance=~ detached");
    }
}
