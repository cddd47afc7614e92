//! A history as a readable timeline: when, which event, which task, what, and a little of the payload.

use std::collections::BTreeMap;
use std::time::Duration;

use api::dto::{Failed, SeenEvent};
use api::times;
use engine::Timestamp;

use crate::limits::PAYLOAD_CHARS_SHOWN;
use crate::output::cut;
use crate::table;
use crate::units::brief;

/// The timeline of an execution's events.
pub(crate) fn render(events: &[SeenEvent]) -> String {
    let begin = events.first().and_then(|event| times::parse(&event.at).ok()).unwrap_or_default();
    let mut names = BTreeMap::new();
    let mut rows = Vec::new();
    for event in events {
        if let (Some(task), Some(name)) = (task(event), event.field::<String>("name")) {
            names.insert(task, name);
        }
        rows.push(vec![
            offset(begin, &event.at),
            event.id.to_string(),
            event.kind.clone(),
            task(event).map(|task| format!("#{task}")).unwrap_or_default(),
            subject(event, &names),
            detail(event),
        ]);
    }
    table::rows(&["TIME", "EVENT", "WHAT", "TASK", "NAME", "DETAIL"], rows, "nothing is recorded yet")
}

fn offset(begin: Timestamp, at: &str) -> String {
    match times::parse(at) {
        Ok(at) => {
            let since = at.saturating_since(begin);
            if since < Duration::from_mins(1) {
                format!("+{}.{:03}s", since.as_secs(), since.subsec_millis())
            } else {
                format!("+{}", brief(since))
            }
        }
        Err(_) => at.to_owned(),
    }
}

fn task(event: &SeenEvent) -> Option<u64> {
    event.field("task")
}

/// The event's own name, or the one its task was given when it was scheduled.
fn subject(event: &SeenEvent, names: &BTreeMap<u64, String>) -> String {
    let inherited = || names.get(&task(event)?).cloned();
    let name = event.field::<String>("name").or_else(inherited);
    cut(&name.unwrap_or_default(), PAYLOAD_CHARS_SHOWN)
}

/// What else a reader wants to know, most important first.
fn detail(event: &SeenEvent) -> String {
    let mut parts = Vec::new();
    if let Some(failure) = event.field::<Failed>("failure") {
        parts.push(cut(&format!("{}: {}", failure.kind, failure.message), PAYLOAD_CHARS_SHOWN));
    }
    for name in ["input", "output", "data", "reason"] {
        if let Some(value) = event.fields.get(name).filter(|value| value.get() != "null") {
            parts.push(cut(value.get(), PAYLOAD_CHARS_SHOWN));
        }
    }
    if let Some(attempt) = event.field::<u32>("attempt") {
        parts.push(format!("attempt {attempt}"));
    }
    for (name, label) in [("instanceId", "instance"), ("fireAt", "due"), ("retryAt", "again at")] {
        if let Some(value) = event.field::<String>(name) {
            parts.push(format!("{label} {}", cut(&value, PAYLOAD_CHARS_SHOWN)));
        }
    }
    for name in ["detached", "recurse"] {
        if event.field(name) == Some(true) {
            parts.push(name.to_owned());
        }
    }
    if let Some(voided) = event.field::<Vec<u64>>("voided") {
        parts.push(format!("{} events voided", voided.len()));
    }
    parts.join("  ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(text: &str) -> Vec<SeenEvent> {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn a_timeline_reads_from_left_to_right() {
        let events = events(
            r#"[
            {"id":1,"at":"2030-01-01T00:00:00.000Z","type":"OrchestratorStarted"},
            {"id":2,"at":"2030-01-01T00:00:00.000Z","type":"ExecutionStarted","name":"order","input":{"id":7}},
            {"id":3,"at":"2030-01-01T00:00:00.000Z","type":"TaskScheduled","task":0,"name":"charge","input":"card"},
            {"id":4,"at":"2030-01-01T00:00:01.250Z","type":"TaskAttemptFailed","task":0,"attempt":1,
             "failure":{"kind":"timeout","message":"no answer","nonRetriable":false},"retryAt":"2030-01-01T00:00:02.000Z"},
            {"id":5,"at":"2030-01-01T00:00:02.500Z","type":"TaskCompleted","task":0,"output":12.5},
            {"id":6,"at":"2030-01-01T00:00:02.500Z","type":"TimerCreated","task":1,"fireAt":"2030-01-01T01:00:00.000Z"},
            {"id":7,"at":"2030-01-01T01:00:00.000Z","type":"TimerFired","task":1},
            {"id":8,"at":"2030-01-01T01:00:00.000Z","type":"EventRaised","name":"approved","data":null,"key":"00"},
            {"id":9,"at":"2030-01-01T01:00:00.000Z","type":"ExecutionCompleted","output":"done"}
            ]"#,
        );
        insta::assert_snapshot!(render(&events), @r#"
        TIME     EVENT  WHAT                 TASK  NAME      DETAIL
        +0.000s  1      OrchestratorStarted
        +0.000s  2      ExecutionStarted           order     {"id":7}
        +0.000s  3      TaskScheduled        #0    charge    "card"
        +1.250s  4      TaskAttemptFailed    #0    charge    timeout: no answer  attempt 1  again at 2030-01-01T00:00:02.000Z
        +2.500s  5      TaskCompleted        #0    charge    12.5
        +2.500s  6      TimerCreated         #1              due 2030-01-01T01:00:00.000Z
        +1h00m   7      TimerFired           #1
        +1h00m   8      EventRaised                approved
        +1h00m   9      ExecutionCompleted                   "done"
        "#);
    }

    #[test]
    fn events_of_a_newer_server_are_shown_as_far_as_they_are_understood() {
        let events = events(r#"[{"id":1,"at":"later","type":"Teleported","to":"mars","name":"x"}]"#);
        insta::assert_snapshot!(render(&events), @r"
        TIME   EVENT  WHAT        TASK  NAME  DETAIL
        later  1      Teleported        x
        ");
    }
}
