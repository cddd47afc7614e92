//! What a client does.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use azure::{Condition, Entity, Error, Key, Medium, Query, Queue, Table, Value, Verb, Versioned, Write};
use futures_util::FutureExt as _;

use crate::placement::{control_queue, partition_key};

/// A client of a hub.
pub struct DotNet {
    medium: Arc<dyn Medium>,
    hub: String,
    partitions: u8,
    /// Milliseconds since 1970.
    now: Box<dyn Fn() -> u64 + Send + Sync>,
}

/// What it creates.
#[derive(Debug, Clone, Copy, Default)]
pub struct Creation<'a> {
    /// The id.
    pub instance: &'a str,
    /// The orchestration's name.
    pub program: &'a str,
    /// 32 hex digits.
    pub execution: &'a str,
    /// Its input, as text.
    pub input: Option<&'a str>,
    /// What it is marked with.
    pub tags: &'a [(&'a str, &'a str)],
    /// Seconds from now.
    pub starts_in: Option<u64>,
}

/// Where a client throws an exception.
#[derive(Debug, thiserror::Error)]
pub enum DotNetError {
    /// Storage did not do what was asked.
    #[error(transparent)]
    Storage(#[from] Error),
    /// A row is not as the client expects it.
    #[error("{0}")]
    Row(String),
}

impl fmt::Debug for DotNet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DotNet").field("hub", &self.hub).finish_non_exhaustive()
    }
}

impl DotNet {
    /// A client of that hub, by a clock that says milliseconds since 1970.
    pub fn new(
        medium: Arc<dyn Medium>,
        hub: &impl ToString,
        partitions: u8,
        now: impl Fn() -> u64 + Send + Sync + 'static,
    ) -> Self {
        Self { medium, hub: hub.to_string(), partitions, now: Box::new(now) }
    }

    fn now(&self) -> u64 {
        (self.now)()
    }

    /// The row of an instance, as it is stored.
    ///
    /// # Errors
    /// Storage fails.
    pub async fn row(&self, instance: &str) -> Result<Option<Versioned>, DotNetError> {
        Ok(self.medium.get(Table::Instances, &instance_key(instance)).await?)
    }

