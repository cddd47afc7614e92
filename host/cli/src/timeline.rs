//! A history as a readable timeline: when, which event, what, how long it took, and a little of the payload.

use std::collections::BTreeMap;
use std::time::Duration;

use api::dto::{Failed, SeenEvent};
use api::times;
use engine::Timestamp;

use crate::limits::PAYLOAD_CHARS_SHOWN;
use crate::output::cut;
use crate::table;
use crate::units::brief;

/// What the columns are called.
const HEAD: [&str; 7] = ["TIME", "EVENT", "WHAT", "TASK", "NAME", "TOOK", "DETAIL"];

/// How wide they are where the rows to come are not known yet. The last is as wide as it is.
const WIDTHS: [usize; 6] = [9, 5, 29, 4, 20, 6];

/// How far a child's events are moved in.
const INDENT: &str = "  ";

/// The events of an instance, and those of its children where they are known.
#[derive(Debug, Default)]
pub(crate) struct Story {
    pub(crate) events: Vec<SeenEvent>,
    /// By the child's instance id.
    pub(crate) children: BTreeMap<String, Story>,
}

/// The timeline of a story; with `turns` also where turns begin and end.
pub(crate) fn render(story: &Story, turns: bool) -> String {
    let begin = story.events.first().map(at).unwrap_or_default();
    let mut rows = Vec::new();
    let count = add(story, begin, turns, 0, &mut rows);
    let table = table::rows(&HEAD, rows, "nothing is recorded yet");
    if story.events.is_empty() { table } else { format!("{table}\n\n{}", count.in_words()) }
}

fn add(story: &Story, begin: Timestamp, turns: bool, depth: usize, rows: &mut Vec<Vec<String>>) -> Count {
    let mut track = Track::new(begin);
    let mut count = Count::default();
    for event in &story.events {
        count.take(event);
        let row = track.row(event);
        if is_frame(event) && !turns {
            continue;
        }
        let [time, id, what, rest @ ..] = row;
        let what = format!("{}{what}", INDENT.repeat(depth));
        rows.push([time, id, what].into_iter().chain(rest).collect());
        let child = event.field::<String>("instanceId").filter(|_| event.kind == "SubOrchestrationCreated");
        if let Some(child) = child.and_then(|id| story.children.get(&id)) {
            add(child, begin, turns, depth + 1, rows);
        }
    }
    count.elapsed = track.elapsed;
    count
}

/// The head of a timeline that is written line by line.
pub(crate) fn head_line() -> String {
    line(&HEAD.map(str::to_owned))
}

/// One row in columns of fixed width.
pub(crate) fn line(row: &[String; 7]) -> String {
    let [cells @ .., detail] = row;
    let cells: Vec<String> = cells.iter().zip(WIDTHS).map(|(cell, width)| format!("{cell:<width$}")).collect();
    format!("{}  {detail}", cells.join("  ")).trim_end().to_owned()
}

/// Whether it only says where a turn begins or ends.
pub(crate) fn is_frame(event: &SeenEvent) -> bool {
    matches!(event.kind.as_str(), "OrchestratorStarted" | "OrchestratorCompleted")
}

/// What later events of an execution need to know of earlier ones.
#[derive(Debug)]
pub(crate) struct Track {
    begin: Timestamp,
    tasks: BTreeMap<u64, Task>,
    /// Waits for external events, oldest first: the task, and the name in lower case.
    waits: Vec<(u64, String)>,
    started: Option<Timestamp>,
    elapsed: Duration,
}

#[derive(Debug)]
struct Task {
    name: Option<String>,
    since: Timestamp,
    attempts_failed: u32,
}

impl Track {
    /// Times are counted from `begin`.
    pub(crate) fn new(begin: Timestamp) -> Self {
        Self { begin, tasks: BTreeMap::new(), waits: Vec::new(), started: None, elapsed: Duration::ZERO }
    }

    /// The event in columns.
    pub(crate) fn row(&mut self, event: &SeenEvent) -> [String; 7] {
        let now = at(event);
        let started = *self.started.get_or_insert(now);
        self.elapsed = now.saturating_since(started);
        let task = event.field::<u64>("task").or_else(|| self.awaiting(event));
        let took = match event.kind.as_str() {
            "TaskScheduled" | "TimerCreated" | "SubOrchestrationCreated" | "EventAwaited" => {
                self.opens(event, now);
                None
            }
            "TaskAttemptFailed" | "SubOrchestrationAttemptFailed" => {
                if let Some(task) = task.and_then(|task| self.tasks.get_mut(&task)) {
                    task.attempts_failed += 1;
                }
                None
            }
            "ExecutionCompleted" | "ExecutionFailed" | "ExecutionTerminated" => Some(self.elapsed),
            _ => task.and_then(|task| self.tasks.get(&task)).map(|task| now.saturating_since(task.since)),
        };
        let known = task.and_then(|task| self.tasks.get(&task));
        let name = event.field::<String>("name").or_else(|| known?.name.clone());
        [
            offset(self.begin, &event.at),
            event.id.to_string(),
            cut(&event.kind, PAYLOAD_CHARS_SHOWN),
            task.map(|task| format!("#{task}")).unwrap_or_default(),
            cut(&name.unwrap_or_default(), PAYLOAD_CHARS_SHOWN),
            took.map(brief).unwrap_or_default(),
            detail(event, known),
        ]
    }

