//! The status of an instance: the Durable Functions fields, then Rondo's own.

use std::collections::BTreeMap;

use engine::{Failure, Parent, RuntimeStatus};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use store::{HeldReason, InstanceRow};
use utoipa::ToSchema;

use super::{DurableEvent, string, value};
use crate::times;

/// What a status query shows of an instance.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InstanceStatus {
    /// The orchestration.
    pub name: String,
    /// The instance.
    pub instance_id: String,
    /// `Pending`, `Running`, `Suspended`, `Completed`, `Failed` or `Terminated`.
    pub runtime_status: String,
    /// The input, unless the query did not want it.
    #[schema(value_type = serde_json::Value)]
    pub input: Option<Box<RawValue>>,
    /// What the orchestration wants shown.
    #[schema(value_type = serde_json::Value)]
    pub custom_status: Option<Box<RawValue>>,
    /// The result; the reason of a termination; the message of a failure.
    #[schema(value_type = serde_json::Value)]
    pub output: Option<Box<RawValue>>,
    /// What has happened, if the query wants it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history_events: Option<Vec<DurableEvent>>,
    /// When it was created: whole seconds, as Durable Functions clients expect.
    pub created_time: String,
    /// When its last turn was: whole seconds.
    pub last_updated_time: String,
    /// This generation of the instance.
    pub execution_id: String,
    /// How many continue-as-new came before.
    pub generation: u32,
    /// The version text it was started with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The tags it was started with.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// The digest of the component it is pinned to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub component: Option<String>,
    /// Why it is not being worked on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<Held>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failed>,
    /// Who waits for its result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<ParentOf>,
    /// When it may begin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheduled_start: Option<String>,
    /// When it ended: milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_time: Option<String>,
    /// When it goes on by itself, if a timer or a retry is due: milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wake_time: Option<String>,
    /// From its creation to its end, or to its last turn.
    pub elapsed_ms: u64,
    /// The position of the last event of its history.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_event: Option<u64>,
    /// Grows with every change; what `wait?seen=` takes.
    pub revision: u64,
}

/// Why an instance is held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Held {
    /// A stable code.
    pub code: String,
    /// What is wrong and what to do.
    pub message: String,
    /// Since when.
    pub since: String,
}

/// Why something failed.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Failed {
    /// A short, stable name.
    pub kind: String,
    /// One sentence.
    pub message: String,
    /// Anything else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = serde_json::Value)]
    pub details: Option<Box<RawValue>>,
    /// Whether trying again cannot help.
    pub non_retriable: bool,
}

/// Who waits for an instance's result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ParentOf {
    /// The parent's instance.
    pub instance_id: String,
    /// The parent's execution.
    pub execution_id: String,
    /// The parent's orchestration.
    pub name: String,
    /// The parent's task.
    pub task: u32,
    /// Which attempt of that task, from 1.
    pub attempt: u32,
}

/// How many instances a purge deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Purged {
    /// That many.
    pub instances_deleted: u64,
}

impl InstanceStatus {
    /// The status of a row.
    pub fn of(row: &InstanceRow, shows_input: bool) -> Self {
        let InstanceRow { state, held, last_event, revision, wake_at } = row;
        let output = state.output.as_ref().map(value);
        let failure_message = || state.failure.as_ref().map(|failure| string(&failure.message));
        Self {
            name: state.name.clone(),
            instance_id: state.instance_id.to_string(),
            runtime_status: state.status.name().to_owned(),
            input: state.input.as_ref().filter(|_| shows_input).map(value),
            custom_status: state.custom_status.as_ref().map(value),
            output: output.or_else(failure_message),
            history_events: None,
            created_time: times::seconds(state.created_at),
            last_updated_time: times::seconds(state.updated_at),
            execution_id: state.execution_id.to_string(),
            generation: state.generation,
            version: state.version.clone(),
            tags: state.tags.clone(),
            component: state.component.map(|digest| digest.to_string()),
            held: held.as_ref().map(Held::from),
            failure: state.failure.as_ref().map(Failed::from),
            parent: state.parent.as_ref().map(ParentOf::from),
            scheduled_start: state.scheduled_start.map(times::millis),
            completed_time: state.completed_at.map(times::millis),
            wake_time: wake_at.map(times::millis),
            elapsed_ms: {
                let elapsed = state.completed_at.unwrap_or(state.updated_at).saturating_since(state.created_at);
                u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
            },
            last_event: last_event.map(|id| id.0),
            revision: *revision,
        }
    }

    /// Whether it has ended.
    pub fn is_ended(&self) -> bool {
        status_from_name(&self.runtime_status).is_some_and(RuntimeStatus::is_terminal)
    }
}

/// The status of a name, in any case of its letters.
pub fn status_from_name(name: &str) -> Option<RuntimeStatus> {
    RuntimeStatus::ALL.into_iter().find(|status| status.name().eq_ignore_ascii_case(name))
}

