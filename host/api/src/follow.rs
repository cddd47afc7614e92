//! Following a history: what is recorded so far, then what comes, until the instance ends.
//!
//! One task for each reader. It reads a little, hands it over, and reads on only once that was taken; so a slow reader
//! holds up nobody but itself, and one that takes nothing for a while is dropped.

use std::convert::Infallible;
use std::sync::Arc;

use axum::response::sse;
use engine::{EventId, ExecutionId, InstanceId};
use futures_util::Stream;
use serde::Serialize;
use serde_json::json;
use store::InstanceRow;
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use crate::dto::{Event, InstanceStatus};
use crate::limits::{
    FOLLOW_BYTES_PER_READ, FOLLOW_EVENTS_PER_READ_MAX, FOLLOW_POLL, FOLLOW_RETRY, FOLLOW_ROOM_BYTES_MIN,
    SLOW_READER_TIMEOUT,
};
use crate::router::Shared;
use crate::{Problem, journal};

/// How far a reader has come: what an event's id says, and `Last-Event-ID` brings back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    /// The execution.
    pub(crate) execution_id: ExecutionId,
    /// Its last event that the reader has.
    pub(crate) event: EventId,
}

impl Position {
    fn to_text(self) -> String {
        format!("{}-{}", self.execution_id, self.event.0)
    }

    /// Reads an event's id.
    pub(crate) fn parse(text: &str) -> Result<Self, Problem> {
        let parts = text.split_once('-').and_then(|(execution_id, event)| {
            Some(Self { execution_id: execution_id.parse().ok()?, event: EventId(event.parse::<u32>().ok()?.into()) })
        });
        parts.ok_or_else(|| {
            Problem::InvalidRequest(format!("the header last-event-id: \"{text}\" is not the id of an event"))
        })
    }

    /// Whether there is nothing left to tell a reader that has come so far.
    pub(crate) fn is_the_end_of(self, row: &InstanceRow) -> bool {
        let state = &row.state;
        state.status.is_terminal() && state.execution_id == self.execution_id && row.last_event == Some(self.event)
    }
}

/// The messages for a reader that has come to `position`. Dropping the stream ends the task.
pub(crate) fn follow(
    shared: Arc<Shared>,
    id: InstanceId,
    position: Option<Position>,
    permit: OwnedSemaphorePermit,
) -> impl Stream<Item = Result<sse::Event, Infallible>> {
    // One place: what is in it is held in memory for as long as the reader lets it lie there.
    let (out, taken) = mpsc::channel(1);
    let follower = Follower { shared, id, position, out, _permit: permit };
    tokio::spawn(follower.run());
    futures_util::stream::unfold(taken, async |mut taken| Some((Ok(taken.recv().await?), taken)))
}

struct Follower {
    shared: Arc<Shared>,
    id: InstanceId,
    position: Option<Position>,
    out: mpsc::Sender<sse::Event>,
    _permit: OwnedSemaphorePermit,
}

/// The reader has gone, or is to go.
struct Over;

impl Follower {
    async fn run(mut self) {
        // A first message at once, so that the reader knows how long to wait before it comes back.
        if self.send(sse::Event::default().comment("following").retry(FOLLOW_RETRY)).await.is_ok() {
            let _: Result<Infallible, Over> = self.tell().await;
        }
    }

    async fn tell(&mut self) -> Result<Infallible, Over> {
        let mut events_max = 1;
        let mut room_bytes = FOLLOW_ROOM_BYTES_MIN;
        loop {
            let room = self.shared.answers.room(room_bytes).await;
            let mut room = self.or_say(room).await?;
            let row = self.row().await?;
            let from = self.position.map_or(EventId::FIRST, |position| position.event.next());
            let part = journal::part(&*self.shared.api.client, &row, from, events_max).await;
            let part = self.or_say(part.map_err(Problem::from)).await?;
            // What was read, and the same as text. Without room for it, it is read again once there is some.
            let needed = 2 * part.events.iter().map(|event| event.kind.payload_bytes()).sum::<usize>();
            room_bytes = needed.max(FOLLOW_ROOM_BYTES_MIN);
            if !room.grow(&self.shared.answers, needed) {
                continue;
            }
            if self.position.is_none_or(|position| position.execution_id != part.execution_id) {
                let restarts = from > EventId::FIRST;
                self.begin(part.execution_id).await?;
                if restarts {
                    continue;
                }
            }
            if part.events.is_empty() {
                drop(room);
                self.wait_for_more(&row, part.execution_id).await?;
                continue;
            }
            let mut bytes = 0;
            for event in &part.events {
                bytes += self.send_event(part.execution_id, event.id, &Event::from(event)).await?;
            }
            // Small events are read many at a time, large ones a few.
            let fits = bytes < FOLLOW_BYTES_PER_READ;
            events_max = if fits { (events_max * 2).min(FOLLOW_EVENTS_PER_READ_MAX) } else { (events_max / 2).max(1) };
        }
    }

