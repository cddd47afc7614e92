//! `instances/{id}/history/stream`.

use std::time::Duration;

use api::Phase;
use axum::body::Body;
use engine::{EventKind, RuntimeStatus};
use http_body_util::BodyExt as _;
use serde_json::Value;

use crate::hub::Hub;

/// One message.
#[derive(Debug)]
struct Message {
    kind: String,
    id: String,
    data: Value,
}

/// What a browser makes of the body.
struct Messages {
    body: Body,
    text: String,
}

impl Messages {
    async fn of(hub: &Hub, id: &str, last: &str) -> Self {
        let answer = hub.open(&format!("/rondo/instances/{id}/history/stream"), &[("last-event-id", last)]).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        Self { body: answer.into_body(), text: String::new() }
    }

    /// The next message, comments aside; none when the server has closed.
    async fn next(&mut self) -> Option<Message> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    let lines = block.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
                    lines.collect::<Vec<_>>().join("\n")
                };
                let (kind, id, data) = (field("event"), field("id"), field("data"));
                self.text = String::from(rest);
                if !kind.is_empty() {
                    return Some(Message { kind, id, data: serde_json::from_str(&data).unwrap() });
                }
                continue;
            }
            let frame = self.body.frame().await?.unwrap().into_data().unwrap();
            self.text.push_str(std::str::from_utf8(&frame).unwrap());
        }
    }

    async fn kinds(&mut self, count: usize) -> Vec<String> {
        let mut kinds = Vec::new();
        for _ in 0..count {
            let message = self.next().await.unwrap();
            kinds.push(if message.kind == "history" {
                message.data["type"].as_str().unwrap().into()
            } else {
                message.kind
            });
        }
        kinds
    }
}

fn event(name: &str) -> EventKind {
    EventKind::EventRaised { name: name.into(), data: None, key: engine::EventKey::from_bytes([0; 16]) }
}

#[tokio::test]
async fn a_reader_sees_what_was_and_what_comes_until_the_end() {
    let hub = Hub::with_order().await;
    hub.start("a").await;
    let mut messages = Messages::of(&hub, "a", "").await;
    assert_eq!(messages.kinds(1).await, ["execution"]);
    hub.turn("a", RuntimeStatus::Running).await;
    assert_eq!(messages.kinds(3).await, ["OrchestratorStarted", "ExecutionStarted", "OrchestratorCompleted"]);
    hub.wake("a").await;
    hub.turn_with("a", RuntimeStatus::Completed, vec![event("go")]).await;
    assert_eq!(messages.kinds(3).await, ["OrchestratorStarted", "EventRaised", "OrchestratorCompleted"]);
    let end = messages.next().await.unwrap();
    assert_eq!((end.kind.as_str(), &end.data["runtimeStatus"]), ("end", &"Completed".into()));
    assert!(messages.next().await.is_none());
}

#[tokio::test]
async fn a_reader_that_comes_back_goes_on_after_what_it_has() {
    let hub = Hub::with_order().await;
    hub.start("a").await;
    hub.turn_with("a", RuntimeStatus::Completed, vec![event("go")]).await;
    let mut messages = Messages::of(&hub, "a", "").await;
    messages.kinds(2).await;
    let second = messages.next().await.unwrap();
    assert_eq!(second.data["id"], 2);
    drop(messages);

    let mut messages = Messages::of(&hub, "a", &second.id).await;
    let third = messages.next().await.unwrap();
    assert_eq!(third.data["id"], 3);
    let last = messages.next().await.unwrap();
    let answer = hub.open("/rondo/instances/a/history/stream", &[("last-event-id", &last.id)]).await;
    assert_eq!(answer.status(), 204, "browsers do not come back after that");
}

#[tokio::test]
async fn the_next_execution_follows_from_its_first_event() {
    let hub = Hub::with_order().await;
    hub.start("a").await;
    hub.turn_with("a", RuntimeStatus::Completed, vec![event("x"), event("y")]).await;
    let mut messages = Messages::of(&hub, "a", "").await;
    let begun = messages.next().await.unwrap();
    messages.kinds(3).await;
    // The reader has three of its five events when another execution takes its place.
    hub.start("a").await;
    hub.turn_with("a", RuntimeStatus::Completed, vec![event("z"); 9]).await;
    let mut next = messages.next().await.unwrap();
    while next.kind != "execution" {
        assert!(next.id.starts_with(begun.data["executionId"].as_str().unwrap()), "{next:?}");
        next = messages.next().await.unwrap();
    }
    assert_ne!(next.data["executionId"], begun.data["executionId"]);
    for id in 1..=12 {
        assert_eq!(messages.next().await.unwrap().data["id"], id);
    }
    assert_eq!(messages.kinds(1).await, ["end"]);
}