impl From<&HeldReason> for Held {
    fn from(held: &HeldReason) -> Self {
        let HeldReason { code, message, since } = held;
        Self { code: code.clone(), message: message.clone(), since: times::millis(*since) }
    }
}

impl From<&Failure> for Failed {
    fn from(failure: &Failure) -> Self {
        let Failure { kind, message, details, non_retriable } = failure;
        Self {
            kind: kind.clone(),
            message: message.clone(),
            details: details.as_ref().map(value),
            non_retriable: *non_retriable,
        }
    }
}

impl From<&Parent> for ParentOf {
    fn from(parent: &Parent) -> Self {
        let Parent { instance_id, execution_id, name, task, attempt } = parent;
        Self {
            instance_id: instance_id.to_string(),
            execution_id: execution_id.to_string(),
            name: name.clone(),
            task: task.0,
            attempt: *attempt,
        }
    }
}

#[cfg(test)]
mod tests {
    use engine::{Digest, EventId, ExecutionId, InstanceId, Payload, TaskId, Timestamp};

    use super::*;
    use crate::testing::row;

    #[test]
    fn the_shortest_status_is_fixed() {
        let status = InstanceStatus::of(&row("a", RuntimeStatus::Pending), true);
        insta::assert_snapshot!(serde_json::to_string_pretty(&status).unwrap(), @r#"
        {
          "name": "order",
          "instanceId": "a",
          "runtimeStatus": "Pending",
          "input": null,
          "customStatus": null,
          "output": null,
          "createdTime": "1970-01-01T00:00:01Z",
          "lastUpdatedTime": "1970-01-01T00:00:02Z",
          "executionId": "01010101010101010101010101010101",
          "generation": 0,
          "elapsedMs": 1500,
          "revision": 1
        }
        "#);
    }

    #[test]
    fn the_longest_status_is_fixed() {
        let mut row = row("a", RuntimeStatus::Failed);
        row.state.input = Some(Payload::from("[1, 2]"));
        row.state.custom_status = Some(Payload::from("half done"));
        row.state.version = Some("2".into());
        row.state.tags = [("team".into(), "x".into())].into();
        row.state.component = Some(Digest::from_bytes([0xab; 32]));
        row.state.failure = Some(Failure {
            kind: "card-declined".into(),
            message: "no money".into(),
            details: Some(Payload::from(r#"{"code":7}"#)),
            non_retriable: true,
        });
        row.state.parent = Some(Parent {
            instance_id: InstanceId::new("p").unwrap(),
            execution_id: ExecutionId::from_bytes([2; 16]),
            name: "order".into(),
            task: TaskId(3),
            attempt: 1,
        });
        row.state.scheduled_start = Some(Timestamp::from_millis(1_000));
        row.state.completed_at = Some(Timestamp::from_millis(3_500));
        row.held = Some(HeldReason {
            code: "nondeterminism".into(),
            message: "deploy matching code".into(),
            since: Timestamp::from_millis(2_000),
        });
        row.last_event = Some(EventId(9));
        row.wake_at = Some(Timestamp::from_millis(4_000));
        let status = InstanceStatus::of(&row, true);
        insta::assert_snapshot!(serde_json::to_string_pretty(&status).unwrap(), @r#"
        {
          "name": "order",
          "instanceId": "a",
          "runtimeStatus": "Failed",
          "input": [1, 2],
          "customStatus": "half done",
          "output": "no money",
          "createdTime": "1970-01-01T00:00:01Z",
          "lastUpdatedTime": "1970-01-01T00:00:02Z",
          "executionId": "01010101010101010101010101010101",
          "generation": 0,
          "version": "2",
          "tags": {
            "team": "x"
          },
          "component": "abababababababababababababababababababababababababababababababab",
          "held": {
            "code": "nondeterminism",
            "message": "deploy matching code",
            "since": "1970-01-01T00:00:02.000Z"
          },
          "failure": {
            "kind": "card-declined",
            "message": "no money",
            "details": {"code":7},
            "nonRetriable": true
          },
          "parent": {
            "instanceId": "p",
            "executionId": "02020202020202020202020202020202",
            "name": "order",
            "task": 3,
            "attempt": 1
          },
          "scheduledStart": "1970-01-01T00:00:01.000Z",
          "completedTime": "1970-01-01T00:00:03.500Z",
          "wakeTime": "1970-01-01T00:00:04.000Z",
          "elapsedMs": 2300,
          "lastEvent": 9,
          "revision": 1
        }
        "#);
    }

    #[test]
    fn a_client_reads_what_the_server_writes() {
        let written = InstanceStatus::of(&row("a", RuntimeStatus::Completed), true);
        let text = serde_json::to_string(&written).unwrap();
        let read: InstanceStatus = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), text);
        assert!(read.is_ended());
    }

    #[test]
    fn the_input_can_be_left_out() {
        let mut row = row("a", RuntimeStatus::Running);
        row.state.input = Some(Payload::from("1"));
        assert!(InstanceStatus::of(&row, false).input.is_none());
    }
}
