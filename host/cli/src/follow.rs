//! Following an instance's history over server-sent events, across lost connections.

use std::io::{BufRead, BufReader, Read};
use std::ops::ControlFlow;
use std::time::Instant;

use api::ProblemDocument;
use api::dto::{InstanceStatus, segment};

use crate::client::{Call, Client};
use crate::exit::{Exit, Failure};
use crate::limits::MESSAGE_BYTES_MAX;
use crate::patience::Patience;

/// One message of the server.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Message {
    kind: String,
    id: String,
    data: String,
}

/// What a follower is told.
#[derive(Debug)]
pub(crate) enum News<'a> {
    /// Another execution begins: the first, or the next after a continue-as-new.
    Execution,
    /// An event, as the server wrote it.
    Event(&'a str),
}

/// Tells `tell` everything that is and will be recorded, until the instance ends; answers with how it then was.
pub(crate) fn follow(
    client: &Client,
    id: &str,
    mut patience: Patience,
    mut tell: impl FnMut(&News<'_>) -> Result<(), Failure>,
) -> Result<Option<InstanceStatus>, Failure> {
    let mut last = String::new();
    loop {
        let mut call = Call::own("GET", &format!("/instances/{}/history/stream", segment(id)));
        if !last.is_empty() {
            call = call.header("last-event-id", last.clone());
        }
        let begun = Instant::now();
        let body = match client.open(&call) {
            // Everything was told before the connection was lost.
            Ok(None) => return Ok(None),
            Ok(Some(body)) => body,
            Err(failure) => {
                patience.pause_after(failure, None)?;
                continue;
            }
        };
        patience.reached();
        let mut ended = None;
        let read = read(body, |message| {
            match message.kind.as_str() {
                "execution" => tell(&News::Execution)?,
                "history" => tell(&News::Event(&message.data))?,
                "end" => {
                    ended = Some(parse::<InstanceStatus>(&message.data)?);
                    return Ok(ControlFlow::Break(()));
                }
                "problem" => return Err(parse::<ProblemDocument>(&message.data)?.into()),
                // Of a newer server.
                _ => {}
            }
            if !message.id.is_empty() {
                last.clone_from(&message.id);
            }
            Ok(ControlFlow::Continue(()))
        });
        match read {
            Err(failure) if failure.exit != Exit::Unreachable => return Err(failure),
            Ok(()) if ended.is_some() => return Ok(ended),
            // The server stops, or the connection is lost or was open for long enough.
            Ok(()) | Err(_) => patience.rest_if_quick(begun.elapsed()),
        }
    }
}

fn parse<T: serde::de::DeserializeOwned>(data: &str) -> Result<T, Failure> {
    serde_json::from_str(data)
        .map_err(|error| Failure::new(Exit::Failed, format!("the server's message is not understood: {error}")))
}

/// Reads messages until `take` breaks or the body ends. What cannot be read counts as a server that is not there.
fn read(body: impl Read, mut take: impl FnMut(&Message) -> Result<ControlFlow<()>, Failure>) -> Result<(), Failure> {
    let mut lines = BufReader::new(body);
    let mut message = Message::default();
    let mut line = String::new();
    loop {
        line.clear();
        let length = (&mut lines).take(MESSAGE_BYTES_MAX as u64).read_line(&mut line);
        if length.map_err(|error| Failure::new(Exit::Unreachable, error.to_string()))? == 0 {
            return Ok(());
        }
        let text = line.trim_end_matches(['\r', '\n']);
        if text.is_empty() {
            if !message.kind.is_empty() && take(&std::mem::take(&mut message))?.is_break() {
                return Ok(());
            }
            continue;
        }
        let (name, value) = text.split_once(':').unwrap_or((text, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "event" => value.clone_into(&mut message.kind),
            "id" => value.clone_into(&mut message.id),
            "data" => {
                if !message.data.is_empty() {
                    message.data.push('\n');
                }
                message.data.push_str(value);
                if message.data.len() > MESSAGE_BYTES_MAX {
                    return Err(Failure::new(Exit::Failed, "the server sent a message without an end"));
                }
            }
            // Comments, which keep the connection alive, and what this client does not need.
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(text: &str) -> Vec<Message> {
        let mut messages = Vec::new();
        read(text.as_bytes(), |message| {
            messages.push(message.clone());
            Ok(ControlFlow::Continue(()))
        })
        .unwrap();
        messages
    }

    #[test]
    fn messages_are_taken_apart() {
        let text = ": following\nretry: 1000\n\nevent: history\ndata: {\"id\":1}\nid: a-1\n\n: still here\n\n\
            event: end\r\ndata: 1\r\ndata:2\r\n\r\n";
        let message =
            |kind: &str, id: &str, data: &str| Message { kind: kind.into(), id: id.into(), data: data.into() };
        assert_eq!(messages(text), [message("history", "a-1", "{\"id\":1}"), message("end", "", "1\n2")]);
    }

    #[test]
    fn a_message_that_was_cut_off_is_none() {
        assert_eq!(messages("event: history\ndata: {}\n"), []);
    }
}
