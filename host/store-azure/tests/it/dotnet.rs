//! What clients of DurableTask for .NET do to an account, request by request.

use std::time::Duration;

use azure::fake::FakeMedium;
use azure::{Condition, Entity, Key, Query, Queue, Queues as _, Table, Tables as _, Value, Verb, Versioned, Write};
use futures_util::FutureExt as _;
use store::Clock as _;

use crate::world::World;

/// A client of a hub with one partition.
pub(crate) struct DotNet<'a> {
    pub(crate) world: &'a World,
}

/// What it creates.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Creation<'a> {
    pub(crate) instance: &'a str,
    pub(crate) program: &'a str,
    /// 32 hex digits.
    pub(crate) execution: &'a str,
    pub(crate) input: Option<&'a str>,
    /// Seconds from now.
    pub(crate) starts_in: Option<u64>,
}

impl DotNet<'_> {
    fn medium(&self) -> FakeMedium {
        self.world.account()
    }

    fn now(&self) -> u64 {
        self.world.clock.now().as_millis()
    }

    /// The row of an instance, as it is stored.
    pub(crate) async fn row(&self, instance: &str) -> Option<Versioned> {
        self.medium().get(Table::Instances, &instance_key(instance)).await.unwrap()
    }

    /// Creates an instance, whatever has its id, as a client without options does: looks at the row, puts the start,
    /// writes the row in the place of the one it has seen.
    pub(crate) async fn create(&self, creation: Creation<'_>) {
        let Creation { instance, program, execution, input, starts_in } = creation;
        let existing = self.row(instance).await;
        let old_generation = existing.as_ref().map(|row| row.entity.int("Generation").unwrap().unwrap_or_default());
        let generation = old_generation.map_or(0, |old| old + 1);
        let starts_at = starts_in.map(|seconds| self.now() + seconds * 1_000);
        let json = |text: Option<&str>| serde_json::to_string(&text).unwrap();
        let members = format!(
            r#""OrchestrationInstance":{{"$type":"DurableTask.Core.OrchestrationInstance","InstanceId":"{instance}",
            "ExecutionId":"{execution}"}},"EventType":0,"ParentInstance":null,"Name":"{program}","Version":"",
            "Input":{},"Tags":null,"Correlation":null,"ScheduledStartTime":{},"Generation":{generation},
            "ParentTraceContext":null"#,
            json(input),
            json(starts_at.map(iso).as_deref()),
        );
        let delay = Duration::from_secs(starts_in.unwrap_or_default());
        self.put(instance, Some(execution), "ExecutionStartedEvent", &members, delay).await;
        let mut row = Entity::new();
        row.set_some("Input", input.map(|input| Value::Text(input.to_owned())));
        row.set_some("ScheduledStartTime", starts_at.map(Value::Time));
        for (column, text) in [
            ("Name", program),
            ("Version", ""),
            ("RuntimeStatus", "Pending"),
            ("TaskHubName", "Test"),
            ("ExecutionId", execution),
            ("Tags", "null"),
        ] {
            row.set(column, Value::Text(text.to_owned()));
        }
        row.set("CreatedTime", Value::Time(self.now()));
        row.set("LastUpdatedTime", Value::Time(self.now()));
        row.set("Generation", Value::Int(generation));
        let verb = match existing {
            None => Verb::Insert(row),
            Some(seen) => Verb::Replace(row, Condition::Match(seen.etag)),
        };
        self.medium().write(Table::Instances, Write { key: instance_key(instance), verb }).await.unwrap();
    }

    /// Terminates whatever runs.
    pub(crate) async fn terminate(&self, instance: &str, reason: &str) {
        let members = format!(r#""EventType":3,"Input":"{reason}""#);
        self.put(instance, None, "ExecutionTerminatedEvent", &members, Duration::ZERO).await;
    }

    /// Rewinds an instance: clears its failures and those of its children, then wakes the deepest.
    pub(crate) async fn rewind(&self, instance: &str, reason: &str) {
        for leaf in self.rewind_history(instance.to_owned()).await {
            let members = format!(r#""EventType":17,"Data":"{reason}""#);
            self.put(&leaf, None, "GenericEvent", &members, Duration::ZERO).await;
        }
    }

    /// Answers the deepest failed instances.
    async fn rewind_history(&self, instance: String) -> Vec<String> {
        let rows = self.medium().query(Table::History, &Query::partition(&instance)).await.unwrap().entities;
        let text = |row: &Versioned, column| row.entity.text(column).unwrap().unwrap_or_default().to_owned();
        let newest =
            rows.iter().filter(|row| text(row, "EventType") == "OrchestratorStarted").max_by_key(|row| &row.key.row);
        let execution = text(newest.unwrap(), "ExecutionId");
        let is_of_execution = |row: &&Versioned| text(row, "ExecutionId") == execution && row.key.row != "sentinel";
        let rows: Vec<&Versioned> = rows.iter().filter(is_of_execution).collect();
        let is_failed = |row: &&&Versioned| {
            text(row, "OrchestrationStatus") == "Failed"
                || ["TaskFailed", "SubOrchestrationInstanceFailed"].contains(&text(row, "EventType").as_str())
        };
        let scheduled = |failed: &Versioned, event_type: &str| {
            let task = failed.entity.int("TaskScheduledId").unwrap().unwrap_or_default();
            let is_it = |row: &&&Versioned| {
                text(row, "EventType") == event_type && row.entity.int("EventId").unwrap() == Some(task)
            };
            // The client fails without one.
            (*rows.iter().find(is_it).unwrap()).clone()
        };
        let mut leaves = Vec::new();
        let mut has_failed_children = false;
        for failed in rows.iter().filter(is_failed) {
            match text(failed, "EventType").as_str() {
                "TaskFailed" => self.clear(scheduled(failed, "TaskScheduled"), true).await,
                "SubOrchestrationInstanceFailed" => {
                    has_failed_children = true;
                    let created = scheduled(failed, "SubOrchestrationInstanceCreated");
                    let child = text(&created, "InstanceId");
                    self.clear(created, false).await;
                    leaves.extend(self.rewind_history(child).boxed_local().await);
                }
                _ => {}
            }
            self.clear((*failed).clone(), true).await;
        }
        let mut pending = Entity::new();
        pending.set("RuntimeStatus", Value::Text("Pending".to_owned()));
        pending.set("LastUpdatedTime", Value::Time(self.now()));
        let verb = Verb::Merge(pending, Condition::Any);
        self.medium().write(Table::Instances, Write { key: instance_key(&instance), verb }).await.unwrap();
        if !has_failed_children {
            leaves.push(instance);
        }
        leaves
    }

    async fn clear(&self, row: Versioned, is_generic: bool) {
        let Versioned { key, mut entity, etag } = row;
        let event_type = entity.text("EventType").unwrap().unwrap_or_default().to_owned();
        entity.set("Reason", Value::Text(format!("Rewound: {event_type}")));
        if is_generic {
            entity.set("EventType", Value::Text("GenericEvent".to_owned()));
        }
        let verb = Verb::Replace(entity, Condition::Match(etag));
        self.medium().write(Table::History, Write { key, verb }).await.unwrap();
    }

    async fn put(&self, instance: &str, execution: Option<&str>, class: &str, members: &str, delay: Duration) {
        let execution = serde_json::to_string(&execution).unwrap();
        let activity = u128::from(fastrand::u64(..));
        let text = format!(
            r#"{{"$type":"DurableTask.AzureStorage.MessageData","ActivityId":"{activity:032x}",
            "TaskMessage":{{"$type":"DurableTask.Core.TaskMessage","Event":{{
            "$type":"DurableTask.Core.History.{class}",{members},"EventId":-1,"IsPlayed":false,
            "Timestamp":"{}"}},"SequenceNumber":0,"OrchestrationInstance":{{
            "$type":"DurableTask.Core.OrchestrationInstance","InstanceId":"{instance}","ExecutionId":{execution}}},
            "OrchestrationExecutionContext":null}},"CompressedBlobName":null,"SequenceNumber":17,"Episode":1,
            "Sender":{{"InstanceId":"","ExecutionId":""}},"SerializableTraceContext":null}}"#,
            iso(self.now())
        );
        self.medium().put(Queue::Control(0), &text, delay).await.unwrap();
    }
}

fn instance_key(instance: &str) -> Key {
    Key { partition: instance.to_owned(), row: String::new() }
}

/// A time as JSON of .NET has it.
fn iso(ms: u64) -> String {
    jiff::Timestamp::from_millisecond(i64::try_from(ms).unwrap()).unwrap().to_string()
}
