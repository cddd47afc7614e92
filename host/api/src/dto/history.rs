//! The history as it is recorded: one flat object for each event.

use std::collections::BTreeMap;

use engine::{EventKind, HistoryEvent, RetryPolicy};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::{Failed, ParentOf, value};
use crate::times;

/// A part of an execution's history.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HistoryPage {
    /// The instance.
    pub instance_id: String,
    /// The execution that the events belong to; it changes with a continue-as-new.
    pub execution_id: String,
    /// The events, in order.
    #[serde(serialize_with = "one_by_one")]
    #[schema(value_type = Vec<Event>)]
    pub events: Vec<HistoryEvent>,
    /// Where the next page begins; null after the last event recorded so far.
    pub next: Option<u64>,
}

/// Each is turned into what it looks like when it is its turn, so that a page is not in memory twice for that.
fn one_by_one<S: Serializer>(events: &[HistoryEvent], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(events.iter().map(Event::from))
}

/// The same, as a client reads it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the same as in HistoryPage")]
pub struct SeenHistoryPage {
    pub instance_id: String,
    pub execution_id: String,
    pub events: Vec<SeenEvent>,
    pub next: Option<u64>,
}

/// One event.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Event {
    /// Its position, from 1.
    pub id: u64,
    /// When it was recorded: milliseconds.
    pub at: String,
    /// What happened.
    #[serde(flatten)]
    pub fields: EventFields,
}

/// The same, as a client reads it: servers newer than the client may send types and fields that it does not know.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "BTreeMap<String, Box<RawValue>>")]
pub struct SeenEvent {
    /// Its position, from 1.
    pub id: u64,
    /// When it was recorded.
    pub at: String,
    /// What happened.
    pub kind: String,
    /// Everything else, as the server wrote it.
    pub fields: BTreeMap<String, Box<RawValue>>,
}

impl SeenEvent {
    /// A field's value, if it is there and of that type.
    pub fn field<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        serde_json::from_str(self.fields.get(name)?.get()).ok()
    }
}

impl TryFrom<BTreeMap<String, Box<RawValue>>> for SeenEvent {
    type Error = String;

    fn try_from(mut fields: BTreeMap<String, Box<RawValue>>) -> Result<Self, String> {
        let mut take = |name: &str| fields.remove(name).ok_or_else(|| format!("an event without {name}"));
        let (id, at, kind) = (take("id")?, take("at")?, take("type")?);
        let text = |raw: &RawValue| serde_json::from_str(raw.get()).map_err(|error| error.to_string());
        let id = serde_json::from_str(id.get()).map_err(|error| error.to_string())?;
        Ok(Self { id, at: text(&at)?, kind: text(&kind)?, fields })
    }
}

type Value = Option<Box<RawValue>>;

/// The fields of every type of event; see `engine::EventKind` for their meaning.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(tag = "type")]
#[allow(missing_docs, reason = "the meaning of every field is in engine::EventKind")]
pub enum EventFields {
    OrchestratorStarted,
    OrchestratorCompleted,
    #[serde(rename_all = "camelCase")]
    ExecutionStarted {
        execution_id: String,
        name: String,
        version: Option<String>,
        #[schema(value_type = serde_json::Value)]
        input: Value,
        tags: BTreeMap<String, String>,
        parent: Option<ParentOf>,
        scheduled_start: Option<String>,
        created: String,
        component: Option<String>,
        generation: u32,
        engine_revision: u32,
        trace_parent: Option<String>,
        trace_state: Option<String>,
    },
    ExecutionCompleted {
        #[schema(value_type = serde_json::Value)]
        output: Value,
    },
    ExecutionFailed {
        failure: Failed,
    },
    ExecutionTerminated {
        #[schema(value_type = serde_json::Value)]
        reason: Value,
        recurse: bool,
    },
    ExecutionSuspended {
        #[schema(value_type = serde_json::Value)]
        reason: Value,
    },
    ExecutionResumed {
        #[schema(value_type = serde_json::Value)]
        reason: Value,
    },
    ExecutionRewound {
        #[schema(value_type = serde_json::Value)]
        reason: Value,
        /// Events that count as never having happened.
        voided: Vec<u64>,
        /// The event from whose turn on all turns up to this one count as never having happened.
        from: Option<u64>,
    },
    TaskScheduled {
        task: u32,
        name: String,
        #[schema(value_type = serde_json::Value)]
        input: Value,
        retry: Option<Retry>,
    },
    #[serde(rename_all = "camelCase")]
    TaskAttemptFailed {
        task: u32,
        attempt: u32,
        failure: Failed,
        retry_at: String,
    },
    TaskCompleted {
        task: u32,
        #[schema(value_type = serde_json::Value)]
        output: Value,
    },
    TaskFailed {
        task: u32,
        failure: Failed,
    },
    TaskCanceled {
        task: u32,
    },
    #[serde(rename_all = "camelCase")]
    TimerCreated {
        task: u32,
        fire_at: String,
    },
    TimerFired {
        task: u32,
    },
    #[serde(rename_all = "camelCase")]
    SubOrchestrationCreated {
        task: u32,
        name: String,
        instance_id: String,
        version: Option<String>,
        #[schema(value_type = serde_json::Value)]
        input: Value,
        tags: BTreeMap<String, String>,
        retry: Option<Retry>,
        detached: bool,
    },
    #[serde(rename_all = "camelCase")]
    SubOrchestrationAttemptFailed {
        task: u32,
        attempt: u32,
        failure: Failed,
        retry_at: String,
    },
    SubOrchestrationCompleted {
        task: u32,
        #[schema(value_type = serde_json::Value)]
        output: Value,
    },
    SubOrchestrationFailed {
        task: u32,
        failure: Failed,
    },
    EventAwaited {
        task: u32,
        name: String,
    },
    EventRaised {
        name: String,
        #[schema(value_type = serde_json::Value)]
        data: Value,
        key: String,
    },
    #[serde(rename_all = "camelCase")]
    EventSent {
        task: u32,
        instance_id: String,
        name: String,
        #[schema(value_type = serde_json::Value)]
        data: Value,
    },
    /// A type that this part of the host does not know yet.
    Unknown,
}

