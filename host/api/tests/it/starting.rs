//! `orchestrators/{name}[/{id}]`.

use engine::{Digest, Message, RuntimeStatus};
use store::MemoryBackend;

use crate::hub::{BASE, Hub, NEW_YEAR_MS};

async fn started(hub: &Hub) -> engine::ExecutionStarted {
    match hub.inbox().await.remove(0) {
        Message::Start(start) => *start,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_start_is_accepted_and_tells_where_to_ask() {
    let hub = Hub::with_order().await;
    let answer = hub.post(&format!("{BASE}/orchestrators/order/a%2F1"), "").await;
    let location = "http://localhost:7070/runtime/webhooks/durabletask/instances/a%2F1";
    assert_eq!((answer.status, answer.header("location"), answer.header("retry-after")), (202, location, "10"));
    assert_eq!(answer.json()["statusQueryGetUri"], location);
    assert_eq!(answer.json()["id"], "a/1");
    assert_eq!(hub.get(&location["http://localhost:7070".len()..]).await.json()["runtimeStatus"], "Pending");
}

#[tokio::test]
async fn an_instance_without_an_id_gets_a_drawn_one() {
    let hub = Hub::with_order().await;
    let answer = hub.post(&format!("{BASE}/orchestrators/order"), "").await;
    assert_eq!(answer.json()["id"], "00000000000000000000000000000001");
    assert_eq!(answer.json()["executionId"], "00000000000000000000000000000002");
}

#[tokio::test]
async fn everything_a_start_says_is_in_its_message() {
    let hub = Hub::with_order().await;
    let digest = Digest::of(b"order");
    let uri = format!(
        "{BASE}/orchestrators/order/a?version=2&tag=team:x&tag=when:12:30&startAt=2031-01-01T00:00:00Z&component={}",
        digest.short()
    );
    let headers = [("traceparent", "00-1-2-01"), ("content-type", "application/json")];
    let answer = hub.send("POST", &uri, &headers, "{\"n\": 1.50}").await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    let start = started(&hub).await;
    assert_eq!(start.version.as_deref(), Some("2"));
    assert_eq!(
        start.tags.into_iter().collect::<Vec<_>>(),
        [("team".to_owned(), "x".to_owned()), ("when".to_owned(), "12:30".to_owned())]
    );
    assert_eq!(start.scheduled_start.unwrap().as_millis(), NEW_YEAR_MS + 365 * 86_400_000);
    assert_eq!(start.component, Some(digest));
    assert_eq!(start.input.unwrap().as_str(), "{\"n\": 1.50}", "the text is stored as it came");
    assert_eq!(start.created_at.as_millis(), NEW_YEAR_MS);
    assert_eq!(start.trace_context, Some(("00-1-2-01".to_owned(), String::new())));
}

#[tokio::test]
async fn an_empty_body_is_no_input() {
    let hub = Hub::with_order().await;
    hub.start("a").await;
    assert_eq!(started(&hub).await.input, None);
}

#[tokio::test]
async fn an_unknown_orchestration_is_refused_and_the_known_ones_listed() {
    let hub = Hub::new();
    hub.deploy("refund order").await;
    let answer = hub.post(&format!("{BASE}/orchestrators/ordr"), "").await;
    assert_eq!(answer.problem(), (404, "orchestration-not-found".into()));
    assert!(answer.json()["detail"].as_str().unwrap().ends_with("deployed are order, refund"));
}

#[tokio::test]
async fn what_another_host_deployed_is_found() {
    let hub = Hub::with_order().await;
    let record = store::ComponentRecord {
        digest: Digest::of(b"later"),
        name: "later".into(),
        bytes: 5,
        deployed_at: engine::Timestamp::from_millis(NEW_YEAR_MS),
        orchestrations: vec!["later".into()],
        activities: Vec::new(),
        grants: "{}".into(),
    };
    store::Components::deploy(&*hub.backend, record, b"later".to_vec()).await.unwrap();
    assert_eq!(hub.post(&format!("{BASE}/orchestrators/later"), "").await.status, 202);
}

#[tokio::test]
async fn a_component_must_exist_and_offer_the_orchestration() {
    let hub = Hub::with_order().await;
    hub.deploy("refund").await;
    let code = async |component: &str| {
        hub.post(&format!("{BASE}/orchestrators/order?component={component}"), "").await.problem()
    };
    assert_eq!(code(&"00".repeat(32)).await, (404, "component-not-found".into()));
    assert_eq!(code("newest").await, (400, "invalid-request".into()));
    assert_eq!(code(&Digest::of(b"refund").to_string()).await, (409, "component-lacks-orchestration".into()));
}

#[tokio::test]
async fn an_id_is_taken_until_its_instance_has_ended() {
    let hub = Hub::with_order().await;
    hub.start("a").await;
    let again = |existing: &str| hub_post(&hub, existing.to_owned());
    assert_eq!(again("").await.problem(), (409, "instance-exists".into()));
    hub.turn("a", RuntimeStatus::Completed).await;
    assert_eq!(again("?existing=refuse").await.problem(), (409, "instance-exists".into()));
    assert_eq!(again("").await.status, 202);
}

async fn hub_post(hub: &Hub, query: String) -> crate::hub::Answer {
    hub.post(&format!("{BASE}/orchestrators/order/a{query}"), "").await
}

#[tokio::test]
async fn malformed_starts_change_nothing() {
    let hub = Hub::with_order().await;
    let long = "x".repeat(257);
    for (target, body) in [
        ("order/a", "not json"),
        ("order/a", "{\"a\":1} trailing"),
        ("order/%40a", ""),
        ("order/a%0Ab", ""),
        (&format!("order/{long}"), ""),
        ("order/a?tag=novalue", ""),
        ("order/a?tag=a:1&tag=a:2", ""),
        ("order/a?startAt=tomorrow", ""),
        ("order/a?existing=maybe", ""),
        ("order/a?vresion=2", ""),
        ("order/%FF", ""),
    ] {
        let answer = hub.post(&format!("{BASE}/orchestrators/{target}"), body).await;
        assert_eq!(answer.problem(), (400, "invalid-request".into()), "{target} {body}");
    }
    assert_eq!(hub.get(&format!("{BASE}/instances")).await.text, "[]");
}

#[tokio::test]
async fn a_full_hub_asks_for_patience() {
    let hub = Hub::with(api::Guard::Loopback, |backend: MemoryBackend| backend.with_backlog_messages_max(1));
    hub.deploy("order").await;
    hub.start("a").await;
    let answer = hub.post(&format!("{BASE}/orchestrators/order/b"), "").await;
    assert_eq!(answer.problem(), (429, "overloaded".into()));
    assert_eq!(answer.header("retry-after"), "1");
}

#[tokio::test]
async fn an_input_over_the_limit_is_refused() {
    let hub = Hub::with_order().await;
    let body = format!("\"{}\"", "x".repeat(engine::limits::PAYLOAD_BYTES_MAX));
    let answer = hub.post(&format!("{BASE}/orchestrators/order/a"), &body).await;
    assert_eq!(answer.problem(), (413, "too-large".into()));
}
