//! Components, and what their deployment does to held instances.

use axum::body::{Body, Bytes};
use engine::{Digest, RuntimeStatus};
use futures_util::StreamExt as _;

use crate::hub::{BASE, Hub};

#[tokio::test]
async fn a_component_is_stored_listed_and_given_back() {
    let hub = Hub::new();
    let headers = [("x-rondo-grants", r#"{"http":["x.example"],"env":{"TOKEN":"hunter2"}}"#)];
    let answer = hub.send("POST", "/rondo/components?name=shop", &headers, "order refund").await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let component = answer.json()["component"].clone();
    assert_eq!(component["digest"], Digest::of(b"order refund").to_string());
    assert_eq!(component["orchestrations"], serde_json::json!(["order", "refund"]));
    assert_eq!(component["grants"], serde_json::json!({"http": ["x.example"], "env": ["TOKEN"], "dirs": []}));
    assert_eq!(hub.get("/rondo/components").await.json(), serde_json::json!([component]));
    let digest = Digest::of(b"order refund");
    for digest in [digest.to_string(), digest.short()] {
        let download = hub.get(&format!("/rondo/components/{digest}")).await;
        assert_eq!((download.text.as_str(), download.header("content-type")), ("order refund", "application/wasm"));
    }
}

#[tokio::test]
async fn a_value_of_a_variable_comes_back_from_no_call() {
    let hub = Hub::new();
    let grants = r#"{"env":{"TOKEN":"hunter2"}}"#;
    let deployed = hub.send("POST", "/rondo/components?name=shop", &[("x-rondo-grants", grants)], "order").await;
    let digest = Digest::of(b"order");
    let mut answers = vec![deployed];
    for path in ["/rondo/components", "/rondo/hub", "/rondo/openapi.json", "/metrics"] {
        answers.push(hub.get(path).await);
    }
    answers.push(hub.get(&format!("/rondo/components/{digest}")).await);
    let activated = hub.post(&format!("/rondo/components/{digest}/activate"), "").await;
    assert_eq!(activated.json()["component"]["grants"]["env"], serde_json::json!(["TOKEN"]));
    answers.push(activated);
    for answer in answers {
        assert!(answer.status < 300 && !answer.text.contains("hunter2"), "{answer:?}");
        assert!(!format!("{:?}", answer.headers).contains("hunter2"), "{answer:?}");
    }
    // What the host itself needs is kept.
    let stored = store::Components::components(&*hub.backend).await.unwrap();
    assert_eq!(stored[0].grants, grants);
    assert!(!format!("{stored:?}").contains("hunter2"), "nor is it logged");
}

#[tokio::test]
async fn a_refused_file_says_why_and_what_to_do() {
    let hub = Hub::new();
    let answer = hub.post("/rondo/components?name=shop", "bad").await;
    assert_eq!(answer.problem(), (422, "not-deployable".into()));
    assert_eq!((&answer.json()["detail"], &answer.json()["remedy"]), (&"it is bad".into(), &"Make it good.".into()));
}

#[tokio::test]
async fn a_deployment_needs_a_name_and_grants_that_are_an_object() {
    let hub = Hub::new();
    let invalid = (400, "invalid-request".to_owned());
    assert_eq!(hub.post("/rondo/components", "order").await.problem(), invalid);
    let deploy = async |grants: &str| {
        hub.send("POST", "/rondo/components?name=a", &[("x-rondo-grants", grants)], "order").await.problem()
    };
    assert_eq!(deploy("all").await, invalid);
    assert_eq!(deploy("[]").await, invalid);
    assert_eq!(deploy(r#"{"http":["above"]}"#).await, (400, "invalid-grants".into()));
    assert_eq!(hub.get("/rondo/components").await.text, "[]");
}

#[tokio::test(start_paused = true)]
async fn uploads_that_do_not_come_keep_nobody_from_deploying() {
    let hub = Hub::new();
    let stalled: Vec<_> = (0..20)
        .map(|_| {
            let begun = futures_util::stream::iter([Ok::<_, std::io::Error>(Bytes::from("order"))]);
            let body = Body::from_stream(begun.chain(futures_util::stream::pending()));
            tokio::spawn(hub.request("POST", "/rondo/components?name=stalled", body))
        })
        .collect();
    tokio::task::yield_now().await;
    let begun = tokio::time::Instant::now();
    hub.deploy("order").await;
    assert_eq!(begun.elapsed(), std::time::Duration::ZERO);
    for stalled in stalled {
        assert_eq!(stalled.await.unwrap().problem(), (408, "slow-body".into()));
    }
    assert!(begun.elapsed() <= api::limits::BODY_TIMEOUT * 2);
}

#[tokio::test]
async fn a_file_over_the_limit_is_refused() {
    let hub = Hub::new();
    let body = "x".repeat(store::limits::COMPONENT_BYTES_MAX + 1);
    let answer = hub.post("/rondo/components?name=shop", &body).await;
    assert_eq!(answer.problem(), (413, "too-large".into()));
}

#[tokio::test]
async fn a_deployment_releases_the_instances_that_it_can_cure() {
    let hub = Hub::with_order().await;
    for (id, code) in [
        ("a", "nondeterminism"),
        ("b", "component-unavailable"),
        ("c", "corrupt-history"),
        ("d", "orchestration-not-found"),
    ] {
        hub.start(id).await;
        hub.hold(id, code).await;
    }
    let status = async |id: &str| hub.get(&format!("{BASE}/instances/{id}")).await.json();
    assert_eq!(status("a").await["held"]["code"], "nondeterminism");
    assert_eq!(hub.deploy("refund").await.json()["released"]["count"], 0, "it does not offer the orchestration");

    let released = hub.deploy("order v2").await.json()["released"].clone();
    let instances = serde_json::json!([
        {"instanceId": "d", "held": "orchestration-not-found"},
        {"instanceId": "b", "held": "component-unavailable"},
        {"instanceId": "a", "held": "nondeterminism"}
    ]);
    assert_eq!(released, serde_json::json!({"count": 3, "instances": instances}));
    assert_eq!(status("a").await["held"], serde_json::Value::Null);
    assert_eq!(status("a").await["component"], Digest::of(b"order v2").to_string());
    assert_eq!(status("c").await["held"]["code"], "corrupt-history");
}

#[tokio::test]
async fn a_migration_goes_to_the_newest_or_to_the_one_named() {
    let hub = Hub::with_order().await;
    hub.start("a").await;
    hub.turn("a", RuntimeStatus::Running).await;
    hub.deploy("order v2").await;
    let migrate = async |query: &str| hub.post(&format!("/rondo/instances/a/migrate{query}"), "").await;
    assert_eq!(migrate("").await.json()["component"], Digest::of(b"order v2").to_string());
    let old = Digest::of(b"order");
    assert_eq!(migrate(&format!("?component={}", old.short())).await.json()["component"], old.to_string());
    assert_eq!(migrate("?component=0000000").await.problem(), (404, "component-not-found".into()));
    assert_eq!(hub.post("/rondo/instances/x/migrate", "").await.problem(), (404, "instance-not-found".into()));
}