#[tokio::test]
async fn a_stream_ends_with_its_instance_and_with_the_host() {
    let hub = Hub::with_order().await;
    hub.start("a").await;
    let mut messages = Messages::of(&hub, "a", "").await;
    messages.kinds(1).await;
    hub.readiness.set(Phase::Stopping);
    assert!(messages.next().await.is_none(), "the reader comes back to whoever is next");

    hub.readiness.set(Phase::Ready);
    hub.turn("a", RuntimeStatus::Running).await;
    let mut messages = Messages::of(&hub, "a", "").await;
    messages.kinds(4).await;
    hub.wake("a").await;
    hub.turn("a", RuntimeStatus::Terminated).await;
    hub.delete(&format!("{}/instances/a", crate::hub::BASE)).await;
    let mut last = messages.next().await.unwrap();
    while last.kind == "history" {
        last = messages.next().await.unwrap();
    }
    assert_eq!((last.kind.as_str(), &last.data["code"]), ("problem", &"instance-not-found".into()));
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_takes_nothing_is_dropped_and_holds_little() {
    let hub = Hub::with_order().await;
    hub.start("a").await;
    hub.turn_with("a", RuntimeStatus::Completed, vec![event("x"); 5_000]).await;
    let mut messages = Messages::of(&hub, "a", "").await;
    tokio::time::sleep(Duration::from_mins(2)).await;
    let mut left = 0;
    while let Some(message) = messages.next().await {
        assert_ne!(message.kind, "end");
        left += 1;
    }
    assert!(left <= 2, "{left} messages were kept for a reader that took none");
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_is_only_slow_gets_everything() {
    let hub = Hub::with_order().await;
    hub.start("a").await;
    hub.turn_with("a", RuntimeStatus::Completed, vec![event("x"); 200]).await;
    let mut messages = Messages::of(&hub, "a", "").await;
    let mut seen = 0;
    while let Some(message) = messages.next().await {
        tokio::time::sleep(Duration::from_secs(20)).await;
        seen += usize::from(message.kind == "history");
    }
    assert_eq!(seen, 203);
}

#[tokio::test(start_paused = true)]
async fn a_quiet_stream_is_kept_alive() {
    let hub = Hub::with_order().await;
    hub.start("a").await;
    let mut messages = Messages::of(&hub, "a", "").await;
    messages.kinds(1).await;
    let frame = messages.body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(frame, ": still here\n\n");
}

#[tokio::test]
async fn payloads_of_several_lines_stay_one_message() {
    let hub = Hub::with_order().await;
    hub.post(&format!("{}/orchestrators/order/a", crate::hub::BASE), "{\r\n  \"n\": \"x\\ny\"\r\n}").await;
    hub.turn("a", RuntimeStatus::Running).await;
    let mut messages = Messages::of(&hub, "a", "").await;
    messages.kinds(2).await;
    assert_eq!(messages.next().await.unwrap().data["input"]["n"], "x\ny");
}

#[tokio::test]
async fn what_cannot_be_followed_is_a_problem() {
    let hub = Hub::with_order().await;
    hub.start("a").await;
    let uri = "/rondo/instances/a/history/stream";
    assert_eq!(hub.get("/rondo/instances/x/history/stream").await.problem(), (404, "instance-not-found".into()));
    let answer = hub.send("GET", uri, &[("last-event-id", "7")], "").await;
    assert_eq!(answer.problem(), (400, "invalid-request".into()));
    let mut open = Vec::new();
    for _ in 0..api::limits::STREAMS_AT_ONCE_MAX {
        open.push(hub.open(uri, &[]).await);
    }
    let answer = hub.get(uri).await;
    assert_eq!(answer.problem(), (429, "too-many-streams".into()));
    assert_eq!(answer.header("retry-after"), "1");
}
