//! `instances`, `instances/{id}`, `instances/{id}/history`, and purges.

use std::time::Duration;

use engine::{EventKind, RuntimeStatus};

use crate::hub::{Answer, BASE, Hub};

fn ids(answer: &Answer) -> Vec<String> {
    let rows = answer.json();
    rows.as_array().unwrap().iter().map(|row| row["instanceId"].as_str().unwrap().to_owned()).collect()
}

/// `a` completed, `b` failed, `c` pending, each created a minute after the one before.
async fn three() -> Hub {
    let hub = Hub::with_order().await;
    for (id, status) in [("a", RuntimeStatus::Completed), ("b", RuntimeStatus::Failed)] {
        hub.start(id).await;
        hub.turn(id, status).await;
        hub.clock.advance(Duration::from_mins(1));
    }
    hub.start("c").await;
    hub
}

#[tokio::test]
async fn a_status_is_202_until_the_end() {
    let hub = three().await;
    let code = async |target: &str| hub.get(&format!("{BASE}/instances/{target}")).await.status;
    assert_eq!(code("c").await, 202);
    assert_eq!(code("a").await, 200);
    assert_eq!(code("b").await, 200);
    assert_eq!(code("b?returnInternalServerErrorOnFailure=true").await, 500);
    assert_eq!(hub.get(&format!("{BASE}/instances/c")).await.header("retry-after"), "5");
    assert_eq!(hub.get(&format!("{BASE}/instances/d")).await.problem(), (404, "instance-not-found".into()));
    // The older JavaScript client takes any body for a status.
    let accept = ("accept", "application/json, text/plain, */*");
    let missing = hub.send("GET", &format!("{BASE}/instances/d"), &[accept], "").await;
    assert_eq!((missing.status, missing.text.as_str()), (404, ""));
}

#[tokio::test]
async fn a_list_is_newest_first_and_filtered() {
    let hub = three().await;
    let list = async |query: &str| ids(&hub.get(&format!("{BASE}/instances{query}")).await);
    assert_eq!(list("").await, ["c", "b", "a"]);
    assert_eq!(list("/?runtimeStatus=failed,Completed&taskHub=shop").await, ["b", "a"]);
    assert_eq!(list("?runtimeStatus=failed&runtimeStatus=pending").await, ["c", "b"]);
    assert_eq!(list("?runtimeStatus=Canceled").await, Vec::<String>::new(), "nothing here is ever canceled");
    assert_eq!(list("?runtimeStatus=Canceled,Failed").await, ["b"]);
    assert_eq!(list("?runtimeStatus=Faild,Failed").await, ["b"], "unknown beside known: as Durable Functions has it");
    assert_eq!(list("?instanceIdPrefix=b").await, ["b"]);
    assert_eq!(list("?name=other").await, Vec::<String>::new());
    assert_eq!(list("?createdTimeFrom=2030-01-01T00:01:00Z").await, ["c", "b"]);
    assert_eq!(list("?createdTimeTo=2030-01-01T00:01:00Z").await, ["b", "a"]);
    assert_eq!(list("?createdTimeTo=2030-01-01").await, ["a"]);
    assert_eq!(list("?createdTimeFrom=0001-01-01&createdTimeTo=9999-12-31T23:59:59.9999999Z").await, ["c", "b", "a"]);
    assert_eq!(list("?held=true").await, Vec::<String>::new());
}

#[tokio::test]
async fn pages_continue_where_the_one_before_ended() {
    let hub = three().await;
    let uri = format!("{BASE}/instances?top=2");
    let first = hub.get(&uri).await;
    assert_eq!(ids(&first), ["c", "b"]);
    let token = first.header("x-ms-continuation-token");
    let second = hub.send("GET", &uri, &[("x-ms-continuation-token", token)], "").await;
    assert_eq!(ids(&second), ["a"]);
    assert_eq!(second.header("x-ms-continuation-token"), "");
    let made_up = hub.send("GET", &uri, &[("x-ms-continuation-token", "x")], "").await;
    assert_eq!(made_up.problem(), (400, "invalid-request".into()));
}

#[tokio::test]
async fn malformed_queries_are_refused() {
    let hub = three().await;
    for query in [
        "runtimeStatus=asleep",
        "top=many",
        "held=perhaps",
        "createdTimeFrom=yesterday",
        "runtimeState=Failed",
        // Also where nothing can match.
        "runtimeStatus=Canceled&top=many",
    ] {
        let answer = hub.get(&format!("{BASE}/instances?{query}")).await;
        assert_eq!(answer.problem(), (400, "invalid-request".into()), "{query}");
    }
}

fn child(task: u32, instance: &str) -> EventKind {
    EventKind::SubOrchestrationCreated {
        task: engine::TaskId(task),
        name: "order".into(),
        instance_id: engine::InstanceId::new(instance).unwrap(),
        version: None,
        input: None,
        tags: std::collections::BTreeMap::new(),
        retry: None,
        detached: false,
    }
}

