//! Reading event rows.

use azure::Entity;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use engine::{
    EngineRevision, EventId, EventKey, EventKind, ExecutionStarted, Failure, HistoryEvent, InstanceId, LeftChild,
    RetryPolicy,
};
use store::{NewerEngineRevision, codec};

use super::super::LayoutError;
use super::super::columns::Reader;
use super::super::json::{self, FailureDetails, InstanceRef, ParentInstance, Retry, TraceContext};
use super::{ENGINE_REVISION, FAILED, names};

/// Reads an event row, after the texts of its `blob_columns` were put back.
pub(crate) fn event_of(id: EventId, entity: &Entity) -> Result<HistoryEvent, LayoutError> {
    let row = Reader::new(entity)?;
    let at = row.required_time("_Timestamp")?;
    Ok(HistoryEvent { id, at, kind: kind_of(&row)? })
}

/// Looks at nothing but the rules that an execution follows, in the row of its `ExecutionStarted`: a newer build may have
/// written rows that cannot be read.
pub(crate) fn check_engine_revision(entity: &Entity) -> Result<(), NewerEngineRevision> {
    let stored = entity.int(ENGINE_REVISION).ok().flatten();
    let revision = stored.map_or(EngineRevision::OLDEST, |number| EngineRevision(number.cast_unsigned()));
    if revision.is_known() { Ok(()) } else { Err(NewerEngineRevision { revision }) }
}

fn kind_of(row: &Reader<'_>) -> Result<EventKind, LayoutError> {
    let event_type = row.required_text("EventType")?;
    Ok(match event_type {
        names::ORCHESTRATOR_STARTED => EventKind::OrchestratorStarted,
        names::ORCHESTRATOR_COMPLETED => EventKind::OrchestratorCompleted,
        names::EXECUTION_STARTED => EventKind::ExecutionStarted(Box::new(started_of(row)?)),
        names::EXECUTION_COMPLETED if row.text("OrchestrationStatus")? == Some(FAILED) => {
            EventKind::ExecutionFailed { failure: failure_of(row, "Result")? }
        }
        names::EXECUTION_COMPLETED => EventKind::ExecutionCompleted { output: row.payload("Result")? },
        names::EXECUTION_TERMINATED => {
            EventKind::ExecutionTerminated { reason: row.payload("Input")?, recurse: row.flag("RondoRecurse")? }
        }
        names::EXECUTION_SUSPENDED => EventKind::ExecutionSuspended { reason: row.payload("Reason")? },
        names::EXECUTION_RESUMED => EventKind::ExecutionResumed { reason: row.payload("Reason")? },
        names::EXECUTION_REWOUND => {
            let voided: Vec<u64> = row.json("RondoVoided")?.unwrap_or_default();
            EventKind::ExecutionRewound {
                reason: row.payload("Reason")?,
                voided: voided.into_iter().map(EventId).collect(),
                from: row.json("RondoVoidedFrom")?.map(EventId),
            }
        }
        names::TASK_SCHEDULED => EventKind::TaskScheduled {
            task: row.task("EventId")?,
            name: name_of(row)?,
            input: row.payload("Input")?,
            retry: retry_of(row)?,
        },
        names::TASK_COMPLETED => {
            EventKind::TaskCompleted { task: row.task("TaskScheduledId")?, output: row.payload("Result")? }
        }
        names::TASK_FAILED => {
            EventKind::TaskFailed { task: row.task("TaskScheduledId")?, failure: failure_of(row, "Reason")? }
        }
        names::TIMER_CREATED => {
            EventKind::TimerCreated { task: row.task("EventId")?, fire_at: row.required_time("FireAt")? }
        }
        names::TIMER_FIRED => EventKind::TimerFired { task: row.task("TimerId")? },
        names::CHILD_CREATED => EventKind::SubOrchestrationCreated {
            task: row.task("EventId")?,
            name: name_of(row)?,
            instance_id: json::instance_of("InstanceId", row.required_text("InstanceId")?)?,
            version: row.text("Version")?.map(str::to_owned),
            input: row.payload("Input")?,
            tags: row.json("Tags")?.unwrap_or_default(),
            retry: retry_of(row)?,
            detached: row.flag("RondoDetached")?,
        },
        names::CHILD_COMPLETED => {
            EventKind::SubOrchestrationCompleted { task: row.task("TaskScheduledId")?, output: row.payload("Result")? }
        }
        names::CHILD_FAILED => EventKind::SubOrchestrationFailed {
            task: row.task("TaskScheduledId")?,
            failure: failure_of(row, "Reason")?,
            ending: row.long("RondoEnding")?,
        },
        names::EVENT_RAISED => EventKind::EventRaised {
            name: name_of(row)?,
            data: row.payload("Input")?,
            key: row
                .parsed("RondoEventKey", |key| key.parse().ok())?
                .ok_or(LayoutError::Missing { name: "RondoEventKey" })?,
        },
        names::EVENT_SENT => EventKind::EventSent {
            task: row.task("EventId")?,
            instance_id: json::instance_of("InstanceId", row.required_text("InstanceId")?)?,
            name: name_of(row)?,
            data: row.payload("Input")?,
        },
        names::GENERIC => own_kind_of(row)?,
        unknown => return Err(LayoutError::Unknown { name: "EventType", found: unknown.to_owned() }),
    })
}