    /// Creates an instance, whatever has its id, as a client without options does: looks at the row, puts the start,
    /// writes the row in the place of the one it has seen.
    ///
    /// # Errors
    /// Storage fails, or somebody has changed the row meanwhile.
    pub async fn create(&self, creation: Creation<'_>) -> Result<(), DotNetError> {
        let Creation { instance, program, execution, input, tags, starts_in } = creation;
        let existing = self.row(instance).await?;
        let old_generation = existing.as_ref().map(|row| int(row, "Generation").unwrap_or_default());
        let generation = old_generation.map_or(0, |old| old + 1);
        let starts_at = starts_in.map(|seconds| self.now() + seconds * 1_000);
        let tags: Option<BTreeMap<_, _>> = (!tags.is_empty()).then(|| tags.iter().copied().collect());
        let tags = json(&tags);
        let members = format!(
            r#""OrchestrationInstance":{{"$type":"DurableTask.Core.OrchestrationInstance","InstanceId":{},
            "ExecutionId":"{execution}"}},"EventType":0,"ParentInstance":null,"Name":"{program}","Version":"",
            "Input":{},"Tags":{tags},"Correlation":null,"ScheduledStartTime":{},"Generation":{generation},
            "ParentTraceContext":null"#,
            json(&instance),
            json(&input),
            json(&starts_at.map(iso)),
        );
        let delay = Duration::from_secs(starts_in.unwrap_or_default());
        self.put(instance, Some(execution), "ExecutionStartedEvent", &members, delay).await?;
        let mut row = Entity::new();
        row.set_some("Input", input.map(|input| Value::Text(input.to_owned())));
        row.set_some("ScheduledStartTime", starts_at.map(Value::Time));
        for (column, text) in [
            ("Name", program),
            ("Version", ""),
            ("RuntimeStatus", "Pending"),
            ("TaskHubName", &self.hub),
            ("ExecutionId", execution),
            ("Tags", &tags),
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
        self.medium.write(Table::Instances, Write { key: instance_key(instance), verb }).await?;
        Ok(())
    }

    /// Terminates whatever runs.
    ///
    /// # Errors
    /// Storage fails.
    pub async fn terminate(&self, instance: &str, reason: &str) -> Result<(), DotNetError> {
        let members = format!(r#""EventType":3,"Input":{}"#, json(&reason));
        self.put(instance, None, "ExecutionTerminatedEvent", &members, Duration::ZERO).await
    }

    /// Rewinds an instance: clears its failures and those of its children, then wakes the deepest.
    ///
    /// # Errors
    /// Storage fails, or the history is not that of an instance that has failed.
    pub async fn rewind(&self, instance: &str, reason: &str) -> Result<(), DotNetError> {
        for leaf in self.rewind_history(instance.to_owned()).await? {
            let members = format!(r#""EventType":17,"Data":{}"#, json(&reason));
            self.put(&leaf, None, "GenericEvent", &members, Duration::ZERO).await?;
        }
        Ok(())
    }

    /// Answers the deepest failed instances.
    async fn rewind_history(&self, instance: String) -> Result<Vec<String>, DotNetError> {
        let partition = partition_key(&instance);
        let rows = self.medium.query(Table::History, &Query::partition(&partition)).await?.entities;
        let newest =
            rows.iter().filter(|row| text(row, "EventType") == "OrchestratorStarted").max_by_key(|row| &row.key.row);
        let newest = newest.ok_or_else(|| DotNetError::Row(format!("{instance} has no history")))?;
        let execution = text(newest, "ExecutionId");
        let is_of_execution = |row: &&Versioned| text(row, "ExecutionId") == execution && row.key.row != "sentinel";
        let rows: Vec<&Versioned> = rows.iter().filter(is_of_execution).collect();
        let is_failed = |row: &&&Versioned| {
            text(row, "OrchestrationStatus") == "Failed"
                || ["TaskFailed", "SubOrchestrationInstanceFailed"].contains(&text(row, "EventType").as_str())
        };
        let scheduled = |failed: &Versioned, event_type: &str| {
            let task = int(failed, "TaskScheduledId").unwrap_or_default();
            let is_it = |row: &&&Versioned| text(row, "EventType") == event_type && int(row, "EventId") == Some(task);
            let row = rows.iter().find(is_it).map(|row| (*row).clone());
            row.ok_or_else(|| DotNetError::Row(format!("{instance} has no {event_type} {task}")))
        };
        let mut leaves = Vec::new();
        let mut has_failed_children = false;
        for failed in rows.iter().filter(is_failed) {
            match text(failed, "EventType").as_str() {
                "TaskFailed" => self.clear(scheduled(failed, "TaskScheduled")?, true).await?,
                "SubOrchestrationInstanceFailed" => {
                    has_failed_children = true;
                    let created = scheduled(failed, "SubOrchestrationInstanceCreated")?;
                    let child = text(&created, "InstanceId");
                    self.clear(created, false).await?;
                    leaves.extend(self.rewind_history(child).boxed_local().await?);
                }
                _ => {}
            }
            self.clear((*failed).clone(), true).await?;
        }
        let mut pending = Entity::new();
        pending.set("RuntimeStatus", Value::Text("Pending".to_owned()));
        pending.set("LastUpdatedTime", Value::Time(self.now()));
        let verb = Verb::Merge(pending, Condition::Any);
        self.medium.write(Table::Instances, Write { key: instance_key(&instance), verb }).await?;
        if !has_failed_children {
            leaves.push(instance);
        }
        Ok(leaves)
    }

    async fn clear(&self, row: Versioned, is_generic: bool) -> Result<(), DotNetError> {
        let reason = format!("Rewound: {}", text(&row, "EventType"));
        let Versioned { key, mut entity, etag } = row;
        entity.set("Reason", Value::Text(reason));
        if is_generic {
            entity.set("EventType", Value::Text("GenericEvent".to_owned()));
        }
        let verb = Verb::Replace(entity, Condition::Match(etag));
        self.medium.write(Table::History, Write { key, verb }).await?;
        Ok(())
    }

    async fn put(
        &self,
        instance: &str,
        execution: Option<&str>,
        class: &str,
        members: &str,
        delay: Duration,
    ) -> Result<(), DotNetError> {
        let (queue, execution, to) = (control_queue(instance, self.partitions), json(&execution), json(&instance));
        let activity = u128::from(fastrand::u64(..));
        let text = format!(
            r#"{{"$type":"DurableTask.AzureStorage.MessageData","ActivityId":"{activity:032x}",
            "TaskMessage":{{"$type":"DurableTask.Core.TaskMessage","Event":{{
            "$type":"DurableTask.Core.History.{class}",{members},"EventId":-1,"IsPlayed":false,
            "Timestamp":"{}"}},"SequenceNumber":0,"OrchestrationInstance":{{
            "$type":"DurableTask.Core.OrchestrationInstance","InstanceId":{to},"ExecutionId":{execution}}},
            "OrchestrationExecutionContext":null}},"CompressedBlobName":null,"SequenceNumber":17,"Episode":1,
            "Sender":{{"InstanceId":"","ExecutionId":""}},"SerializableTraceContext":null}}"#,
            iso(self.now())
        );
        self.medium.put(Queue::Control(queue), &text, delay).await?;
        Ok(())
    }
}

fn instance_key(instance: &str) -> Key {
    Key { partition: partition_key(instance), row: String::new() }
}

/// A column, empty without one.
fn text(row: &Versioned, column: &str) -> String {
    row.entity.text(column).ok().flatten().unwrap_or_default().to_owned()
}

fn int(row: &Versioned, column: &str) -> Option<i32> {
    row.entity.int(column).ok().flatten()
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// A time as JSON of .NET has it.
fn iso(ms: u64) -> String {
    let ms = i64::try_from(ms).unwrap_or(i64::MAX);
    jiff::Timestamp::from_millisecond(ms).unwrap_or(jiff::Timestamp::MAX).to_string()
}