    fn opens(&mut self, event: &SeenEvent, now: Timestamp) {
        let Some(number) = event.field("task") else { return };
        let name = event.field::<String>("name");
        if event.kind == "EventAwaited" {
            self.waits.push((number, name.clone().unwrap_or_default().to_ascii_lowercase()));
        }
        self.tasks.insert(number, Task { name, since: now, attempts_failed: 0 });
    }

    /// The wait that an external event ends: the oldest of its name.
    fn awaiting(&mut self, event: &SeenEvent) -> Option<u64> {
        let name = event.field::<String>("name").filter(|_| event.kind == "EventRaised")?.to_ascii_lowercase();
        let index = self.waits.iter().position(|(_, awaited)| *awaited == name)?;
        Some(self.waits.remove(index).0)
    }
}

/// What a history comes to.
#[derive(Debug, Default)]
struct Count {
    turns: usize,
    activities: usize,
    children: usize,
    timers: usize,
    retries: usize,
    rewinds: usize,
    elapsed: Duration,
}

impl Count {
    fn take(&mut self, event: &SeenEvent) {
        let counter = match event.kind.as_str() {
            "OrchestratorStarted" => &mut self.turns,
            "TaskScheduled" => &mut self.activities,
            "SubOrchestrationCreated" => &mut self.children,
            "TimerCreated" => &mut self.timers,
            "TaskAttemptFailed" | "SubOrchestrationAttemptFailed" => &mut self.retries,
            "ExecutionRewound" => &mut self.rewinds,
            _ => return,
        };
        *counter += 1;
    }

    fn in_words(&self) -> String {
        let parts = [
            (self.turns, "turn", "turns"),
            (self.activities, "activity", "activities"),
            (self.children, "child", "children"),
            (self.timers, "timer", "timers"),
            (self.retries, "retry", "retries"),
            (self.rewinds, "rewind", "rewinds"),
        ];
        let parts = parts.into_iter().filter(|(count, ..)| *count > 0);
        let parts = parts.map(|(count, one, many)| format!("{count} {}", if count == 1 { one } else { many }));
        parts.chain([format!("over {}", brief(self.elapsed))]).collect::<Vec<_>>().join(", ")
    }
}

fn at(event: &SeenEvent) -> Timestamp {
    times::parse(&event.at).unwrap_or_default()
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
        Err(_) => cut(at, PAYLOAD_CHARS_SHOWN),
    }
}

