//! The JSON of a queue message. Members that are only written are skipped when read, whatever they hold.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::super::json::{FailureDetails, InstanceRef, ParentInstance, TraceContext};

/// A class of history event that is sent: its `$type`, its `EventType`, and the word in names of blobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Class {
    pub(super) type_name: &'static str,
    pub(super) number: i32,
    pub(super) word: &'static str,
}

macro_rules! classes {
    ($($name:ident, $class:literal, $word:literal, $number:literal;)*) => {
        $(pub(super) const $name: Class =
            Class { type_name: concat!("DurableTask.Core.History.", $class), number: $number, word: $word };)*
        /// All of them.
        pub(super) const CLASSES: &[Class] = &[$($name),*];
    };
}

classes! {
    EXECUTION_STARTED, "ExecutionStartedEvent", "ExecutionStarted", 0;
    EXECUTION_TERMINATED, "ExecutionTerminatedEvent", "ExecutionTerminated", 3;
    TASK_SCHEDULED, "TaskScheduledEvent", "TaskScheduled", 4;
    TASK_COMPLETED, "TaskCompletedEvent", "TaskCompleted", 5;
    TASK_FAILED, "TaskFailedEvent", "TaskFailed", 6;
    CHILD_COMPLETED, "SubOrchestrationInstanceCompletedEvent", "SubOrchestrationInstanceCompleted", 8;
    CHILD_FAILED, "SubOrchestrationInstanceFailedEvent", "SubOrchestrationInstanceFailed", 9;
    TIMER_FIRED, "TimerFiredEvent", "TimerFired", 11;
    EVENT_RAISED, "EventRaisedEvent", "EventRaised", 15;
    GENERIC, "GenericEvent", "GenericEvent", 17;
    EXECUTION_SUSPENDED, "ExecutionSuspendedEvent", "ExecutionSuspended", 19;
    EXECUTION_RESUMED, "ExecutionResumedEvent", "ExecutionResumed", 20;
    EXECUTION_REWOUND, "ExecutionRewoundEvent", "ExecutionRewound", 21;
}

/// `DurableTask.AzureStorage.MessageData`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct MessageData {
    #[serde(rename = "$type", skip_deserializing)]
    pub(super) type_name: &'static str,
    #[serde(default)]
    pub(super) activity_id: Option<String>,
    #[serde(default)]
    pub(super) task_message: Option<TaskMessage>,
    #[serde(default)]
    pub(super) compressed_blob_name: Option<String>,
    #[serde(skip_deserializing)]
    pub(super) sequence_number: u64,
    /// Null is read.
    #[serde(default)]
    pub(super) sender: Option<Sender>,
    #[serde(skip_deserializing)]
    pub(super) serializable_trace_context: (),
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) rondo: Option<Rondo>,
}

/// The name of the type of [`MessageData`].
pub(super) const MESSAGE_DATA: &str = "DurableTask.AzureStorage.MessageData";

/// Who sent it; without a type there, and empty for clients.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Sender {
    #[serde(default)]
    pub(super) instance_id: String,
    #[serde(skip_deserializing)]
    pub(super) execution_id: String,
}

/// `DurableTask.Core.TaskMessage`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct TaskMessage {
    #[serde(rename = "$type", skip_deserializing)]
    pub(super) type_name: &'static str,
    pub(super) event: Event,
    #[serde(skip_deserializing)]
    pub(super) sequence_number: u64,
    pub(super) orchestration_instance: InstanceRef,
    #[serde(skip_deserializing)]
    pub(super) orchestration_execution_context: (),
}

/// The name of the type of [`TaskMessage`].
pub(super) const TASK_MESSAGE: &str = "DurableTask.Core.TaskMessage";

/// A history event of any class; each class has some of these members.
#[expect(clippy::struct_field_names, reason = "they are the names in the JSON")]
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Event {
    #[serde(rename = "$type")]
    pub(super) type_name: String,
    #[serde(skip_deserializing)]
    pub(super) event_type: i32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) orchestration_instance: Option<InstanceRef>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) parent_instance: Option<ParentInstance>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) input: Option<Arc<str>>,
    /// May hold a `$type` when read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) tags: Option<BTreeMap<String, Option<String>>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) parent_trace_context: Option<TraceContext>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) scheduled_start_time: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) task_scheduled_id: Option<i32>,
    #[serde(skip_deserializing, skip_serializing_if = "Option::is_none")]
    pub(super) timer_id: Option<i32>,
    #[serde(skip_deserializing, skip_serializing_if = "Option::is_none")]
    pub(super) fire_at: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) result: Option<Arc<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<Arc<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) details: Option<Arc<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) failure_details: Option<FailureDetails>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) data: Option<Arc<str>>,
    pub(super) event_id: i32,
    #[serde(skip_deserializing)]
    pub(super) is_played: bool,
    #[serde(default)]
    pub(super) timestamp: Option<String>,
}

/// What DurableTask has no member for; present in every message of ours. Persisted: names never change.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Rondo {
    /// Of an external event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) event_key: Option<String>,
    /// Of an activity or a child, and of its result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) attempt: Option<u32>,
    /// The component to run on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) component: Option<String>,
    /// Of a start: how many continue-as-new came before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) generation: Option<u32>,
    /// Of a rewind: the event from whose turn on everything is void.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) to_event: Option<u64>,
    /// What a start may replace: empty for nothing, or an execution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) replaces: Option<String>,
    /// Of a start by an orchestration: its row was inserted before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) has_row: bool,
    /// Of a termination: children too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) recurse: bool,
    /// Of a start: when its instance was created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) created_at_ms: Option<u64>,
    /// Of a start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) scheduled_start_ms: Option<u64>,
    /// Of a start, if .NET would misread one of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) tags: Option<BTreeMap<String, String>>,
    /// Of a client's termination: which execution is meant. In the addressee earlier builds would take it for the only
    /// generation that is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) execution: Option<String>,
    /// Of a rewind: the parent that waits for an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) asker: Option<ParentInstance>,
    /// Of a rewind: a child that has failed is not reopened.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) only_asks: bool,
    /// Of a child's failure: which of its endings it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) ending: Option<u64>,
    /// A message without a form of its own, as `store` encodes it, in Base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) encoded: Option<String>,
}