    async fn row(&self) -> Result<InstanceRow, Over> {
        let row = self.shared.api.client.get(&self.id).await.map_err(Problem::from);
        self.or_say(row.and_then(|row| row.ok_or_else(|| Problem::InstanceNotFound(self.id.clone())))).await
    }

    /// Another execution, the first one included: its events count from 1.
    async fn begin(&mut self, execution_id: ExecutionId) -> Result<(), Over> {
        self.position = Some(Position { execution_id, event: EventId(0) });
        let begins = json!({"instanceId": self.id.as_str(), "executionId": execution_id.to_string()});
        self.send(message("execution", &begins).0).await
    }

    async fn send_event(&mut self, execution_id: ExecutionId, id: EventId, event: &Event) -> Result<usize, Over> {
        let position = Position { execution_id, event: id };
        let (message, bytes) = message("history", event);
        self.send(message.id(position.to_text())).await?;
        self.position = Some(position);
        Ok(bytes)
    }

    async fn wait_for_more(&self, row: &InstanceRow, execution_id: ExecutionId) -> Result<(), Over> {
        // The row was read before its history was: so this was all.
        if row.state.status.is_terminal() && row.state.execution_id == execution_id {
            self.send(message("end", &InstanceStatus::of(row, true)).0).await?;
            return Err(Over);
        }
        let client = &self.shared.api.client;
        tokio::select! {
            // What became of the row is read again; a failure shows there.
            _ = client.changed(&self.id, row.revision) => Ok(()),
            // Some backends write no row for a turn that readers of rows would not notice.
            () = tokio::time::sleep(FOLLOW_POLL) => Ok(()),
            () = self.out.closed() => Err(Over),
            () = self.shared.api.readiness.stopping() => Err(Over),
        }
    }

    async fn or_say<T>(&self, result: Result<T, Problem>) -> Result<T, Over> {
        match result {
            Ok(value) => Ok(value),
            Err(problem) => {
                self.send(message("problem", &problem.document()).0).await?;
                Err(Over)
            }
        }
    }

    async fn send(&self, message: sse::Event) -> Result<(), Over> {
        if let Ok(sent) = tokio::time::timeout(SLOW_READER_TIMEOUT, self.out.send(message)).await {
            return sent.map_err(|_| Over);
        }
        tracing::info!(instance_id = %self.id, "a reader of the history took nothing and was dropped");
        Err(Over)
    }
}

/// A message with JSON in it, and the length of that.
fn message(kind: &str, data: &impl Serialize) -> (sse::Event, usize) {
    let json = serde_json::to_string(data).unwrap_or_default();
    // Payloads are as their authors wrote them. Inside of JSON strings there are no line ends, so these are blanks.
    let line = json.replace(['\r', '\n'], " ");
    (sse::Event::default().event(kind).data(&line), line.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_reads_back_what_it_wrote() {
        let position = Position { execution_id: ExecutionId::from_bytes([1; 16]), event: EventId(7) };
        assert_eq!(position.to_text(), "01010101010101010101010101010101-7");
        assert_eq!(Position::parse(&position.to_text()).unwrap(), position);
        for text in ["", "7", "01-7", "01010101010101010101010101010101", "01010101010101010101010101010101-x"] {
            assert!(Position::parse(text).is_err(), "{text}");
        }
    }
}
