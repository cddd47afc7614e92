//! A history as Durable Functions shows it in a status: what was scheduled is merged into its completion, timers apart.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

use engine::{EventKind, Failure, HistoryEvent, Payload, TaskId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::{string, value};
use crate::limits::SHOWN_EVENT_BYTES;
use crate::times;

/// Shared, because a completion shows what its task was given, too.
type Json = Option<Arc<RawValue>>;

/// One entry of `historyEvents`. Which fields there are depends on the type.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase", default)]
pub struct DurableEvent {
    /// What happened: a name of Durable Functions.
    pub event_type: String,
    /// When it was recorded.
    pub timestamp: String,
    /// The orchestration or activity that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function_name: Option<String>,
    /// An external event's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// When that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheduled_time: Option<String>,
    /// The child or receiver.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_id: Option<String>,
    /// When a timer is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fire_at: Option<String>,
    /// How the orchestration ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub orchestration_status: Option<String>,
    /// What went in, if that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = serde_json::Value)]
    pub input: Json,
    /// What came out, if that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = serde_json::Value)]
    pub result: Json,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = serde_json::Value)]
    pub reason: Json,
    /// More about why.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = serde_json::Value)]
    pub details: Json,
}

/// What a status query wants to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shows {
    /// Inputs.
    pub(crate) input: bool,
    /// Results.
    pub(crate) output: bool,
}

/// The entries for a history. Turns, waits for events and what was given up leave none: Durable Functions has no such
/// entries. Failed attempts are told as the failures that Durable Functions records for them.
pub(crate) struct DurableHistory {
    shows: Shows,
    open: BTreeMap<TaskId, Open>,
    /// None where an entry was merged into a later one.
    entries: Vec<Option<DurableEvent>>,
    payload_bytes: Cell<usize>,
}

/// Something that was scheduled, which a completion takes over.
struct Open {
    /// Where its own entry is, as long as it has one.
    entry: Option<usize>,
    scheduled: DurableEvent,
}

impl DurableHistory {
    /// Of nothing yet.
    pub(crate) fn new(shows: Shows) -> Self {
        Self { shows, open: BTreeMap::new(), entries: Vec::new(), payload_bytes: Cell::new(0) }
    }

    /// The entries, in order.
    pub(crate) fn into_entries(self) -> Vec<DurableEvent> {
        self.entries.into_iter().flatten().collect()
    }

    /// About what they take up.
    pub(crate) fn bytes(&self) -> usize {
        self.payload_bytes.get() + self.entries.len() * SHOWN_EVENT_BYTES
    }