#[tokio::test]
async fn a_purge_may_take_all_descendants_along() {
    let hub = Hub::with_order().await;
    hub.start("top").await;
    let children = ["middle", "gone", "running", "replaced"];
    let children = (0..).zip(children).map(|(task, instance)| child(task, instance)).collect();
    hub.turn_with("top", RuntimeStatus::Running, children).await;
    hub.turn_with("middle", RuntimeStatus::Running, vec![child(0, "low")]).await;
    hub.turn("gone", RuntimeStatus::Completed).await;
    hub.turn("running", RuntimeStatus::Running).await;
    hub.turn("replaced", RuntimeStatus::Completed).await;
    hub.turn("low", RuntimeStatus::Failed).await;
    for id in ["middle", "top"] {
        hub.wake(id).await;
        hub.turn(id, RuntimeStatus::Completed).await;
    }
    let purge = async |query: &str| hub.delete(&format!("{BASE}/instances/{query}")).await;
    for id in ["gone", "replaced"] {
        assert_eq!(purge(id).await.text, r#"{"instancesDeleted":1}"#);
    }
    hub.start("replaced").await;
    hub.turn("replaced", RuntimeStatus::Completed).await;
    let refused = purge("top?recurse=true").await;
    assert_eq!(refused.problem(), (409, "instance-not-ended".into()));
    assert!(refused.text.contains("running"), "{}", refused.text);
    hub.wake("running").await;
    hub.turn("running", RuntimeStatus::Terminated).await;
    assert_eq!(purge("top?recurse=perhaps").await.problem(), (400, "invalid-request".into()));
    assert_eq!(purge("top?recurse=true").await.text, r#"{"instancesDeleted":4}"#);
    for id in ["top", "middle", "low", "running"] {
        assert_eq!(hub.get(&format!("{BASE}/instances/{id}")).await.status, 404, "{id}");
    }
    assert_eq!(hub.get(&format!("{BASE}/instances/replaced")).await.status, 200);
    assert_eq!(purge("top?recurse=true").await.problem(), (404, "instance-not-found".into()));
}

#[tokio::test]
async fn only_ended_instances_are_purged() {
    let hub = three().await;
    let purge = async |id: &str| hub.delete(&format!("{BASE}/instances/{id}")).await;
    assert_eq!(purge("a").await.text, r#"{"instancesDeleted":1}"#);
    assert_eq!(purge("a").await.problem(), (404, "instance-not-found".into()));
    assert_eq!(purge("c").await.problem(), (409, "instance-not-ended".into()));
}

#[tokio::test]
async fn a_purge_of_many_needs_a_beginning_and_tells_how_many() {
    let hub = three().await;
    let purge = async |query: &str| hub.delete(&format!("{BASE}/instances{query}")).await;
    let since = "createdTimeFrom=1970-01-01T00:00:00Z";
    assert_eq!(purge("").await.problem(), (400, "invalid-request".into()));
    assert_eq!(purge(&format!("?{since}&runtimeStatus=Running")).await.problem(), (404, "nothing-to-purge".into()));
    assert_eq!(purge(&format!("?{since}&runtimeStatus=Canceled")).await.problem(), (404, "nothing-to-purge".into()));
    let misspelled = format!("?{since}&runtimeStatus=Canceled&createdTimeTo=tomorrow");
    assert_eq!(purge(&misspelled).await.problem(), (400, "invalid-request".into()));
    assert_eq!(purge(&format!("?{since}&runtimeStatus=Faild")).await.problem(), (400, "invalid-request".into()));
    let hint = purge("?createdTimeFrom=1970-01-01T00:00:00+00:00").await;
    assert!(hint.json()["detail"].as_str().unwrap().contains("%2B"), "{}", hint.text);
    assert_eq!(purge(&format!("?{since}&runtimeStatus=Failed")).await.text, r#"{"instancesDeleted":1}"#);
    assert_eq!(purge(&format!("?{since}")).await.text, r#"{"instancesDeleted":1}"#);
    assert_eq!(ids(&hub.get(&format!("{BASE}/instances")).await), ["c"]);
}

#[tokio::test]
async fn a_history_is_read_page_by_page() {
    let hub = three().await;
    let page = async |query: &str| hub.get(&format!("/rondo/instances/a/history{query}")).await.json();
    let whole = page("").await;
    assert_eq!(whole["instanceId"], "a");
    assert_eq!(
        whole["events"][0],
        serde_json::json!({
            "id": 1, "at": "2030-01-01T00:00:00.000Z", "type": "OrchestratorStarted"
        })
    );
    assert_eq!(whole["events"].as_array().unwrap().len(), 3);
    assert_eq!(whole["executionId"], whole["events"][1]["executionId"]);
    assert_eq!(whole["next"], serde_json::Value::Null);
    let first = page("?top=1").await;
    assert_eq!((first["events"][0]["id"].as_u64(), first["next"].as_u64()), (Some(1), Some(2)));
    assert_eq!(page("?from=3").await["events"][0]["type"], "OrchestratorCompleted");
    assert_eq!(page("?from=3").await["executionId"], whole["executionId"]);
    assert_eq!(page("?from=9223372036854775807").await["events"], serde_json::json!([]));
    assert_eq!(hub.get("/rondo/instances/x/history").await.problem(), (404, "instance-not-found".into()));
}

#[tokio::test]
async fn pages_name_the_execution_that_their_events_belong_to() {
    let hub = three().await;
    let page = async |query: &str| hub.get(&format!("/rondo/instances/a/history{query}")).await.json();
    let first = page("").await["executionId"].clone();
    // Replaced: the row is the new instance's at once, and the history still the old one's.
    hub.start("a").await;
    let status = hub.get(&format!("{BASE}/instances/a")).await.json();
    assert_ne!(status["executionId"], first);
    assert_eq!(page("").await["executionId"], first);
    assert_eq!(page("?from=3&top=1").await["executionId"], first);
}

#[tokio::test]
async fn a_status_shows_what_has_happened_in_the_form_of_durable_functions() {
    let hub = Hub::with_order().await;
    hub.post(&format!("{BASE}/orchestrators/order/a"), "7").await;
    let charge = engine::EventKind::TaskScheduled {
        task: engine::TaskId(0),
        name: "charge".into(),
        input: Some("12.50".into()),
        retry: None,
    };
    let charged = engine::EventKind::TaskCompleted { task: engine::TaskId(0), output: Some("\"ok\"".into()) };
    hub.turn_with("a", RuntimeStatus::Running, vec![charge, charged]).await;
    let events = async |query: &str| {
        let answer = hub.get(&format!("{BASE}/instances/a?{query}")).await;
        answer.json()["historyEvents"].clone()
    };
    assert_eq!(events("").await, serde_json::Value::Null);
    let at = "2030-01-01T00:00:00.000Z";
    assert_eq!(
        events("showHistory=true&showHistoryOutput=true").await,
        serde_json::json!([
            {"EventType": "ExecutionStarted", "Timestamp": at, "FunctionName": "order", "Input": 7},
            {"EventType": "TaskCompleted", "Timestamp": at, "FunctionName": "charge", "ScheduledTime": at,
             "Input": 12.50, "Result": "ok"},
        ])
    );
    assert_eq!(
        events("showHistory=true&showInput=false").await[1],
        serde_json::json!({"EventType": "TaskCompleted", "Timestamp": at, "FunctionName": "charge", "ScheduledTime": at})
    );
}

#[tokio::test]
async fn a_history_that_is_too_large_for_one_answer_is_shown_without_its_inputs() {
    let hub = Hub::with_order().await;
    hub.start("a").await;
    let large = || engine::EventKind::TaskScheduled {
        task: engine::TaskId(0),
        name: "charge".into(),
        input: Some(format!("\"{}\"", "x".repeat(api::limits::HISTORY_BYTES_SHOWN_MAX / 4)).into()),
        retry: None,
    };
    hub.turn_with("a", RuntimeStatus::Running, (0..5).map(|_| large()).collect()).await;
    let get = async |query: &str| hub.get(&format!("{BASE}/instances/a?showHistory=true{query}")).await;
    let refused = get("").await;
    assert_eq!(refused.problem(), (400, "invalid-request".into()));
    let detail = refused.json()["detail"].to_string();
    assert!(detail.contains("showInput=false") && detail.contains("page by page"), "{detail}");
    assert_eq!(get("&showInput=false").await.json()["historyEvents"].as_array().unwrap().len(), 6);
}

#[tokio::test]
async fn a_running_instance_says_where_to_ask_again() {
    let hub = three().await;
    let base = "http://localhost:7070/runtime/webhooks/durabletask/instances/c";
    for (asked, again) in [
        ("?showInput=false&taskHub=shop&code=k", "?showInput=false&taskHub=shop&code=k"),
        ("&showInput=false", "?showInput=false"),
        ("", "?taskHub=Shop&connection=Storage"),
        ("?", "?taskHub=Shop&connection=Storage"),
    ] {
        let answer = hub.get(&format!("{BASE}/instances/c{asked}")).await;
        assert_eq!((answer.status, answer.header("location")), (202, format!("{base}{again}").as_str()), "{asked}");
    }
}

#[tokio::test]
async fn what_clients_put_behind_an_address_without_a_query_is_read_where_it_cannot_be_a_name() {
    let hub = three().await;
    assert_eq!(hub.get(&format!("{BASE}/instances/a&showInput=false")).await.json()["instanceId"], "a");
    let listed = hub.get(&format!("{BASE}/instances/&createdTimeFrom=2020-01-01T00:00:00Z&runtimeStatus=Failed")).await;
    assert_eq!(ids(&listed), ["b"]);
    // It names one instance, and could delete many.
    let purged = hub.delete(&format!("{BASE}/instances/&createdTimeFrom=2020-01-01T00:00:00Z")).await;
    assert_eq!(purged.problem(), (400, "invalid-request".into()));
    assert_eq!(hub.delete(&format!("{BASE}/instances/a&code=k")).await.problem(), (400, "invalid-request".into()));
    assert_eq!(hub.delete(&format!("{BASE}/instances/a%26code=k")).await.problem().1, "instance-not-found");
    assert_eq!(hub.delete(&format!("{BASE}/instances&createdTimeFrom=2020-01-01T00:00:00Z")).await.status, 200);
}