/// How the host retries.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the meaning of every field is in engine::RetryPolicy")]
pub struct Retry {
    pub max_attempts: u32,
    pub first_interval_ms: u64,
    pub backoff_coefficient: f64,
    pub max_interval_ms: Option<u64>,
    pub retry_timeout_ms: Option<u64>,
    pub non_retriable_kinds: Vec<String>,
}

impl From<&HistoryEvent> for Event {
    fn from(event: &HistoryEvent) -> Self {
        let HistoryEvent { id, at, kind } = event;
        Self { id: id.0, at: times::millis(*at), fields: EventFields::from(kind) }
    }
}

impl From<&EventKind> for EventFields {
    #[allow(clippy::too_many_lines, reason = "one table, one row for each type")]
    fn from(kind: &EventKind) -> Self {
        let json = |payload: &Option<engine::Payload>| payload.as_ref().map(value);
        let policy = |retry: &Option<RetryPolicy>| retry.as_ref().map(Retry::from);
        match kind {
            EventKind::OrchestratorStarted => Self::OrchestratorStarted,
            EventKind::OrchestratorCompleted => Self::OrchestratorCompleted,
            EventKind::ExecutionStarted(started) => {
                let (trace_parent, trace_state) = started.trace_context.clone().unzip();
                Self::ExecutionStarted {
                    execution_id: started.execution_id.to_string(),
                    name: started.name.clone(),
                    version: started.version.clone(),
                    input: json(&started.input),
                    tags: started.tags.clone(),
                    parent: started.parent.as_ref().map(ParentOf::from),
                    scheduled_start: started.scheduled_start.map(times::millis),
                    created: times::millis(started.created_at),
                    component: started.component.map(|digest| digest.to_string()),
                    generation: started.generation,
                    engine_revision: started.engine_revision.0,
                    trace_parent,
                    trace_state,
                }
            }
            EventKind::ExecutionCompleted { output } => Self::ExecutionCompleted { output: json(output) },
            EventKind::ExecutionFailed { failure } => Self::ExecutionFailed { failure: failure.into() },
            EventKind::ExecutionTerminated { reason, recurse } => {
                Self::ExecutionTerminated { reason: json(reason), recurse: *recurse }
            }
            EventKind::ExecutionSuspended { reason } => Self::ExecutionSuspended { reason: json(reason) },
            EventKind::ExecutionResumed { reason } => Self::ExecutionResumed { reason: json(reason) },
            EventKind::ExecutionRewound { reason, voided, from } => Self::ExecutionRewound {
                reason: json(reason),
                voided: voided.iter().map(|id| id.0).collect(),
                from: from.map(|id| id.0),
            },
            EventKind::TaskScheduled { task, name, input, retry } => {
                Self::TaskScheduled { task: task.0, name: name.clone(), input: json(input), retry: policy(retry) }
            }
            EventKind::TaskAttemptFailed { task, attempt, failure, retry_at } => Self::TaskAttemptFailed {
                task: task.0,
                attempt: *attempt,
                failure: failure.into(),
                retry_at: times::millis(*retry_at),
            },
            EventKind::TaskCompleted { task, output } => Self::TaskCompleted { task: task.0, output: json(output) },
            EventKind::TaskFailed { task, failure } => Self::TaskFailed { task: task.0, failure: failure.into() },
            EventKind::TaskCanceled { task } => Self::TaskCanceled { task: task.0 },
            EventKind::TimerCreated { task, fire_at } => {
                Self::TimerCreated { task: task.0, fire_at: times::millis(*fire_at) }
            }
            EventKind::TimerFired { task } => Self::TimerFired { task: task.0 },
            EventKind::SubOrchestrationCreated { task, name, instance_id, version, input, tags, retry, detached } => {
                Self::SubOrchestrationCreated {
                    task: task.0,
                    name: name.clone(),
                    instance_id: instance_id.to_string(),
                    version: version.clone(),
                    input: json(input),
                    tags: tags.clone(),
                    retry: policy(retry),
                    detached: *detached,
                }
            }
            EventKind::SubOrchestrationAttemptFailed { task, attempt, failure, retry_at } => {
                Self::SubOrchestrationAttemptFailed {
                    task: task.0,
                    attempt: *attempt,
                    failure: failure.into(),
                    retry_at: times::millis(*retry_at),
                }
            }
            EventKind::SubOrchestrationCompleted { task, output } => {
                Self::SubOrchestrationCompleted { task: task.0, output: json(output) }
            }
            EventKind::SubOrchestrationFailed { task, failure, ending: _ } => {
                Self::SubOrchestrationFailed { task: task.0, failure: failure.into() }
            }
            EventKind::EventAwaited { task, name } => Self::EventAwaited { task: task.0, name: name.clone() },
            EventKind::EventRaised { name, data, key } => {
                Self::EventRaised { name: name.clone(), data: json(data), key: key.to_string() }
            }
            EventKind::EventSent { task, instance_id, name, data } => Self::EventSent {
                task: task.0,
                instance_id: instance_id.to_string(),
                name: name.clone(),
                data: json(data),
            },
            _ => Self::Unknown,
        }
    }
}

