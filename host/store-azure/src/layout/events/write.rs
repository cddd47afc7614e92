//! Writing event rows.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use engine::{
    EngineRevision, EventId, EventKey, EventKind, ExecutionId, ExecutionStarted, Failure, HistoryEvent, LeftChild,
    Payload, RuntimeStatus, TaskId, Timestamp,
};
use store::codec;

use super::super::columns::Writer;
use super::super::json::{self, FailureDetails, InstanceRef, ParentInstance, Retry, TraceContext, Typing};
use super::super::overflow::Naming;
use super::super::{Row, keys, times};
use super::{ENGINE_REVISION, names};

/// The row of an event.
///
/// * `instance_key`: the escaped instance id.
/// * `salt`: random, see `Naming`.
pub(crate) fn event_row(
    instance_key: &str,
    row_key: &str,
    execution: ExecutionId,
    event: &HistoryEvent,
    salt: u32,
) -> Row {
    let mut columns = Writer::default();
    let Label { event_type, own, task } = write_kind(&mut columns, instance_key, event);
    columns
        .text("EventType", event_type)
        .text("ExecutionId", execution.to_string())
        .flag("IsPlayed", false)
        .time("_Timestamp", event.at)
        .some_text("RondoEvent", own)
        // -1 as DurableTask has it.
        .task("EventId", task.unwrap_or(TaskId(u32::MAX)));
    columns.finish(Naming { instance_key, row_key, event_type: Some(event_type), salt })
}

/// How an event is called, and the task it decides.
struct Label {
    event_type: &'static str,
    own: Option<&'static str>,
    task: Option<TaskId>,
}

fn arrived(event_type: &'static str) -> Label {
    Label { event_type, own: None, task: None }
}

fn decided(event_type: &'static str, task: TaskId) -> Label {
    Label { event_type, own: None, task: Some(task) }
}

fn own(name: &'static str) -> Label {
    Label { event_type: names::GENERIC, own: Some(name), task: None }
}

fn write_kind(row: &mut Writer, instance_key: &str, event: &HistoryEvent) -> Label {
    match &event.kind {
        EventKind::OrchestratorStarted => arrived(names::ORCHESTRATOR_STARTED),
        EventKind::OrchestratorCompleted => arrived(names::ORCHESTRATOR_COMPLETED),
        EventKind::ExecutionStarted(started) => {
            write_started(row, instance_key, started);
            arrived(names::EXECUTION_STARTED)
        }
        EventKind::ExecutionCompleted { output } => {
            row.text("OrchestrationStatus", RuntimeStatus::Completed.name())
                .payload("Result", output.as_ref())
                .json("FailureDetails", None::<&FailureDetails>);
            arrived(names::EXECUTION_COMPLETED)
        }
        EventKind::ExecutionFailed { failure } => {
            row.text("OrchestrationStatus", super::FAILED);
            write_failure(row, "Result", failure, names::EXECUTION_COMPLETED)
        }
        EventKind::ExecutionTerminated { reason, recurse } => {
            row.payload("Input", reason.as_ref()).flag("RondoRecurse", *recurse);
            arrived(names::EXECUTION_TERMINATED)
        }
        EventKind::ExecutionSuspended { reason } => write_reason(row, reason.as_ref(), names::EXECUTION_SUSPENDED),
        EventKind::ExecutionResumed { reason } => write_reason(row, reason.as_ref(), names::EXECUTION_RESUMED),
        EventKind::ExecutionRewound { reason, voided, from } => {
            let voided: Vec<u64> = voided.iter().map(|EventId(id)| *id).collect();
            row.json("RondoVoided", Some(&voided));
            if let Some(EventId(from)) = from {
                row.json("RondoVoidedFrom", Some(from));
            }
            write_reason(row, reason.as_ref(), names::EXECUTION_REWOUND)
        }
        EventKind::TaskScheduled { task, name, input, retry } => {
            row.text("Name", name)
                .payload("Input", input.as_ref())
                .json("RondoRetry", retry.as_ref().map(Retry::new).as_ref());
            decided(names::TASK_SCHEDULED, *task)
        }
        EventKind::TaskAttemptFailed { task, attempt, failure, retry_at } => {
            write_attempt(row, (*task, *attempt), failure, *retry_at, names::TASK_ATTEMPT_FAILED)
        }
        EventKind::TaskCompleted { task, output } => write_result(row, *task, output.as_ref(), names::TASK_COMPLETED),
        EventKind::TaskFailed { task, failure } => {
            row.task("TaskScheduledId", *task);
            write_failure(row, "Reason", failure, names::TASK_FAILED)
        }
        EventKind::TaskCanceled { task } => {
            row.task("TaskScheduledId", *task).text("Data", format!("task {task} is no longer of interest"));
            own(names::TASK_CANCELED)
        }
        EventKind::TimerCreated { task, fire_at } => {
            row.time("FireAt", *fire_at);
            decided(names::TIMER_CREATED, *task)
        }
        EventKind::TimerFired { task } => {
            // When it was due is in the row of its creation; that it fired then is what readers make of it.
            row.task("TimerId", *task).time("FireAt", event.at);
            arrived(names::TIMER_FIRED)
        }
        EventKind::SubOrchestrationCreated { task, name, instance_id, version, input, tags, retry, detached } => {
            row.text("Name", name)
                .text("InstanceId", instance_id.as_str())
                .some_text("Version", version.as_deref())
                .payload("Input", input.as_ref())
                .json("Tags", json::tags(tags))
                .json("RondoRetry", retry.as_ref().map(Retry::new).as_ref())
                .flag("RondoDetached", *detached);
            decided(names::CHILD_CREATED, *task)
        }
        EventKind::SubOrchestrationAttemptFailed { task, attempt, failure, retry_at } => {
            write_attempt(row, (*task, *attempt), failure, *retry_at, names::CHILD_ATTEMPT_FAILED)
        }
        EventKind::SubOrchestrationCompleted { task, output } => {
            write_result(row, *task, output.as_ref(), names::CHILD_COMPLETED)
        }
        EventKind::SubOrchestrationFailed { task, failure, ending } => {
            row.task("TaskScheduledId", *task);
            if let Some(ending) = ending {
                row.long("RondoEnding", *ending);
            }
            write_failure(row, "Reason", failure, names::CHILD_FAILED)
        }
        EventKind::EventAwaited { task, name } => {
            row.text("Name", name).text("Data", format!("waits for event {name}"));
            Label { task: Some(*task), ..own(names::EVENT_AWAITED) }
        }
        EventKind::EventRaised { name, data, key } => {
            row.text("Name", name).payload("Input", data.as_ref()).text("RondoEventKey", key.to_string());
            arrived(names::EVENT_RAISED)
        }
        EventKind::EventSent { task, instance_id, name, data } => {
            row.text("InstanceId", instance_id.as_str()).text("Name", name).payload("Input", data.as_ref());
            decided(names::EVENT_SENT, *task)
        }
        _ => {
            write_encoded(row, event);
            own(names::ENCODED)
        }
    }
}

