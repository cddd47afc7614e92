//! `orchestrators/{name}[/{id}]`.

use engine::{Digest, Message, RuntimeStatus};
use store::MemoryBackend;

use crate::hub::{BASE, Hub, NEW_YEAR_MS};

const TRACEPARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

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
    let location = "http://localhost:7070/runtime/webhooks/durabletask/instances/a%2F1?taskHub=Shop&connection=Storage";
    assert_eq!((answer.status, answer.header("location"), answer.header("retry-after")), (202, location, "10"));
    assert_eq!(answer.json()["statusQueryGetUri"], location);
    assert_eq!(answer.json()["id"], "a/1");
    assert_eq!(hub.get(&location["http://localhost:7070".len()..]).await.json()["runtimeStatus"], "Pending");
}

#[tokio::test]
async fn behind_a_proxy_addresses_are_those_of_the_proxy() {
    let hub = Hub::behind("https://orders.example/flows/");
    hub.deploy("order").await;
    let query = "taskHub=Shop&connection=c&code=k";
    let location = format!("https://orders.example/flows/runtime/webhooks/durabletask/instances/a?{query}");
    let answer = hub.post(&format!("{BASE}/orchestrators/order/a?code=k&Connection=c&taskHub=SHOP"), "").await;
    assert_eq!(answer.header("location"), location);
    assert_eq!(answer.json()["statusQueryGetUri"], location);
    let asked_again = hub.get(&format!("{BASE}/instances/a?{query}")).await;
    assert_eq!(asked_again.header("location"), location);
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
    let headers = [("traceparent", TRACEPARENT), ("tracestate", "a=1"), ("content-type", "application/json")];
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
    assert_eq!(start.trace_context, Some((TRACEPARENT.to_owned(), "a=1".to_owned())));
}

#[tokio::test]
async fn a_malformed_trace_is_ignored() {
    let hub = Hub::with_order().await;
    let headers = [("traceparent", "00-1-2-01"), ("tracestate", "a=1")];
    assert_eq!(hub.send("POST", &format!("{BASE}/orchestrators/order/a"), &headers, "").await.status, 202);
    assert_eq!(started(&hub).await.trace_context, None);
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
    assert_eq!(answer.problem(), (400, "orchestration-not-found".into()));
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
        ("nothing/a?startAt=tomorrow", ""),
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

#[tokio::test]
async fn bad_json_is_refused_with_its_position() {
    let hub = Hub::with_order().await;
    let answer = hub.post(&format!("{BASE}/orchestrators/order/a"), "{\n \"n\": nope}").await;
    assert_eq!(answer.problem(), (400, "invalid-request".into()));
    let detail = answer.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("at line 2 column 8"), "{detail}");
    assert_eq!(answer.json()["ExceptionMessage"], detail, "where Durable Functions clients look");
}

/// Starts `order` as `a`, which ends so while the client waits.
async fn waits_for(query: &str, status: RuntimeStatus, output: &str) -> crate::hub::Answer {
    let hub = Hub::with_order().await;
    let end = vec![engine::EventKind::ExecutionCompleted { output: Some(output.into()) }];
    let target = format!("{BASE}/orchestrators/order/a?{query}");
    let ends = async {
        while hub.get(&format!("{BASE}/instances/a")).await.status == 404 {
            tokio::task::yield_now().await;
        }
        hub.turn_with("a", status, end).await;
    };
    tokio::join!(hub.post(&target, ""), ends).0
}

#[tokio::test]
async fn a_start_with_both_times_waits_for_the_output() {
    let answer = waits_for("timeout=30&pollingInterval=0.5", RuntimeStatus::Completed, "[1.50]").await;
    assert_eq!((answer.status, answer.text.as_str()), (200, "[1.50]"));
}

#[tokio::test]
async fn a_start_that_waits_answers_the_status_of_a_bad_end() {
    for status in [RuntimeStatus::Failed, RuntimeStatus::Terminated] {
        let answer = waits_for("timeout=30&pollingInterval=1", status, "1").await;
        assert_eq!((answer.status, &answer.json()["runtimeStatus"]), (200, &status.name().into()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_start_that_waited_long_enough_answers_where_to_ask() {
    let hub = Hub::with_order().await;
    let answer = hub.post(&format!("{BASE}/orchestrators/order/a?timeout=20&pollingInterval=2"), "").await;
    assert_eq!((answer.status, answer.header("retry-after")), (202, "10"));
    assert_eq!(answer.json()["id"], "a");
    for (query, status) in [("timeout=1", 202), ("timeout=1&pollingInterval=2", 400), ("timeout=x", 400)] {
        let answer = hub.post(&format!("{BASE}/orchestrators/order?{query}"), "").await;
        assert_eq!(answer.status, status, "{query}");
    }
}

#[tokio::test]
async fn a_restart_begins_anew_with_the_same_input() {
    let hub = Hub::with_order().await;
    hub.post(&format!("{BASE}/orchestrators/order/a?version=2&tag=team:x"), "[7]").await;
    hub.turn("a", RuntimeStatus::Completed).await;
    let answer = hub.post(&format!("{BASE}/instances/a/restart"), "").await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    let id = answer.json()["id"].as_str().unwrap().to_owned();
    assert_ne!(id, "a");
    let again = hub.get(&format!("{BASE}/instances/{id}")).await.json();
    assert_eq!(
        (&again["input"], &again["version"], &again["tags"]["team"]),
        (&[7][..].into(), &"2".into(), &"x".into())
    );
    assert_eq!(hub.get(&format!("{BASE}/instances/a")).await.json()["runtimeStatus"], "Completed");
}

#[tokio::test]
async fn a_restart_under_the_same_id_needs_the_end() {
    let hub = Hub::with_order().await;
    hub.start("a").await;
    let restart =
        async |id: &str| hub.post(&format!("{BASE}/instances/{id}/restart?restartWithNewInstanceId=false"), "").await;
    assert_eq!(restart("a").await.problem(), (409, "instance-exists".into()));
    assert_eq!(restart("b").await.problem(), (404, "instance-not-found".into()));
    hub.turn("a", RuntimeStatus::Failed).await;
    assert_eq!(restart("a").await.json()["id"], "a");
    assert_eq!(hub.get(&format!("{BASE}/instances/a")).await.json()["runtimeStatus"], "Pending");
}
