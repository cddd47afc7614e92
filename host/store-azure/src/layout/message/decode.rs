//! Reading queue messages, ours and those of DurableTask.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use engine::{
    ActivityTask, Asker, EngineRevision, EventId, EventKey, ExecutionId, ExecutionStarted, Failure, Message, Payload,
    TaskId, Timestamp,
};
use store::codec;

use super::super::json::{self, InstanceRef, ParentInstance, TraceContext};
use super::super::{LayoutError, times};
use super::shape::{self, CLASSES, Class, Event, MessageData, Rondo};
use super::{Content, Replaces};

/// Reads the text of a queue message, or of its blob: JSON, or Base64 of it.
pub(crate) fn decode(text: &str) -> Result<Content, LayoutError> {
    let data = parse(text)?;
    if let Some(name) = data.compressed_blob_name.filter(|name| !name.is_empty()) {
        return Ok(Content::InBlob { name });
    }
    let task_message = data.task_message.ok_or(LayoutError::Missing { name: "TaskMessage" })?;
    let is_of_orchestration = data.sender.is_some_and(|sender| !sender.instance_id.is_empty());
    let incoming = Incoming {
        class: class_of(&task_message.event)?,
        addressee: task_message.orchestration_instance,
        event: task_message.event,
        rondo: data.rondo,
        key: event_key(data.activity_id.as_deref(), text),
    };
    let to = incoming.addressee.instance("the addressee")?;
    if incoming.class == shape::TASK_SCHEDULED {
        let execution_id = incoming.execution()?;
        let component = incoming.component()?;
        let attempt = incoming.attempt();
        let Event { name, input, event_id, parent_trace_context, .. } = incoming.event;
        let name = name.ok_or(LayoutError::Missing { name: "Name" })?;
        let task = TaskId(event_id.cast_unsigned());
        let input = input.map(Payload::from);
        let headers = parent_trace_context.and_then(TraceContext::read);
        let trace_context = headers.and_then(|(parent, state)| engine::TraceContext::parse(&parent, &state));
        let task = ActivityTask { instance_id: to, execution_id, task, attempt, name, input, trace_context };
        return Ok(Content::Activity { task, component });
    }
    let replaces = match incoming.rondo.as_ref().and_then(|rondo| rondo.replaces.as_deref()) {
        // A client has no instance id.
        None if incoming.class == shape::EXECUTION_STARTED && is_of_orchestration => Replaces::EndedAgain,
        None => Replaces::Unsaid,
        Some("") => Replaces::Nothing,
        Some("*") if incoming.rondo.as_ref().is_some_and(|rondo| rondo.has_row) => Replaces::EndedShown,
        Some("*") => Replaces::Ended,
        Some(execution) => Replaces::Execution(json::execution_of(execution)),
    };
    Ok(Content::ToInstance { to, message: incoming.message()?, replaces })
}

/// When the message in a text was sent, by the clock of whoever sent it; none if its text is in a blob.
pub(crate) fn sent_at(text: &str) -> Option<Timestamp> {
    let event = parse(text).ok()?.task_message?.event;
    event.timestamp.and_then(|at| times::from_iso(&at))
}

/// The input in the text of a whole start message.
pub(crate) fn input_of_start(text: &str) -> Result<Option<Payload>, LayoutError> {
    let event = parse(text)?.task_message.ok_or(LayoutError::Missing { name: "TaskMessage" })?.event;
    Ok(event.input.map(Payload::from))
}

/// The id of the instance that a message is for, or whose activity it is, be the rest of it readable or not.
pub(crate) fn addressee(text: &str) -> Option<String> {
    parse(text).ok()?.task_message.map(|message| message.orchestration_instance.instance_id)
}

fn parse(text: &str) -> Result<MessageData, LayoutError> {
    let decoded;
    let json = if text.trim_start().starts_with('{') {
        text
    } else {
        let bytes = BASE64.decode(text.trim()).map_err(|_| LayoutError::Malformed { name: "a message" })?;
        decoded = String::from_utf8(bytes).map_err(|_| LayoutError::Malformed { name: "a message" })?;
        &decoded
    };
    json::from_text("a message", json)?.ok_or(LayoutError::Malformed { name: "a message" })
}