fn own_kind_of(row: &Reader<'_>) -> Result<EventKind, LayoutError> {
    let attempt = || {
        let task = row.task("TaskScheduledId")?;
        let failure = failure_of(row, "Reason")?;
        Ok::<_, LayoutError>((task, row.required_int("RondoAttempt")?, failure, row.required_time("RondoRetryAt")?))
    };
    Ok(match row.required_text("RondoEvent")? {
        names::TASK_ATTEMPT_FAILED => {
            let (task, attempt, failure, retry_at) = attempt()?;
            EventKind::TaskAttemptFailed { task, attempt, failure, retry_at }
        }
        names::CHILD_ATTEMPT_FAILED => {
            let (task, attempt, failure, retry_at) = attempt()?;
            EventKind::SubOrchestrationAttemptFailed { task, attempt, failure, retry_at }
        }
        names::TASK_CANCELED => EventKind::TaskCanceled { task: row.task("TaskScheduledId")? },
        names::EVENT_AWAITED => EventKind::EventAwaited { task: row.task("EventId")?, name: name_of(row)? },
        names::ENCODED => encoded_of(row)?,
        unknown => return Err(LayoutError::Unknown { name: "RondoEvent", found: unknown.to_owned() }),
    })
}

fn name_of(row: &Reader<'_>) -> Result<String, LayoutError> {
    row.required_text("Name").map(str::to_owned)
}

fn failure_of(row: &Reader<'_>, reason: &'static str) -> Result<Failure, LayoutError> {
    json::failure_of(row.json::<FailureDetails>("FailureDetails")?, row.text(reason)?, row.payload("Details")?)
}

fn retry_of(row: &Reader<'_>) -> Result<Option<RetryPolicy>, LayoutError> {
    row.json::<Retry>("RondoRetry")?.map(Retry::read).transpose()
}

fn started_of(row: &Reader<'_>) -> Result<ExecutionStarted, LayoutError> {
    let instance: Option<InstanceRef> = row.json("OrchestrationInstance")?;
    let execution_id = match instance.and_then(|instance| instance.execution()) {
        Some(execution_id) => execution_id,
        None => row.execution("ExecutionId")?,
    };
    Ok(ExecutionStarted {
        execution_id,
        name: name_of(row)?,
        version: row.text("Version")?.map(str::to_owned),
        input: row.payload("Input")?,
        tags: row.json("Tags")?.unwrap_or_default(),
        parent: row.json::<ParentInstance>("ParentInstance")?.map(ParentInstance::read).transpose()?,
        scheduled_start: row.time("ScheduledStartTime")?,
        created_at: match row.time("RondoCreatedAt")? {
            Some(created_at) => created_at,
            None => row.required_time("_Timestamp")?,
        },
        component: row.parsed("RondoComponent", |digest| digest.parse().ok())?,
        generation: row.int("RondoGeneration")?.unwrap_or_default(),
        trace_context: row.json::<TraceContext>("ParentTraceContext")?.and_then(TraceContext::read),
        earlier_events: row.parsed("RondoEarlierEvents", keys_of)?,
        engine_revision: row.int(ENGINE_REVISION)?.map_or(EngineRevision::OLDEST, EngineRevision),
        first_execution: row.parsed("RondoFirstExecution", |id| id.parse().ok())?,
        left_children: row.json::<Vec<InstanceRef>>("RondoLeftChildren")?.and_then(left_children_of),
    })
}

/// What cannot be read is left out: it is of no use to the execution itself.
fn left_children_of(children: Vec<InstanceRef>) -> Option<Vec<LeftChild>> {
    let child = |child: InstanceRef| {
        let execution_id = child.execution()?;
        Some(LeftChild { instance_id: InstanceId::new(&child.instance_id).ok()?, execution_id })
    };
    let children: Vec<_> = children.into_iter().filter_map(child).collect();
    (!children.is_empty()).then_some(children)
}

fn keys_of(text: &str) -> Option<Vec<EventKey>> {
    let bytes = BASE64.decode(text).ok()?;
    let (keys, rest) = bytes.as_chunks();
    rest.is_empty().then(|| keys.iter().copied().map(EventKey::from_bytes).collect())
}

/// Reads what `write_encoded` wrote.
pub(super) fn encoded_of(row: &Reader<'_>) -> Result<EventKind, LayoutError> {
    let bytes = row.parsed("RondoEncoded", |text| BASE64.decode(text).ok())?.unwrap_or_default();
    let events = codec::decode_events(&bytes).map_err(|source| LayoutError::Codec { name: "an event", source })?;
    let first = events.into_iter().next().ok_or(LayoutError::Missing { name: "RondoEncoded" })?;
    Ok(first.kind)
}
