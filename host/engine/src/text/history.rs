//! Events as lines.

use std::fmt::{self, Display, Formatter};

use crate::{EngineRevision, EventId, EventKind, ExecutionStarted, HistoryEvent, LeftChild, Timestamp};

use super::fields::{Fields, TextError};
use super::line::{Line, Ms};

impl Display for HistoryEvent {
    /// Its number, then its kind; the first event of a turn tells the time, all others have the same.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.id, self.kind)?;
        match self.kind {
            EventKind::OrchestratorStarted => write!(f, " at={}", Ms::from(self.at)),
            _ => Ok(()),
        }
    }
}

impl EventKind {
    /// Its name in the text form.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::OrchestratorStarted => "orchestrator_started",
            Self::OrchestratorCompleted => "orchestrator_completed",
            Self::ExecutionStarted(_) => "execution_started",
            Self::ExecutionCompleted { .. } => "execution_completed",
            Self::ExecutionFailed { .. } => "execution_failed",
            Self::ExecutionTerminated { .. } => "execution_terminated",
            Self::ExecutionSuspended { .. } => "execution_suspended",
            Self::ExecutionResumed { .. } => "execution_resumed",
            Self::ExecutionRewound { .. } => "execution_rewound",
            Self::TaskScheduled { .. } => "task_scheduled",
            Self::TaskAttemptFailed { .. } => "task_attempt_failed",
            Self::TaskCompleted { .. } => "task_completed",
            Self::TaskFailed { .. } => "task_failed",
            Self::TaskCanceled { .. } => "task_canceled",
            Self::TimerCreated { .. } => "timer_created",
            Self::TimerFired { .. } => "timer_fired",
            Self::SubOrchestrationCreated { .. } => "sub_orchestration_created",
            Self::SubOrchestrationAttemptFailed { .. } => "sub_orchestration_attempt_failed",
            Self::SubOrchestrationCompleted { .. } => "sub_orchestration_completed",
            Self::SubOrchestrationFailed { .. } => "sub_orchestration_failed",
            Self::EventAwaited { .. } => "event_awaited",
            Self::EventRaised { .. } => "event_raised",
            Self::EventSent { .. } => "event_sent",
        }
    }
}

impl Display for EventKind {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let line = Line::new(f, self.name())?;
        match self {
            Self::OrchestratorStarted | Self::OrchestratorCompleted => Ok(line),
            Self::ExecutionStarted(started) => write_started(line, started),
            Self::ExecutionCompleted { output } => line.payload("output", output.as_ref()),
            Self::ExecutionFailed { failure } => line.failure(failure),
            Self::ExecutionTerminated { reason, recurse } => {
                line.payload("reason", reason.as_ref())?.flag("recurse", *recurse)
            }
            Self::ExecutionSuspended { reason } | Self::ExecutionResumed { reason } => {
                line.payload("reason", reason.as_ref())
            }
            Self::ExecutionRewound { reason, voided, from } => {
                let voided = (!voided.is_empty()).then(|| listed(voided));
                line.payload("reason", reason.as_ref())?.plain_if("voided", voided)?.plain_if("from", *from)
            }
            Self::TaskScheduled { task, name, input, retry } => {
                line.plain("task", task)?.word("name", name)?.payload("input", input.as_ref())?.retry(retry.as_ref())
            }
            Self::TaskAttemptFailed { task, attempt, failure, retry_at }
            | Self::SubOrchestrationAttemptFailed { task, attempt, failure, retry_at } => line
                .plain("task", task)?
                .plain("attempt", attempt)?
                .failure(failure)?
                .plain("retry_at", Ms::from(*retry_at)),
            Self::TaskCompleted { task, output } | Self::SubOrchestrationCompleted { task, output } => {
                line.plain("task", task)?.payload("output", output.as_ref())
            }
            Self::TaskFailed { task, failure } => line.plain("task", task)?.failure(failure),
            Self::SubOrchestrationFailed { task, failure, ending } => {
                line.plain("task", task)?.failure(failure)?.plain_if("ending", *ending)
            }
            Self::TaskCanceled { task } | Self::TimerFired { task } => line.plain("task", task),
            Self::TimerCreated { task, fire_at } => line.plain("task", task)?.plain("fire_at", Ms::from(*fire_at)),
            Self::SubOrchestrationCreated { task, name, instance_id, version, input, tags, retry, detached } => line
                .plain("task", task)?
                .word("name", name)?
                .word("instance", instance_id.as_str())?
                .word_if("version", version.as_deref())?
                .payload("input", input.as_ref())?
                .tags(tags)?
                .retry(retry.as_ref())?
                .flag("detached", *detached),
            Self::EventAwaited { task, name } => line.plain("task", task)?.word("name", name),
            Self::EventRaised { name, data, key } => {
                line.word("name", name)?.payload("data", data.as_ref())?.id("key", key.as_bytes())
            }
            Self::EventSent { task, instance_id, name, data } => line
                .plain("task", task)?
                .word("instance", instance_id.as_str())?
                .word("name", name)?
                .payload("data", data.as_ref()),
        }
        .map(drop)
    }
}

