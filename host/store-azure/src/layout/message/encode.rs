//! Writing queue messages.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use engine::{ActivityTask, Digest, EventId, ExecutionId, ExecutionStarted, Failure, Message, Timestamp};
use store::codec;

use super::super::json::{self, FailureDetails, InstanceRef, ParentInstance, TraceContext, Typing, shared};
use super::super::limits::MESSAGE_BYTES_MAX;
use super::super::{Overflow, overflow, times};
use super::shape::{self, Class, Event, MESSAGE_DATA, MessageData, Rondo, Sender, TASK_MESSAGE, TaskMessage};
use super::{Content, Encoded, Header, Replaces};

/// The text of a queue message, and its blob if it is too long for a queue.
pub(crate) fn encode(content: &Content, header: Header<'_>) -> Encoded {
    let (class, addressee, body) = match content {
        Content::InBlob { name } => return Encoded { text: pointer(name, header), blob: None },
        Content::ToInstance { to, message, replaces } => {
            let is_by_client = header.sender.is_none();
            let addressee = InstanceRef::new(to.as_str(), execution_of(message, is_by_client), Typing::Typed);
            let mut body = body_of(message, &addressee, header.at);
            if let Message::Terminate { execution_id, .. } = message
                && is_by_client
            {
                body.rondo.execution = execution_id.map(|id| id.to_string());
            }
            body.rondo.has_row = *replaces == Replaces::EndedShown;
            body.rondo.replaces = match replaces {
                Replaces::Nothing => Some(String::new()),
                Replaces::Execution(execution_id) => Some(execution_id.to_string()),
                Replaces::Ended | Replaces::EndedShown => Some("*".to_owned()),
                // The sender tells them apart.
                Replaces::EndedAgain | Replaces::Unsaid => None,
            };
            (body.class, addressee, body)
        }
        Content::Activity { task, component } => {
            let body = activity_body(task, component.as_ref(), header.at);
            let execution_id = Some(task.execution_id);
            (body.class, InstanceRef::new(task.instance_id.as_str(), execution_id, Typing::Typed), body)
        }
    };
    let instance_id = addressee.instance_id.clone();
    let data = MessageData {
        activity_id: Some(guid(header.activity_id)),
        task_message: Some(TaskMessage {
            type_name: TASK_MESSAGE,
            event: body.event,
            sequence_number: 0,
            orchestration_instance: addressee,
            orchestration_execution_context: (),
        }),
        rondo: Some(body.rondo),
        ..envelope(header)
    };
    let text = xml_safe(json::text(&data));
    if text.len() <= MESSAGE_BYTES_MAX {
        return Encoded { text, blob: None };
    }
    let name = overflow::message_blob(&instance_id, header.activity_id, class.word);
    let blob = Overflow { bytes: overflow::gzip(text.as_bytes()), name };
    Encoded { text: pointer(&blob.name, header), blob: Some(blob) }
}

fn envelope(header: Header<'_>) -> MessageData {
    let sender = header.sender.map(|(instance_id, execution_id)| Sender {
        instance_id: instance_id.as_str().to_owned(),
        execution_id: execution_id.to_string(),
    });
    MessageData {
        type_name: MESSAGE_DATA,
        sequence_number: header.sequence,
        sender: Some(sender.unwrap_or_default()),
        ..MessageData::default()
    }
}

/// A message that says only where the message is.
fn pointer(blob: &str, header: Header<'_>) -> String {
    let data = MessageData {
        activity_id: Some(guid([0; 16])),
        compressed_blob_name: Some(blob.to_owned()),
        ..envelope(header)
    };
    xml_safe(json::text(&data))
}