/// What makes a repeated delivery of an external event recognisable whose sender did not say: the name that its message
/// bears, or else all of its text.
fn event_key(activity_id: Option<&str>, text: &str) -> EventKey {
    let hex: String = activity_id.unwrap_or_default().chars().filter(|c| *c != '-').collect();
    match hex.parse() {
        Ok(key) if key != EventKey::from_bytes([0; 16]) => key,
        _ => EventKey::from_bytes(json::derived("event", text.as_bytes())),
    }
}

fn class_of(event: &Event) -> Result<Class, LayoutError> {
    // An assembly may follow, as .NET writes it by default.
    let type_name = event.type_name.split(',').next().unwrap_or_default().trim_end();
    let known = CLASSES.iter().find(|class| class.type_name == type_name);
    known.copied().ok_or_else(|| LayoutError::Unknown { name: "$type", found: event.type_name.clone() })
}

/// A message to be understood.
struct Incoming {
    class: Class,
    addressee: InstanceRef,
    event: Event,
    /// None: it is not ours.
    rondo: Option<Rondo>,
    /// For an external event that has none.
    key: EventKey,
}

impl Incoming {
    fn execution(&self) -> Result<ExecutionId, LayoutError> {
        self.addressee.execution().ok_or(LayoutError::Missing { name: "ExecutionId" })
    }

    fn attempt(&self) -> u32 {
        self.rondo.as_ref().and_then(|rondo| rondo.attempt).unwrap_or(1)
    }

    fn component(&self) -> Result<Option<engine::Digest>, LayoutError> {
        let text = self.rondo.as_ref().and_then(|rondo| rondo.component.as_deref());
        text.map(str::parse).transpose().map_err(|source| LayoutError::Id { name: "Component", source })
    }

    fn task(&self) -> Result<TaskId, LayoutError> {
        let task = self.event.task_scheduled_id.ok_or(LayoutError::Missing { name: "TaskScheduledId" })?;
        Ok(TaskId(task.cast_unsigned()))
    }

    fn reason(self) -> Option<Payload> {
        self.event.reason.map(Payload::from)
    }

    fn failure(self) -> Result<Failure, LayoutError> {
        let Event { failure_details, reason, details, .. } = self.event;
        json::failure_of(failure_details, reason.as_deref(), details.map(Payload::from))
    }

    fn message(self) -> Result<Message, LayoutError> {
        Ok(match self.class {
            shape::EXECUTION_STARTED => Message::Start(Box::new(self.started()?)),
            shape::TASK_COMPLETED => Message::TaskCompleted {
                execution_id: self.execution()?,
                task: self.task()?,
                attempt: self.attempt(),
                output: self.event.result.map(Payload::from),
            },
            shape::TASK_FAILED => Message::TaskFailed {
                execution_id: self.execution()?,
                task: self.task()?,
                attempt: self.attempt(),
                failure: self.failure()?,
            },
            shape::CHILD_COMPLETED => Message::ChildCompleted {
                execution_id: self.execution()?,
                task: self.task()?,
                attempt: self.attempt(),
                output: self.event.result.map(Payload::from),
            },
            shape::CHILD_FAILED => Message::ChildFailed {
                execution_id: self.execution()?,
                task: self.task()?,
                attempt: self.attempt(),
                ending: self.rondo.as_ref().and_then(|rondo| rondo.ending),
                failure: self.failure()?,
            },
            shape::EVENT_RAISED => self.raised()?,
            shape::EXECUTION_TERMINATED => Message::Terminate {
                execution_id: self.execution_of_termination()?,
                recurse: self.rondo.as_ref().is_some_and(|rondo| rondo.recurse),
                reason: self.event.input.map(Payload::from),
            },
            shape::EXECUTION_SUSPENDED => {
                Message::Suspend { execution_id: self.addressee.execution(), reason: self.reason() }
            }
            shape::EXECUTION_RESUMED => {
                Message::Resume { execution_id: self.addressee.execution(), reason: self.reason() }
            }
            shape::EXECUTION_REWOUND => self.rewind()?,
            shape::TIMER_FIRED => Message::Wake,
            shape::GENERIC => self.generic()?,
            other => return Err(LayoutError::Unknown { name: "$type", found: other.type_name.to_owned() }),
        })
    }

