//! JSON objects that occur in columns as text and in queue messages as such.
//!
//! In columns they are without `$type`; in messages it comes first. Members that are not known are skipped.

use std::collections::BTreeMap;
use std::sync::Arc;

use engine::{Digest, ExecutionId, Failure, InstanceId, Parent, Payload, RetryPolicy, TaskId};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::LayoutError;

/// The compact text of a value.
pub(super) fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("maps have text keys, and no type of ours refuses to be serialised")
}

/// Reads a value; none if it is `null`. `name` is for the error.
pub(super) fn from_text<T: DeserializeOwned>(name: &'static str, text: &str) -> Result<Option<T>, LayoutError> {
    serde_json::from_str(text).map_err(|source| LayoutError::Json { name, source })
}

/// Whether objects say their .NET type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Typing {
    /// As in a column.
    Plain,
    /// As in a message.
    Typed,
}

impl Typing {
    fn of(self, name: &'static str) -> Option<&'static str> {
        (self == Self::Typed).then_some(name)
    }
}

/// The execution that a text names. Those of DurableTask need not be 32 hex digits; such a text stands for an id that
/// is derived from it and never changes.
pub(super) fn execution_of(text: &str) -> ExecutionId {
    text.parse().unwrap_or_else(|_| ExecutionId::from_bytes(derived("execution", text.as_bytes())))
}

/// 16 bytes that stand for others.
pub(super) fn derived(purpose: &str, bytes: &[u8]) -> [u8; 16] {
    let digest = Digest::of(&[b"rondo/azure/1/", purpose.as_bytes(), b"/", bytes].concat());
    let mut derived = [0; 16];
    derived.copy_from_slice(&digest.as_bytes()[..16]);
    derived
}

/// `DurableTask.Core.OrchestrationInstance`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct InstanceRef {
    #[serde(rename = "$type", skip_serializing_if = "Option::is_none", skip_deserializing)]
    type_name: Option<&'static str>,
    pub(super) instance_id: String,
    /// None: whichever execution runs.
    #[serde(default)]
    pub(super) execution_id: Option<String>,
}

impl InstanceRef {
    pub(super) fn new(instance_id: &str, execution_id: Option<ExecutionId>, typing: Typing) -> Self {
        Self {
            type_name: typing.of("DurableTask.Core.OrchestrationInstance"),
            instance_id: instance_id.to_owned(),
            execution_id: execution_id.map(|id| id.to_string()),
        }
    }

    pub(super) fn instance(&self, name: &'static str) -> Result<InstanceId, LayoutError> {
        instance_of(name, &self.instance_id)
    }

    pub(super) fn execution(&self) -> Option<ExecutionId> {
        self.execution_id.as_deref().filter(|id| !id.is_empty()).map(execution_of)
    }
}

/// An instance id; `name` is for the error.
pub(super) fn instance_of(name: &'static str, text: &str) -> Result<InstanceId, LayoutError> {
    InstanceId::new(text).map_err(|source| LayoutError::Id { name, source })
}

/// `DurableTask.Core.ParentInstance`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ParentInstance {
    #[serde(rename = "$type", skip_serializing_if = "Option::is_none", skip_deserializing)]
    type_name: Option<&'static str>,
    #[serde(default)]
    name: Option<String>,
    orchestration_instance: InstanceRef,
    task_schedule_id: i32,
    #[serde(skip_deserializing)]
    version: Option<String>,
    /// Ours; DurableTask has no attempts.
    #[serde(default)]
    rondo_attempt: Option<u32>,
}

impl ParentInstance {
    pub(super) fn new(parent: &Parent, typing: Typing) -> Self {
        let Parent { instance_id, execution_id, name, task, attempt } = parent;
        Self {
            type_name: typing.of("DurableTask.Core.ParentInstance"),
            name: Some(name.clone()),
            orchestration_instance: InstanceRef::new(instance_id.as_str(), Some(*execution_id), typing),
            task_schedule_id: task.0.cast_signed(),
            version: None,
            rondo_attempt: Some(*attempt),
        }
    }

    pub(super) fn read(self) -> Result<Parent, LayoutError> {
        Ok(Parent {
            instance_id: self.orchestration_instance.instance("the parent")?,
            execution_id: self
                .orchestration_instance
                .execution()
                .ok_or(LayoutError::Missing { name: "the parent's execution" })?,
            name: self.name.unwrap_or_default(),
            task: TaskId(self.task_schedule_id.cast_unsigned()),
            attempt: self.rondo_attempt.unwrap_or(1),
        })
    }
}

/// `DurableTask.Core.Tracing.DistributedTraceContext`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct TraceContext {
    #[serde(rename = "$type", skip_serializing_if = "Option::is_none", skip_deserializing)]
    type_name: Option<&'static str>,
    #[serde(default)]
    trace_parent: Option<String>,
    #[serde(default)]
    trace_state: Option<String>,
}