    /// The next event.
    pub(crate) fn take(&mut self, HistoryEvent { id: _, at, kind }: &HistoryEvent) {
        let at = *at;
        match kind {
            EventKind::ExecutionStarted(started) => self.add(DurableEvent {
                function_name: Some(started.name.clone()),
                input: self.input(started.input.as_ref()),
                scheduled_time: started.scheduled_start.map(times::millis),
                ..entry("ExecutionStarted", at)
            }),
            EventKind::ExecutionCompleted { output } => self.add(DurableEvent {
                orchestration_status: Some("Completed".to_owned()),
                result: self.output(output.as_ref()),
                ..entry("ExecutionCompleted", at)
            }),
            EventKind::ExecutionFailed { failure } => self.add(DurableEvent {
                orchestration_status: Some("Failed".to_owned()),
                ..self.failed(failure, entry("ExecutionCompleted", at))
            }),
            EventKind::ExecutionTerminated { reason, .. } => self.note("ExecutionTerminated", at, reason.as_ref()),
            EventKind::ExecutionSuspended { reason } => self.note("ExecutionSuspended", at, reason.as_ref()),
            EventKind::ExecutionResumed { reason } => self.note("ExecutionResumed", at, reason.as_ref()),
            EventKind::ExecutionRewound { reason, .. } => self.note("ExecutionRewound", at, reason.as_ref()),
            EventKind::TaskScheduled { task, name, input, .. } => {
                let input = self.input(input.as_ref());
                self.schedule(
                    *task,
                    DurableEvent { function_name: Some(name.clone()), input, ..entry("TaskScheduled", at) },
                );
            }
            EventKind::TaskAttemptFailed { task, failure, retry_at, .. } => {
                self.attempt_failed(*task, self.failed(failure, entry("TaskFailed", at)), *retry_at);
            }
            EventKind::TaskCompleted { task, output } => {
                let result = self.output(output.as_ref());
                self.complete(*task, DurableEvent { result, ..entry("TaskCompleted", at) });
            }
            EventKind::TaskFailed { task, failure } => {
                self.complete(*task, self.failed(failure, entry("TaskFailed", at)));
            }
            EventKind::TimerCreated { task, fire_at } => self.timer_created(*task, *fire_at, at),
            EventKind::TimerFired { task } => self.timer_fired(*task, at),
            EventKind::SubOrchestrationCreated { task, name, instance_id, input, .. } => {
                let input = self.input(input.as_ref());
                self.schedule(
                    *task,
                    DurableEvent {
                        function_name: Some(name.clone()),
                        instance_id: Some(instance_id.to_string()),
                        input,
                        ..entry("SubOrchestrationInstanceCreated", at)
                    },
                );
            }
            EventKind::SubOrchestrationAttemptFailed { task, failure, retry_at, .. } => {
                let entry = self.failed(failure, entry("SubOrchestrationInstanceFailed", at));
                self.attempt_failed(*task, entry, *retry_at);
            }
            EventKind::SubOrchestrationCompleted { task, output } => {
                let result = self.output(output.as_ref());
                self.complete(*task, DurableEvent { result, ..entry("SubOrchestrationInstanceCompleted", at) });
            }
            EventKind::SubOrchestrationFailed { task, failure, ending: _ } => {
                self.complete(*task, self.failed(failure, entry("SubOrchestrationInstanceFailed", at)));
            }
            EventKind::EventRaised { name, data, .. } => self.add(DurableEvent {
                name: Some(name.clone()),
                input: self.input(data.as_ref()),
                ..entry("EventRaised", at)
            }),
            EventKind::EventSent { instance_id, name, data, .. } => self.add(DurableEvent {
                name: Some(name.clone()),
                instance_id: Some(instance_id.to_string()),
                input: self.input(data.as_ref()),
                ..entry("EventSent", at)
            }),
            // The enum may grow; what is not known here is not known to Durable Functions either.
            EventKind::OrchestratorStarted
            | EventKind::OrchestratorCompleted
            | EventKind::TaskCanceled { .. }
            | EventKind::EventAwaited { .. }
            | _ => {}
        }
    }

    fn add(&mut self, entry: DurableEvent) {
        self.entries.push(Some(entry));
    }

    fn note(&mut self, event_type: &str, at: Timestamp, reason: Option<&Payload>) {
        self.add(DurableEvent { reason: reason.map(|reason| self.shown(value(reason))), ..entry(event_type, at) });
    }

    fn schedule(&mut self, task: TaskId, scheduled: DurableEvent) {
        self.open.insert(task, Open { entry: Some(self.entries.len()), scheduled: scheduled.clone() });
        self.add(scheduled);
    }

    /// The completion takes over what was said when it was scheduled, and its entry goes.
    fn complete(&mut self, task: TaskId, completion: DurableEvent) {
        let Some(Open { entry, scheduled }) = self.open.get_mut(&task) else { return self.add(completion) };
        if let Some(entry) = entry.take().and_then(|index| self.entries.get_mut(index)) {
            *entry = None;
        }
        let merged = DurableEvent {
            function_name: scheduled.function_name.clone(),
            instance_id: scheduled.instance_id.clone(),
            fire_at: scheduled.fire_at.clone(),
            input: scheduled.input.clone(),
            scheduled_time: Some(scheduled.timestamp.clone()),
            ..completion
        };
        self.add(merged);
    }

    /// Both entries of a timer stay, as in Durable Functions.
    fn timer_created(&mut self, task: TaskId, fire_at: Timestamp, at: Timestamp) {
        let created = DurableEvent { fire_at: Some(times::millis(fire_at)), ..entry("TimerCreated", at) };
        self.open.insert(task, Open { entry: None, scheduled: created.clone() });
        self.add(created);
    }