fn write_started(row: &mut Writer, instance_key: &str, started: &ExecutionStarted) {
    let ExecutionStarted {
        execution_id,
        name,
        version,
        input,
        tags,
        parent,
        scheduled_start,
        created_at,
        component,
        generation,
        trace_context,
        earlier_events,
        engine_revision,
        first_execution,
        left_children,
    } = started;
    // A key that is none of ours stays what it is; the id is for other readers, and known from the key.
    let instance_id = keys::unescape(instance_key).unwrap_or_else(|| instance_key.to_owned());
    row.json("OrchestrationInstance", Some(&InstanceRef::new(&instance_id, Some(*execution_id), Typing::Plain)))
        .json("ParentInstance", parent.as_ref().map(|parent| ParentInstance::new(parent, Typing::Plain)).as_ref())
        .json("ParentTraceContext", trace_context.as_ref().map(|it| TraceContext::new(it, Typing::Plain)).as_ref())
        .text("Name", name)
        .some_text("Version", version.as_deref())
        .payload("Input", input.as_ref())
        .json("Tags", json::tags(tags))
        .time("RondoCreatedAt", *created_at)
        .some_text("RondoComponent", component.map(|digest| digest.to_string()))
        .int("RondoGeneration", *generation)
        .some_text("RondoEarlierEvents", earlier_events.as_deref().map(keys_text))
        .some_text("RondoFirstExecution", first_execution.map(|id| id.to_string()));
    if let Some(children) = left_children {
        let child = |LeftChild { instance_id, execution_id }: &LeftChild| {
            InstanceRef::new(instance_id.as_str(), Some(*execution_id), Typing::Plain)
        };
        row.json("RondoLeftChildren", Some(&children.iter().map(child).collect::<Vec<_>>()));
    }
    if *engine_revision != EngineRevision::OLDEST {
        row.int(ENGINE_REVISION, engine_revision.0);
    }
    if let Some(time) = scheduled_start {
        row.time("ScheduledStartTime", *time);
    }
}

fn keys_text(keys: &[EventKey]) -> String {
    BASE64.encode(keys.iter().flat_map(|key| *key.as_bytes()).collect::<Vec<_>>())
}

fn write_reason(row: &mut Writer, reason: Option<&Payload>, event_type: &'static str) -> Label {
    row.payload("Reason", reason);
    arrived(event_type)
}

fn write_result(row: &mut Writer, task: TaskId, output: Option<&Payload>, event_type: &'static str) -> Label {
    row.task("TaskScheduledId", task).payload("Result", output);
    arrived(event_type)
}

/// `message`: the column for the failure's sentence alone.
fn write_failure(row: &mut Writer, message: &str, failure: &Failure, event_type: &'static str) -> Label {
    row.text(message, &failure.message).json("FailureDetails", Some(&FailureDetails::new(failure, Typing::Plain)));
    arrived(event_type)
}

fn write_attempt(
    row: &mut Writer,
    (task, attempt): (TaskId, u32),
    failure: &Failure,
    retry_at: Timestamp,
    name: &'static str,
) -> Label {
    let next = times::exact(retry_at);
    let data = format!("attempt {attempt} of task {task} failed ({}); the next begins at {next}", failure.kind);
    row.task("TaskScheduledId", task).text("Data", data).int("RondoAttempt", attempt).time("RondoRetryAt", retry_at);
    Label { own: Some(name), ..write_failure(row, "Reason", failure, names::GENERIC) }
}

/// For what this file does not know yet.
pub(super) fn write_encoded(row: &mut Writer, event: &HistoryEvent) {
    let bytes = codec::encode_events(std::slice::from_ref(event)).expect("a single event is a dense batch");
    row.text("Data", "an event without a form of its own").text("RondoEncoded", BASE64.encode(bytes));
}