pub(super) fn write_started<'a, 'f>(
    line: Line<'a, 'f>,
    started: &ExecutionStarted,
) -> Result<Line<'a, 'f>, fmt::Error> {
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
    let (trace_parent, trace_state) = trace_context.as_ref().map(|(parent, state)| (&**parent, &**state)).unzip();
    line.id("execution", execution_id.as_bytes())?
        .word("name", name)?
        .word_if("version", version.as_deref())?
        .payload("input", input.as_ref())?
        .tags(tags)?
        .parent(parent.as_ref())?
        .plain_if("scheduled_start", scheduled_start.map(Ms::from))?
        .plain_if("created_at", (*created_at != Timestamp::default()).then(|| Ms::from(*created_at)))?
        .plain_if("component", *component)?
        .plain_if("generation", (*generation != 0).then_some(*generation))?
        .word_if("trace_parent", trace_parent)?
        .word_if("trace_state", trace_state)?
        .plain_if("earlier_events", earlier_events.as_deref().map(listed))?
        .plain_if("engine_revision", (*engine_revision != EngineRevision::OLDEST).then_some(*engine_revision))?
        .plain_if("first_execution", *first_execution)?
        .pairs(
            "left_children",
            left_children
                .iter()
                .flatten()
                .map(|LeftChild { instance_id, execution_id }| (instance_id.as_str(), execution_id.to_string())),
        )
}

fn listed<T: ToString>(items: &[T]) -> String {
    items.iter().map(T::to_string).collect::<Vec<_>>().join(",")
}

pub(super) fn read_started(fields: &mut Fields) -> Result<ExecutionStarted, String> {
    let trace_state = fields.text_if("trace_state")?;
    Ok(ExecutionStarted {
        execution_id: fields.execution_id("execution")?,
        name: fields.text("name")?,
        version: fields.text_if("version")?,
        input: fields.payload("input")?,
        tags: fields.tags()?,
        parent: fields.parent()?,
        scheduled_start: fields.time_if("scheduled_start")?,
        created_at: fields.time_if("created_at")?.unwrap_or_default(),
        component: fields.parsed_if("component")?,
        generation: fields.parsed_if("generation")?.unwrap_or(0),
        trace_context: fields.text_if("trace_parent")?.map(|parent| (parent, trace_state.unwrap_or_default())),
        earlier_events: Some(fields.list("earlier_events")?).filter(|keys| !keys.is_empty()),
        engine_revision: fields.parsed_if("engine_revision")?.unwrap_or_default(),
        first_execution: fields.execution_id_if("first_execution")?,
        left_children: Some(fields.left_children()?).filter(|children| !children.is_empty()),
    })
}

/// Reads events; see the [module](super) for the form.
pub fn parse_history(text: &str) -> Result<Vec<HistoryEvent>, TextError> {
    let mut events = Vec::new();
    let mut at = Timestamp::default();
    let mut id = EventId::FIRST;
    for (line, fields) in Fields::of_lines(text) {
        let event =
            fields.and_then(|fields| read_event(fields, id, at)).map_err(|problem| TextError { line, problem })?;
        (id, at) = (event.id.next(), event.at);
        events.push(event);
    }
    Ok(events)
}