fn guid(bytes: [u8; 16]) -> String {
    let hex = format!("{:032x}", u128::from_be_bytes(bytes));
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

/// Escapes what JSON allows and XML, in which a queue message travels, does not. JSON has such characters only within
/// texts, so an escape can stand for each.
fn xml_safe(json: String) -> String {
    let is_unsafe = |c: char| matches!(c, '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}');
    if !json.contains(is_unsafe) {
        return json;
    }
    let mut safe = String::with_capacity(json.len() + 64);
    for character in json.chars() {
        if is_unsafe(character) {
            write!(safe, "\\u{:04x}", u32::from(character)).expect("writing to a String cannot fail");
        } else {
            safe.push(character);
        }
    }
    safe
}

/// The members that depend on what the message is.
struct Body {
    class: Class,
    event: Event,
    rondo: Rondo,
}

/// Which execution of the instance a message is for; none: whichever runs, or see [`Rondo::execution`].
fn execution_of(message: &Message, is_by_client: bool) -> Option<ExecutionId> {
    match message {
        Message::Start(started) => Some(started.execution_id),
        Message::TaskCompleted { execution_id, .. }
        | Message::TaskFailed { execution_id, .. }
        | Message::ChildCompleted { execution_id, .. }
        | Message::ChildFailed { execution_id, .. } => Some(*execution_id),
        Message::Terminate { execution_id, .. } => execution_id.filter(|_| !is_by_client),
        Message::RaiseEvent { execution_id, .. }
        | Message::Suspend { execution_id, .. }
        | Message::Resume { execution_id, .. }
        | Message::Rewind { execution_id, .. } => *execution_id,
        _ => None,
    }
}

fn body_of(message: &Message, addressee: &InstanceRef, at: Timestamp) -> Body {
    let timestamp = match message {
        Message::Start(started) => started.created_at,
        _ => at,
    };
    let event = Event { event_id: -1, timestamp: Some(times::iso(timestamp)), ..Event::default() };
    let rondo = Rondo::default();
    let (class, event, rondo) = match message {
        Message::Start(started) => started_body(started, addressee, event),
        Message::TaskCompleted { execution_id: _, task, attempt, output }
        | Message::ChildCompleted { execution_id: _, task, attempt, output } => (
            if matches!(message, Message::TaskCompleted { .. }) {
                shape::TASK_COMPLETED
            } else {
                shape::CHILD_COMPLETED
            },
            Event { task_scheduled_id: Some(task.0.cast_signed()), result: shared(output.as_ref()), ..event },
            Rondo { attempt: Some(*attempt), ..rondo },
        ),
        Message::TaskFailed { execution_id: _, task, attempt, failure } => (
            shape::TASK_FAILED,
            Event { task_scheduled_id: Some(task.0.cast_signed()), ..with_failure(failure, event) },
            Rondo { attempt: Some(*attempt), ..rondo },
        ),
        Message::ChildFailed { execution_id: _, task, attempt, failure, ending } => (
            shape::CHILD_FAILED,
            Event { task_scheduled_id: Some(task.0.cast_signed()), ..with_failure(failure, event) },
            Rondo { attempt: Some(*attempt), ending: *ending, ..rondo },
        ),
        Message::RaiseEvent { name, data, key, execution_id: _ } => (
            shape::EVENT_RAISED,
            Event { name: Some(name.clone()), input: shared(data.as_ref()), ..event },
            Rondo { event_key: Some(key.to_string()), ..rondo },
        ),
        Message::Terminate { reason, recurse, execution_id: _ } => (
            shape::EXECUTION_TERMINATED,
            Event { input: shared(reason.as_ref()), ..event },
            Rondo { recurse: *recurse, ..rondo },
        ),
        Message::Suspend { reason, execution_id: _ } => with_reason(shape::EXECUTION_SUSPENDED, reason.as_ref(), event),
        Message::Resume { reason, execution_id: _ } => with_reason(shape::EXECUTION_RESUMED, reason.as_ref(), event),
        Message::Rewind { reason, execution_id: _, asker, to_event } => {
            let (class, event, rondo) = with_reason(shape::EXECUTION_REWOUND, reason.as_ref(), event);
            let only_asks = asker.as_ref().is_some_and(|asker| asker.only_asks);
            let asker = asker.as_ref().map(|asker| ParentInstance::new(&asker.parent, Typing::Plain));
            (class, event, Rondo { asker, only_asks, to_event: to_event.map(|EventId(id)| id), ..rondo })
        }
        Message::Wake => (
            shape::TIMER_FIRED,
            // No timer in particular.
            Event { timer_id: Some(-1), fire_at: Some(times::iso(at)), ..event },
            rondo,
        ),
        other => encoded_body(other, event),
    };
    let event = Event { type_name: class.type_name.to_owned(), event_type: class.number, ..event };
    Body { class, event, rondo }
}

fn with_reason(class: Class, reason: Option<&engine::Payload>, event: Event) -> (Class, Event, Rondo) {
    (class, Event { reason: shared(reason), ..event }, Rondo::default())
}

fn with_failure(failure: &Failure, event: Event) -> Event {
    Event {
        reason: Some(failure.message.as_str().into()),
        failure_details: Some(FailureDetails::new(failure, Typing::Typed)),
        ..event
    }
}

/// For what this file does not know yet.
pub(super) fn encoded_body(message: &Message, event: Event) -> (Class, Event, Rondo) {
    let encoded = Some(BASE64.encode(codec::encode_message(message)));
    let data = Some("a message without a form of its own".into());
    (shape::GENERIC, Event { data, ..event }, Rondo { encoded, ..Rondo::default() })
}

fn started_body(started: &ExecutionStarted, addressee: &InstanceRef, event: Event) -> (Class, Event, Rondo) {
    let ExecutionStarted {
        // Of the addressee.
        execution_id: _,
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
        // Whoever starts an instance knows of none.
        earlier_events: _,
        // The host that begins it says so.
        engine_revision: _,
        first_execution: _,
        left_children: _,
    } = started;
    // In .NET such members of an object are not data.
    let is_plain = |key: &String| !key.starts_with('$');
    let readable = tags.iter().filter(|(key, _)| is_plain(key)).map(|(key, tag)| (key.clone(), Some(tag.clone())));
    let event = Event {
        orchestration_instance: Some(addressee.clone()),
        parent_instance: parent.as_ref().map(|parent| ParentInstance::new(parent, Typing::Typed)),
        name: Some(name.clone()),
        version: version.clone(),
        input: shared(input.as_ref()),
        tags: json::tags(tags).map(|_| readable.collect()),
        parent_trace_context: trace_context.as_ref().map(|context| TraceContext::new(context, Typing::Typed)),
        scheduled_start_time: scheduled_start.map(times::iso),
        ..event
    };
    let rondo = Rondo {
        component: component.map(|digest| digest.to_string()),
        generation: Some(*generation),
        created_at_ms: Some(created_at.as_millis()),
        scheduled_start_ms: scheduled_start.map(Timestamp::as_millis),
        tags: (!tags.keys().all(is_plain)).then(|| tags.clone()),
        ..Rondo::default()
    };
    (shape::EXECUTION_STARTED, event, rondo)
}

fn activity_body(task: &ActivityTask, component: Option<&Digest>, at: Timestamp) -> Body {
    // The rest is the addressee.
    let ActivityTask { instance_id: _, execution_id: _, task, attempt, name, input, trace_context } = task;
    let class = shape::TASK_SCHEDULED;
    let event = Event {
        type_name: class.type_name.to_owned(),
        event_type: class.number,
        name: Some(name.clone()),
        input: shared(input.as_ref()),
        event_id: task.0.cast_signed(),
        parent_trace_context: trace_context.as_ref().map(|it| TraceContext::new(&it.to_headers(), Typing::Typed)),
        timestamp: Some(times::iso(at)),
        ..Event::default()
    };
    let component = component.map(Digest::to_string);
    Body { class, event, rondo: Rondo { attempt: Some(*attempt), component, ..Rondo::default() } }
}