    fn raised(self) -> Result<Message, LayoutError> {
        let key = match self.rondo.and_then(|rondo| rondo.event_key) {
            Some(key) => key.parse().map_err(|source| LayoutError::Id { name: "EventKey", source })?,
            None => self.key,
        };
        let name = self.event.name.ok_or(LayoutError::Missing { name: "Name" })?;
        let execution_id = self.addressee.execution();
        Ok(Message::RaiseEvent { name, data: self.event.input.map(Payload::from), key, execution_id })
    }

    fn execution_of_termination(&self) -> Result<Option<ExecutionId>, LayoutError> {
        match self.rondo.as_ref().and_then(|rondo| rondo.execution.as_deref()) {
            Some(id) => id.parse().map(Some).map_err(|source| LayoutError::Id { name: "Execution", source }),
            None => Ok(self.addressee.execution()),
        }
    }

    fn rewind(mut self) -> Result<Message, LayoutError> {
        let execution_id = self.addressee.execution();
        let rondo = self.rondo.take().unwrap_or_default();
        let parent = rondo.asker.map(ParentInstance::read).transpose()?;
        let asker = parent.map(|parent| Box::new(Asker { parent, only_asks: rondo.only_asks }));
        let to_event = rondo.to_event.map(EventId);
        Ok(Message::Rewind { reason: self.reason(), execution_id, asker, to_event })
    }

    /// A message without a form of its own; one of DurableTask is a rewind of older clients.
    fn generic(self) -> Result<Message, LayoutError> {
        let Some(encoded) = self.rondo.and_then(|rondo| rondo.encoded) else {
            let reason = self.event.data.map(Payload::from);
            return Ok(Message::Rewind {
                reason,
                execution_id: self.addressee.execution(),
                asker: None,
                to_event: None,
            });
        };
        let bytes = BASE64.decode(encoded).map_err(|_| LayoutError::Malformed { name: "Encoded" })?;
        codec::decode_message(&bytes).map_err(|source| LayoutError::Codec { name: "a message", source })
    }

    fn started(self) -> Result<ExecutionStarted, LayoutError> {
        let own = self.event.orchestration_instance.as_ref().and_then(InstanceRef::execution);
        let execution_id = own.map_or_else(|| self.execution(), Ok)?;
        let component = self.component()?;
        let Event { name, version, input, tags, parent_instance, parent_trace_context, .. } = self.event;
        let time = |name, text: Option<String>| {
            let read = |text: String| times::from_iso(&text).ok_or(LayoutError::Malformed { name });
            text.map(read).transpose()
        };
        // Whoever is not us writes an empty text for no version, and has no finer times than ours.
        let version = version.filter(|version| self.rondo.is_some() || !version.is_empty());
        let rondo = self.rondo.unwrap_or_default();
        let ms = |ms: u64| Timestamp::from_millis(ms);
        let read_tags = || {
            let tags = tags.unwrap_or_default().into_iter().filter(|(key, _)| key != "$type");
            tags.map(|(key, tag)| (key, tag.unwrap_or_default())).collect()
        };
        let created_at =
            rondo.created_at_ms.map(ms).map_or_else(|| time("Timestamp", self.event.timestamp), |it| Ok(Some(it)))?;
        let scheduled_start = rondo
            .scheduled_start_ms
            .map(ms)
            .map_or_else(|| time("ScheduledStartTime", self.event.scheduled_start_time), |it| Ok(Some(it)))?;
        Ok(ExecutionStarted {
            execution_id,
            name: name.ok_or(LayoutError::Missing { name: "Name" })?,
            version,
            input: input.map(Payload::from),
            tags: rondo.tags.unwrap_or_else(read_tags),
            parent: parent_instance.map(ParentInstance::read).transpose()?,
            scheduled_start,
            created_at: created_at.ok_or(LayoutError::Missing { name: "Timestamp" })?,
            component,
            generation: rondo.generation.unwrap_or_default(),
            trace_context: parent_trace_context.and_then(TraceContext::read),
            earlier_events: None,
            engine_revision: EngineRevision::OLDEST,
            first_execution: None,
            left_children: None,
        })
    }
}