fn read_event(mut fields: Fields, id: EventId, at: Timestamp) -> Result<HistoryEvent, String> {
    let (id, name) = match std::mem::take(&mut fields.head).as_slice() {
        [name] => (id, name.clone()),
        [number, name] => (EventId(number.parse().map_err(|_| format!("{number} is no number"))?), name.clone()),
        _ => return Err("an event has a name".to_owned()),
    };
    let at = fields.time_if("at")?.unwrap_or(at);
    let kind = read_kind(&name, &mut fields)?;
    fields.end()?;
    Ok(HistoryEvent { id, at, kind })
}

fn read_kind(name: &str, fields: &mut Fields) -> Result<EventKind, String> {
    Ok(match name {
        "orchestrator_started" => EventKind::OrchestratorStarted,
        "orchestrator_completed" => EventKind::OrchestratorCompleted,
        "execution_started" => EventKind::ExecutionStarted(Box::new(read_started(fields)?)),
        "execution_completed" => EventKind::ExecutionCompleted { output: fields.payload("output")? },
        "execution_failed" => EventKind::ExecutionFailed { failure: fields.failure()? },
        "execution_terminated" => {
            EventKind::ExecutionTerminated { reason: fields.payload("reason")?, recurse: fields.flag("recurse") }
        }
        "execution_suspended" => EventKind::ExecutionSuspended { reason: fields.payload("reason")? },
        "execution_resumed" => EventKind::ExecutionResumed { reason: fields.payload("reason")? },
        "execution_rewound" => {
            let voided = fields.list("voided")?.into_iter().map(EventId).collect();
            let from = fields.parsed_if("from")?.map(EventId);
            EventKind::ExecutionRewound { reason: fields.payload("reason")?, voided, from }
        }
        "task_scheduled" => EventKind::TaskScheduled {
            task: fields.task()?,
            name: fields.text("name")?,
            input: fields.payload("input")?,
            retry: fields.retry()?,
        },
        "task_attempt_failed" => EventKind::TaskAttemptFailed {
            task: fields.task()?,
            attempt: fields.parsed("attempt")?,
            failure: fields.failure()?,
            retry_at: fields.time("retry_at")?,
        },
        "task_completed" => EventKind::TaskCompleted { task: fields.task()?, output: fields.payload("output")? },
        "task_failed" => EventKind::TaskFailed { task: fields.task()?, failure: fields.failure()? },
        "task_canceled" => EventKind::TaskCanceled { task: fields.task()? },
        "timer_created" => EventKind::TimerCreated { task: fields.task()?, fire_at: fields.time("fire_at")? },
        "timer_fired" => EventKind::TimerFired { task: fields.task()? },
        "sub_orchestration_created" => EventKind::SubOrchestrationCreated {
            task: fields.task()?,
            name: fields.text("name")?,
            instance_id: fields.parsed("instance")?,
            version: fields.text_if("version")?,
            input: fields.payload("input")?,
            tags: fields.tags()?,
            retry: fields.retry()?,
            detached: fields.flag("detached"),
        },
        "sub_orchestration_attempt_failed" => EventKind::SubOrchestrationAttemptFailed {
            task: fields.task()?,
            attempt: fields.parsed("attempt")?,
            failure: fields.failure()?,
            retry_at: fields.time("retry_at")?,
        },
        "sub_orchestration_completed" => {
            EventKind::SubOrchestrationCompleted { task: fields.task()?, output: fields.payload("output")? }
        }
        "sub_orchestration_failed" => EventKind::SubOrchestrationFailed {
            task: fields.task()?,
            failure: fields.failure()?,
            ending: fields.parsed_if("ending")?,
        },
        "event_awaited" => EventKind::EventAwaited { task: fields.task()?, name: fields.text("name")? },
        "event_raised" => EventKind::EventRaised {
            name: fields.text("name")?,
            data: fields.payload("data")?,
            key: fields.event_key()?,
        },
        "event_sent" => EventKind::EventSent {
            task: fields.task()?,
            instance_id: fields.parsed("instance")?,
            name: fields.text("name")?,
            data: fields.payload("data")?,
        },
        other => return Err(format!("there is no event {other}")),
    })
}