impl From<&RetryPolicy> for Retry {
    fn from(policy: &RetryPolicy) -> Self {
        let RetryPolicy {
            max_attempts,
            first_interval_ms,
            backoff_coefficient,
            max_interval_ms,
            retry_timeout_ms,
            non_retriable_kinds,
        } = policy;
        Self {
            max_attempts: *max_attempts,
            first_interval_ms: *first_interval_ms,
            backoff_coefficient: *backoff_coefficient,
            max_interval_ms: *max_interval_ms,
            retry_timeout_ms: *retry_timeout_ms,
            non_retriable_kinds: non_retriable_kinds.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use engine::{EventId, Failure, Payload, TaskId, Timestamp};

    use super::*;

    fn event(id: u64, kind: EventKind) -> HistoryEvent {
        HistoryEvent { id: EventId(id), at: Timestamp::from_millis(1_500), kind }
    }

    fn json(kind: EventKind) -> String {
        serde_json::to_string(&Event::from(&event(7, kind))).unwrap()
    }

    #[test]
    fn an_event_is_one_flat_object() {
        insta::assert_snapshot!(json(EventKind::OrchestratorStarted), @r#"{"id":7,"at":"1970-01-01T00:00:01.500Z","type":"OrchestratorStarted"}"#);
        insta::assert_snapshot!(json(EventKind::TaskCompleted { task: TaskId(0), output: Some(Payload::from("1.50")) }), @r#"{"id":7,"at":"1970-01-01T00:00:01.500Z","type":"TaskCompleted","task":0,"output":1.50}"#);
        insta::assert_snapshot!(json(EventKind::TaskScheduled {
            task: TaskId(1),
            name: "charge".into(),
            input: None,
            retry: Some(RetryPolicy {
                max_attempts: 3,
                first_interval_ms: 100,
                backoff_coefficient: 2.0,
                max_interval_ms: None,
                retry_timeout_ms: Some(5_000),
                non_retriable_kinds: vec!["card-declined".into()],
            }),
        }), @r#"{"id":7,"at":"1970-01-01T00:00:01.500Z","type":"TaskScheduled","task":1,"name":"charge","input":null,"retry":{"maxAttempts":3,"firstIntervalMs":100,"backoffCoefficient":2.0,"maxIntervalMs":null,"retryTimeoutMs":5000,"nonRetriableKinds":["card-declined"]}}"#);
        insta::assert_snapshot!(json(EventKind::TaskAttemptFailed {
            task: TaskId(1),
            attempt: 1,
            failure: Failure::new("timeout", "no answer"),
            retry_at: Timestamp::from_millis(2_000),
        }), @r#"{"id":7,"at":"1970-01-01T00:00:01.500Z","type":"TaskAttemptFailed","task":1,"attempt":1,"failure":{"kind":"timeout","message":"no answer","nonRetriable":false},"retryAt":"1970-01-01T00:00:02.000Z"}"#);
    }

    #[test]
    fn a_client_reads_what_the_server_writes() {
        let page = HistoryPage {
            instance_id: "a".into(),
            execution_id: "b".into(),
            events: vec![event(1, EventKind::TimerFired { task: TaskId(4) })],
            next: Some(2),
        };
        let read: SeenHistoryPage = serde_json::from_str(&serde_json::to_string(&page).unwrap()).unwrap();
        assert_eq!(read.next, Some(2));
        assert_eq!(read.events[0].kind, "TimerFired");
        assert_eq!((read.events[0].id, read.events[0].at.as_str()), (1, "1970-01-01T00:00:01.500Z"));
        assert_eq!(read.events[0].field("task"), Some(4));
        assert_eq!(read.events[0].field::<u32>("attempt"), None);
    }
}
