//! Messages as lines: `task_completed task=0 attempt=1 output='…'`, `raise_event name=go key=1`, `suspend`, …

use std::fmt::{self, Display, Formatter};

use crate::{Asker, Message};

use super::fields::{Fields, TextError};
use super::history::{read_started, write_started};
use super::line::Line;

impl Display for Message {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Start(_) => "start",
            Self::TaskCompleted { .. } => "task_completed",
            Self::TaskFailed { .. } => "task_failed",
            Self::ChildCompleted { .. } => "child_completed",
            Self::ChildFailed { .. } => "child_failed",
            Self::RaiseEvent { .. } => "raise_event",
            Self::Terminate { .. } => "terminate",
            Self::Suspend { .. } => "suspend",
            Self::Resume { .. } => "resume",
            Self::Rewind { .. } => "rewind",
            Self::Wake => "wake",
        };
        let line = Line::new(f, name)?;
        match self {
            Self::Start(started) => write_started(line, started),
            Self::TaskCompleted { execution_id, task, attempt, output }
            | Self::ChildCompleted { execution_id, task, attempt, output } => line
                .id("execution", execution_id.as_bytes())?
                .plain("task", task)?
                .plain("attempt", attempt)?
                .payload("output", output.as_ref()),
            Self::TaskFailed { execution_id, task, attempt, failure } => line
                .id("execution", execution_id.as_bytes())?
                .plain("task", task)?
                .plain("attempt", attempt)?
                .failure(failure),
            Self::ChildFailed { execution_id, task, attempt, failure, ending } => line
                .id("execution", execution_id.as_bytes())?
                .plain("task", task)?
                .plain("attempt", attempt)?
                .failure(failure)?
                .plain_if("ending", *ending),
            Self::RaiseEvent { name, data, key, execution_id } => {
                let line = line.word("name", name)?.payload("data", data.as_ref())?.id("key", key.as_bytes())?;
                line.plain_if("execution", *execution_id)
            }
            Self::Terminate { reason, recurse, execution_id } => {
                line.payload("reason", reason.as_ref())?.flag("recurse", *recurse)?.plain_if("execution", *execution_id)
            }
            Self::Suspend { reason, execution_id } | Self::Resume { reason, execution_id } => {
                line.payload("reason", reason.as_ref())?.plain_if("execution", *execution_id)
            }
            Self::Rewind { reason, execution_id, asker, to_event } => line
                .payload("reason", reason.as_ref())?
                .plain_if("execution", *execution_id)?
                .parent(asker.as_ref().map(|asker| &asker.parent))?
                .flag("only_asks", asker.as_ref().is_some_and(|asker| asker.only_asks))?
                .plain_if("to_event", *to_event),
            Self::Wake => Ok(line),
        }
        .map(drop)
    }
}

/// Reads messages, one per line or separated by ` | `. An attempt that is left out is the first.
pub fn parse_messages(text: &str) -> Result<Vec<Message>, TextError> {
    let message = |(line, fields): (usize, Result<Fields, String>)| {
        fields.and_then(read_message).map_err(|problem| TextError { line, problem })
    };
    Fields::of_lines(text).map(message).collect()
}

fn read_message(mut fields: Fields) -> Result<Message, String> {
    let [name] = &*std::mem::take(&mut fields.head) else { return Err("a message has a name".to_owned()) };
    let attempt = |fields: &mut Fields| Ok::<_, String>(fields.parsed_if("attempt")?.unwrap_or(1));
    let message = match name.as_str() {
        "start" => Message::Start(Box::new(read_started(&mut fields)?)),
        "task_completed" => Message::TaskCompleted {
            execution_id: fields.execution_id("execution")?,
            task: fields.task()?,
            attempt: attempt(&mut fields)?,
            output: fields.payload("output")?,
        },
        "task_failed" => Message::TaskFailed {
            execution_id: fields.execution_id("execution")?,
            task: fields.task()?,
            attempt: attempt(&mut fields)?,
            failure: fields.failure()?,
        },
        "child_completed" => Message::ChildCompleted {
            execution_id: fields.execution_id("execution")?,
            task: fields.task()?,
            attempt: attempt(&mut fields)?,
            output: fields.payload("output")?,
        },
        "child_failed" => Message::ChildFailed {
            execution_id: fields.execution_id("execution")?,
            task: fields.task()?,
            attempt: attempt(&mut fields)?,
            failure: fields.failure()?,
            ending: fields.parsed_if("ending")?,
        },
        "raise_event" => Message::RaiseEvent {
            name: fields.text("name")?,
            data: fields.payload("data")?,
            key: fields.event_key()?,
            execution_id: fields.execution_id_if("execution")?,
        },
        "terminate" => Message::Terminate {
            reason: fields.payload("reason")?,
            recurse: fields.flag("recurse"),
            execution_id: fields.execution_id_if("execution")?,
        },
        "suspend" => {
            Message::Suspend { reason: fields.payload("reason")?, execution_id: fields.execution_id_if("execution")? }
        }
        "resume" => {
            Message::Resume { reason: fields.payload("reason")?, execution_id: fields.execution_id_if("execution")? }
        }
        "rewind" => {
            let only_asks = fields.flag("only_asks");
            let asker = |parent| Box::new(Asker { parent, only_asks });
            Message::Rewind {
                reason: fields.payload("reason")?,
                execution_id: fields.execution_id_if("execution")?,
                asker: fields.parent()?.map(asker),
                to_event: fields.parsed_if("to_event")?.map(crate::EventId),
            }
        }
        "wake" => Message::Wake,
        other => return Err(format!("there is no message {other}")),
    };
    fields.end()?;
    Ok(message)
}
