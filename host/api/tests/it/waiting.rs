//! `instances/{id}/wait` and health.

use std::time::Duration;

use api::Phase;
use engine::RuntimeStatus;

use crate::hub::{BASE, Hub};

async fn pending() -> Hub {
    let hub = Hub::with_order().await;
    hub.start("a").await;
    hub
}

#[tokio::test]
async fn an_end_answers_a_waiting_request() {
    let hub = pending().await;
    let (answer, ()) = tokio::join!(hub.get("/rondo/instances/a/wait"), async {
        hub.turn("a", RuntimeStatus::Running).await;
        hub.post(&format!("{BASE}/instances/a/suspend"), "").await;
        hub.turn("a", RuntimeStatus::Completed).await;
    });
    assert_eq!((answer.status, &answer.json()["runtimeStatus"]), (200, &"Completed".into()));
}

#[tokio::test]
async fn a_change_answers_a_request_that_knows_what_was_before() {
    let hub = pending().await;
    let seen = hub.get(&format!("{BASE}/instances/a")).await.json()["revision"].clone();
    let uri = format!("/rondo/instances/a/wait?seen={seen}");
    let (answer, ()) = tokio::join!(hub.get(&uri), hub.turn("a", RuntimeStatus::Running));
    assert_eq!((answer.status, &answer.json()["runtimeStatus"]), (202, &"Running".into()));
}

#[tokio::test]
async fn a_wait_ends_in_time() {
    let hub = pending().await;
    let answer = hub.get("/rondo/instances/a/wait?timeout_ms=0").await;
    assert_eq!((answer.status, &answer.json()["runtimeStatus"]), (202, &"Pending".into()));
    assert_eq!(hub.get("/rondo/instances/x/wait").await.problem(), (404, "instance-not-found".into()));
}

#[tokio::test]
async fn a_host_that_stops_answers_waiting_requests() {
    let hub = pending().await;
    let waiting = tokio::time::timeout(Duration::from_secs(10), hub.get("/rondo/instances/a/wait"));
    let (answer, ()) = tokio::join!(waiting, async { hub.readiness.set(Phase::Stopping) });
    assert_eq!(answer.unwrap().status, 202);
}

#[tokio::test]
async fn readiness_follows_the_host() {
    let hub = Hub::new();
    for (phase, status) in [(Phase::Starting, 503), (Phase::Ready, 200), (Phase::Stopping, 503)] {
        hub.readiness.set(phase);
        assert_eq!(hub.get("/rondo/health/ready").await.status, status, "{phase:?}");
        assert_eq!(hub.get("/rondo/health/live").await.status, 200);
    }
    hub.readiness.set(Phase::Ready);
    hub.readiness.watch(|| Some("storage is unavailable: the disk is full".to_owned()));
    let unhealthy = serde_json::json!({"status": "unhealthy", "problem": "storage is unavailable: the disk is full"});
    let answer = hub.get("/rondo/health/ready").await;
    assert_eq!((answer.status, answer.json()), (503, unhealthy));
}