    fn timer_fired(&mut self, task: TaskId, at: Timestamp) {
        let fire_at = self.open.get(&task).and_then(|timer| timer.scheduled.fire_at.clone());
        self.add(DurableEvent { fire_at, ..entry("TimerFired", at) });
    }

    /// The attempt that follows counts as scheduled for its time.
    fn attempt_failed(&mut self, task: TaskId, failure: DurableEvent, retry_at: Timestamp) {
        self.complete(task, failure);
        if let Some(open) = self.open.get_mut(&task) {
            open.scheduled.timestamp = times::millis(retry_at);
        }
    }

    fn input(&self, payload: Option<&Payload>) -> Json {
        payload.filter(|_| self.shows.input).map(|payload| self.shown(value(payload)))
    }

    fn output(&self, payload: Option<&Payload>) -> Json {
        payload.filter(|_| self.shows.output).map(|payload| self.shown(value(payload)))
    }

    fn failed(&self, failure: &Failure, entry: DurableEvent) -> DurableEvent {
        let details = failure.details.as_ref().map_or_else(|| string(&failure.kind), value);
        let reason = Some(self.shown(string(&failure.message)));
        DurableEvent { reason, details: Some(self.shown(details)), ..entry }
    }

    fn shown(&self, value: Box<RawValue>) -> Arc<RawValue> {
        self.payload_bytes.set(self.payload_bytes.get() + value.get().len());
        Arc::from(value)
    }
}

fn entry(event_type: &str, at: Timestamp) -> DurableEvent {
    DurableEvent { event_type: event_type.to_owned(), timestamp: times::millis(at), ..DurableEvent::default() }
}

#[cfg(test)]
mod tests {
    use engine::{EventId, ExecutionId, ExecutionStarted};

    use super::*;

    fn history(kinds: Vec<EventKind>) -> Vec<HistoryEvent> {
        let at = |second: u64| Timestamp::from_millis(second * 1_000);
        (1..).zip(kinds).map(|(id, kind)| HistoryEvent { id: EventId(id), at: at(id), kind }).collect()
    }

    fn lines(kinds: Vec<EventKind>, shows: Shows) -> String {
        let mut shown = DurableHistory::new(shows);
        for event in &history(kinds) {
            shown.take(event);
        }
        shown.into_entries().iter().map(|entry| serde_json::to_string(entry).unwrap() + "\n").collect()
    }

    const ALL: Shows = Shows { input: true, output: true };

    fn charge(task: u32) -> EventKind {
        EventKind::TaskScheduled { task: TaskId(task), name: "charge".into(), input: Some("7".into()), retry: None }
    }