impl TraceContext {
    pub(super) fn new((parent, state): &(String, String), typing: Typing) -> Self {
        Self {
            type_name: typing.of("DurableTask.Core.Tracing.DistributedTraceContext"),
            trace_parent: Some(parent.clone()),
            trace_state: Some(state.clone()),
        }
    }

    /// `traceparent` and `tracestate`.
    pub(super) fn read(self) -> Option<(String, String)> {
        Some((self.trace_parent?, self.trace_state.unwrap_or_default()))
    }
}

/// `DurableTask.Core.FailureDetails`. The details of a failure are a property of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct FailureDetails {
    #[serde(rename = "$type", skip_serializing_if = "Option::is_none", skip_deserializing)]
    type_name: Option<&'static str>,
    #[serde(default)]
    error_type: Option<String>,
    #[serde(default)]
    error_message: Option<String>,
    #[serde(default)]
    stack_trace: Option<String>,
    #[serde(skip_deserializing)]
    inner_failure: Option<Value>,
    #[serde(default)]
    is_non_retriable: bool,
    #[serde(default)]
    properties: Option<BTreeMap<String, Value>>,
}

/// The property of a `FailureDetails` that holds our details.
const DETAILS: &str = "RondoDetails";

impl FailureDetails {
    pub(super) fn new(failure: &Failure, typing: Typing) -> Self {
        let Failure { kind, message, details, non_retriable } = failure;
        let property = |details: &Payload| BTreeMap::from([(DETAILS.to_owned(), details.as_str().into())]);
        Self {
            type_name: typing.of("DurableTask.Core.FailureDetails"),
            error_type: Some(kind.clone()),
            error_message: Some(message.clone()),
            stack_trace: None,
            inner_failure: None,
            is_non_retriable: *non_retriable,
            properties: details.as_ref().map(property),
        }
    }

    pub(super) fn read(self) -> Failure {
        let details = match self.properties.and_then(|mut properties| properties.remove(DETAILS)) {
            Some(Value::String(details)) => Some(details),
            // Of a failure that is not ours, the stack trace is what else there is to know.
            _ => self.stack_trace,
        };
        Failure {
            kind: self.error_type.unwrap_or_default(),
            message: self.error_message.unwrap_or_default(),
            details: details.map(Payload::from),
            non_retriable: self.is_non_retriable,
        }
    }
}

/// The kind of a failure that DurableTask knows only by a reason.
const UNTYPED: &str = "failed";

/// A failure from the three members that DurableTask may describe one with.
pub(super) fn failure_of(
    failure: Option<FailureDetails>,
    reason: Option<&str>,
    details: Option<Payload>,
) -> Result<Failure, LayoutError> {
    match (failure, reason) {
        (Some(failure), _) => Ok(failure.read()),
        (None, Some(reason)) => Ok(Failure { details, ..Failure::new(UNTYPED, reason) }),
        (None, None) => Err(LayoutError::Missing { name: "FailureDetails" }),
    }
}

/// A retry policy; DurableTask has none of the host.
#[expect(clippy::struct_field_names, reason = "they are the names in the JSON")]
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Retry {
    max_attempts: u32,
    first_interval_ms: u64,
    /// As text: JSON knows neither infinity nor every digit.
    backoff_coefficient: String,
    max_interval_ms: Option<u64>,
    retry_timeout_ms: Option<u64>,
    non_retriable_kinds: Vec<String>,
}

impl Retry {
    pub(super) fn new(policy: &RetryPolicy) -> Self {
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
            backoff_coefficient: format!("{backoff_coefficient:?}"),
            max_interval_ms: *max_interval_ms,
            retry_timeout_ms: *retry_timeout_ms,
            non_retriable_kinds: non_retriable_kinds.clone(),
        }
    }

    pub(super) fn read(self) -> Result<RetryPolicy, LayoutError> {
        let coefficient = self.backoff_coefficient.parse();
        Ok(RetryPolicy {
            max_attempts: self.max_attempts,
            first_interval_ms: self.first_interval_ms,
            backoff_coefficient: coefficient.map_err(|_| LayoutError::Malformed { name: "BackoffCoefficient" })?,
            max_interval_ms: self.max_interval_ms,
            retry_timeout_ms: self.retry_timeout_ms,
            non_retriable_kinds: self.non_retriable_kinds,
        })
    }
}

/// Tags as DurableTask writes them: none are `null`.
pub(super) fn tags(tags: &BTreeMap<String, String>) -> Option<&BTreeMap<String, String>> {
    (!tags.is_empty()).then_some(tags)
}

/// The text of a payload, shared.
pub(super) fn shared(payload: Option<&Payload>) -> Option<Arc<str>> {
    payload.cloned().map(Arc::from)
}