/// What else a reader wants to know, most important first.
fn detail(event: &SeenEvent, task: Option<&Task>) -> String {
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
    } else if let Some(task) = task.filter(|task| task.attempts_failed > 0) {
        parts.push(format!("attempt {}", task.attempts_failed + 1));
    }
    for (name, label) in [("instanceId", "instance"), ("fireAt", "due"), ("retryAt", "again at")] {
        if let Some(value) = event.field::<String>(name) {
            parts.push(format!("{label} {}", cut(&value, PAYLOAD_CHARS_SHOWN)));
        }
    }
    if let Some(generation) = event.field::<u32>("generation").filter(|generation| *generation > 0) {
        parts.push(format!("generation {generation}"));
    }
    for name in ["detached", "recurse"] {
        if event.field(name) == Some(true) {
            parts.push(name.to_owned());
        }
    }
    if let Some(voided) = event.field::<Vec<u64>>("voided").filter(|voided| !voided.is_empty()) {
        parts.push(format!("{} events voided", voided.len()));
    }
    if let Some(from) = event.field::<u64>("from") {
        parts.push(format!("void from event {from} on"));
    }
    parts.join("  ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn story(text: &str) -> Story {
        Story { events: serde_json::from_str(text).unwrap(), children: BTreeMap::new() }
    }

    const ORDER: &str = r#"[
        {"id":1,"at":"2030-01-01T00:00:00.000Z","type":"OrchestratorStarted"},
        {"id":2,"at":"2030-01-01T00:00:00.000Z","type":"ExecutionStarted","name":"order","input":{"id":7},"generation":0},
        {"id":3,"at":"2030-01-01T00:00:00.000Z","type":"TaskScheduled","task":0,"name":"charge","input":"card"},
        {"id":4,"at":"2030-01-01T00:00:01.250Z","type":"TaskAttemptFailed","task":0,"attempt":1,
         "failure":{"kind":"timeout","message":"no answer","nonRetriable":false},"retryAt":"2030-01-01T00:00:02.000Z"},
        {"id":5,"at":"2030-01-01T00:00:02.500Z","type":"TaskCompleted","task":0,"output":12.5},
        {"id":6,"at":"2030-01-01T00:00:02.500Z","type":"TimerCreated","task":1,"fireAt":"2030-01-01T01:00:00.000Z"},
        {"id":7,"at":"2030-01-01T00:00:02.500Z","type":"EventAwaited","task":2,"name":"approved"},
        {"id":8,"at":"2030-01-01T01:00:00.000Z","type":"TimerFired","task":1},
        {"id":9,"at":"2030-01-01T01:00:00.000Z","type":"EventRaised","name":"Approved","data":null,"key":"00"},
        {"id":10,"at":"2030-01-01T01:00:00.000Z","type":"ExecutionCompleted","output":"done"}
        ]"#;

    #[test]
    fn a_timeline_reads_from_left_to_right() {
        insta::assert_snapshot!(render(&story(ORDER), false), @r#"
        TIME     EVENT  WHAT                TASK  NAME      TOOK    DETAIL
        +0.000s  2      ExecutionStarted          order             {"id":7}
        +0.000s  3      TaskScheduled       #0    charge            "card"
        +1.250s  4      TaskAttemptFailed   #0    charge            timeout: no answer  attempt 1  again at 2030-01-01T00:00:02.000Z
        +2.500s  5      TaskCompleted       #0    charge    2.5s    12.5  attempt 2
        +2.500s  6      TimerCreated        #1                      due 2030-01-01T01:00:00.000Z
        +2.500s  7      EventAwaited        #2    approved
        +1h00m   8      TimerFired          #1              59m57s
        +1h00m   9      EventRaised         #2    Approved  59m57s
        +1h00m   10     ExecutionCompleted                  1h00m   "done"

        1 turn, 1 activity, 1 timer, 1 retry, over 1h00m
        "#);
        assert!(render(&story(ORDER), true).contains("OrchestratorStarted"));
    }

    #[test]
    fn children_are_told_where_they_were_started() {
        let mut parent = story(
            r#"[
            {"id":2,"at":"2030-01-01T00:00:00.000Z","type":"ExecutionStarted","name":"fulfil","input":null},
            {"id":3,"at":"2030-01-01T00:00:00.000Z","type":"SubOrchestrationCreated","task":0,"name":"parcel","instanceId":"a:0"},
            {"id":4,"at":"2030-01-01T00:00:00.000Z","type":"SubOrchestrationCreated","task":1,"name":"parcel","instanceId":"a:1"},
            {"id":7,"at":"2030-01-01T00:00:03.000Z","type":"SubOrchestrationCompleted","task":0,"output":1}
            ]"#,
        );
        let child = story(
            r#"[
            {"id":2,"at":"2030-01-01T00:00:00.100Z","type":"ExecutionStarted","name":"parcel","input":null},
            {"id":3,"at":"2030-01-01T00:00:02.900Z","type":"ExecutionCompleted","output":1}
            ]"#,
        );
        parent.children.insert("a:0".into(), child);
        insta::assert_snapshot!(render(&parent, false), @"
        TIME     EVENT  WHAT                       TASK  NAME    TOOK  DETAIL
        +0.000s  2      ExecutionStarted                 fulfil
        +0.000s  3      SubOrchestrationCreated    #0    parcel        instance a:0
        +0.100s  2        ExecutionStarted               parcel
        +2.900s  3        ExecutionCompleted                     2.8s  1
        +0.000s  4      SubOrchestrationCreated    #1    parcel        instance a:1
        +3.000s  7      SubOrchestrationCompleted  #0    parcel  3.0s  1

        2 children, over 3.0s
        ");
    }

    #[test]
    fn a_line_alone_keeps_its_columns() {
        let story = story(ORDER);
        let mut track = Track::new(at(&story.events[0]));
        let lines: Vec<String> = story.events.iter().map(|event| line(&track.row(event))).collect();
        insta::assert_snapshot!([&[head_line()], &lines[1..5]].concat().join("\n"), @r#"
        TIME       EVENT  WHAT                           TASK  NAME                  TOOK    DETAIL
        +0.000s    2      ExecutionStarted                     order                         {"id":7}
        +0.000s    3      TaskScheduled                  #0    charge                        "card"
        +1.250s    4      TaskAttemptFailed              #0    charge                        timeout: no answer  attempt 1  again at 2030-01-01T00:00:02.000Z
        +2.500s    5      TaskCompleted                  #0    charge                2.5s    12.5  attempt 2
        "#);
    }

    #[test]
    fn events_of_a_newer_server_are_shown_as_far_as_they_are_understood() {
        let story = story(r#"[{"id":1,"at":"later","type":"Teleported","to":"mars","name":"x"}]"#);
        insta::assert_snapshot!(render(&story, false), @"
        TIME   EVENT  WHAT        TASK  NAME  TOOK  DETAIL
        later  1      Teleported        x

        over 0ms
        ");
    }
}