    fn started() -> EventKind {
        EventKind::ExecutionStarted(Box::new(ExecutionStarted {
            input: Some(r#"{"id":7}"#.into()),
            ..ExecutionStarted::new(ExecutionId::from_bytes([1; 16]), "order", Timestamp::default())
        }))
    }

    #[test]
    fn only_what_is_shown_is_counted() {
        let bytes = |shows| {
            let mut shown = DurableHistory::new(shows);
            for event in &history(vec![started(), charge(0), charge(1)]) {
                shown.take(event);
            }
            shown.bytes()
        };
        assert_eq!(bytes(Shows { input: false, output: true }), 3 * SHOWN_EVENT_BYTES);
        assert_eq!(bytes(ALL), 3 * SHOWN_EVENT_BYTES + r#"{"id":7}77"#.len());
    }

    #[test]
    fn what_was_scheduled_is_merged_into_its_completion() {
        let kinds = vec![
            EventKind::OrchestratorStarted,
            started(),
            charge(0),
            charge(1),
            EventKind::OrchestratorCompleted,
            EventKind::TaskCompleted { task: TaskId(1), output: Some("1.50".into()) },
            EventKind::TimerCreated { task: TaskId(2), fire_at: Timestamp::from_millis(60_000) },
            EventKind::TimerFired { task: TaskId(2) },
            EventKind::ExecutionCompleted { output: Some("\"done\"".into()) },
        ];
        insta::assert_snapshot!(lines(kinds.clone(), ALL), @r#"
        {"EventType":"ExecutionStarted","Timestamp":"1970-01-01T00:00:02.000Z","FunctionName":"order","Input":{"id":7}}
        {"EventType":"TaskScheduled","Timestamp":"1970-01-01T00:00:03.000Z","FunctionName":"charge","Input":7}
        {"EventType":"TaskCompleted","Timestamp":"1970-01-01T00:00:06.000Z","FunctionName":"charge","ScheduledTime":"1970-01-01T00:00:04.000Z","Input":7,"Result":1.50}
        {"EventType":"TimerCreated","Timestamp":"1970-01-01T00:00:07.000Z","FireAt":"1970-01-01T00:01:00.000Z"}
        {"EventType":"TimerFired","Timestamp":"1970-01-01T00:00:08.000Z","FireAt":"1970-01-01T00:01:00.000Z"}
        {"EventType":"ExecutionCompleted","Timestamp":"1970-01-01T00:00:09.000Z","OrchestrationStatus":"Completed","Result":"done"}
        "#);
        let nothing = Shows { input: false, output: false };
        let lean = lines(kinds, nothing);
        assert!(!lean.contains("Input") && !lean.contains("Result"), "{lean}");
    }

    #[test]
    fn an_attempt_that_failed_is_a_failure_and_the_next_one_is_scheduled_for_its_time() {
        let kinds = vec![
            charge(0),
            EventKind::TaskAttemptFailed {
                task: TaskId(0),
                attempt: 1,
                failure: Failure::new("timeout", "no answer"),
                retry_at: Timestamp::from_millis(30_000),
            },
            EventKind::TaskCompleted { task: TaskId(0), output: None },
        ];
        insta::assert_snapshot!(lines(kinds, ALL), @r#"
        {"EventType":"TaskFailed","Timestamp":"1970-01-01T00:00:02.000Z","FunctionName":"charge","ScheduledTime":"1970-01-01T00:00:01.000Z","Input":7,"Reason":"no answer","Details":"timeout"}
        {"EventType":"TaskCompleted","Timestamp":"1970-01-01T00:00:03.000Z","FunctionName":"charge","ScheduledTime":"1970-01-01T00:00:30.000Z","Input":7}
        "#);
    }

    #[test]
    fn children_events_and_ends_have_the_names_of_durable_functions() {
        let child = |task| EventKind::SubOrchestrationCreated {
            task: TaskId(task),
            name: "parcel".into(),
            instance_id: engine::InstanceId::new("order-1:0").unwrap(),
            version: None,
            input: None,
            tags: BTreeMap::new(),
            retry: None,
            detached: false,
        };
        let kinds = vec![
            child(0),
            EventKind::EventAwaited { task: TaskId(1), name: "go".into() },
            EventKind::EventRaised {
                name: "go".into(),
                data: Some("plain text".into()),
                key: engine::EventKey::from_bytes([0; 16]),
            },
            EventKind::SubOrchestrationFailed {
                task: TaskId(0),
                failure: Failure::new("gone", "it is lost"),
                ending: None,
            },
            child(2),
            EventKind::ExecutionFailed { failure: Failure::new("gone", "it is lost") },
            EventKind::ExecutionTerminated { reason: Some("no longer needed".into()), recurse: false },
        ];
        insta::assert_snapshot!(lines(kinds, ALL), @r#"
        {"EventType":"EventRaised","Timestamp":"1970-01-01T00:00:03.000Z","Name":"go","Input":"plain text"}
        {"EventType":"SubOrchestrationInstanceFailed","Timestamp":"1970-01-01T00:00:04.000Z","FunctionName":"parcel","ScheduledTime":"1970-01-01T00:00:01.000Z","InstanceId":"order-1:0","Reason":"it is lost","Details":"gone"}
        {"EventType":"SubOrchestrationInstanceCreated","Timestamp":"1970-01-01T00:00:05.000Z","FunctionName":"parcel","InstanceId":"order-1:0"}
        {"EventType":"ExecutionCompleted","Timestamp":"1970-01-01T00:00:06.000Z","OrchestrationStatus":"Failed","Reason":"it is lost","Details":"gone"}
        {"EventType":"ExecutionTerminated","Timestamp":"1970-01-01T00:00:07.000Z","Reason":"no longer needed"}
        "#);
    }
}
