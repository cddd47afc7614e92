//! Events and the verbs on one instance.

use engine::{EngineRevision, Message, RuntimeStatus};

use crate::hub::{BASE, Hub};

/// `a`, running and with nothing in its inbox.
async fn running() -> Hub {
    let hub = Hub::with_order().await;
    hub.start("a").await;
    hub.turn("a", RuntimeStatus::Running).await;
    hub
}

#[tokio::test]
async fn an_event_reaches_the_inbox_with_a_key_of_its_own() {
    let hub = running().await;
    let uri = format!("{BASE}/instances/a/raiseEvent/it%27s%20approved");
    assert_eq!(hub.post(&uri, "[1]").await.status, 202);
    assert_eq!(hub.send("POST", &uri, &[], "").await.status, 202, "no data needs no content type");
    let messages = hub.inbox().await;
    let [
        Message::RaiseEvent { name, data: Some(data), key: first, .. },
        Message::RaiseEvent { data: None, key: second, .. },
    ] = messages.as_slice()
    else {
        panic!("{messages:?}")
    };
    assert_eq!((name.as_str(), data.as_str()), ("it's approved", "[1]"));
    assert_ne!(first, second, "the same data sent twice is two events");
}

#[tokio::test]
async fn malformed_events_are_refused() {
    let hub = running().await;
    let raise = async |event: &str, content_type: &str, body: &str| {
        let uri = format!("{BASE}/instances/a/raiseEvent/{event}");
        hub.send("POST", &uri, &[("content-type", content_type)], body).await.problem()
    };
    let invalid = (400, "invalid-request".to_owned());
    assert_eq!(raise("e", "application/x-www-form-urlencoded", "1").await, invalid);
    assert_eq!(raise("e", "application/json; charset=utf-8", "nope").await, invalid);
    assert_eq!(raise(&"x".repeat(201), "application/json", "1").await, invalid);
    assert_eq!(raise("a%00b", "application/json", "1").await, invalid);
}

#[tokio::test]
async fn every_verb_is_a_message() {
    let hub = running().await;
    for verb in ["suspend?reason=lunch", "resume", "terminate?reason=no%20longer%20needed&recurse=true"] {
        assert_eq!(hub.post(&format!("{BASE}/instances/a/{verb}"), "").await.status, 202, "{verb}");
    }
    let execution_id = hub.execution("a").await;
    let messages = hub.inbox().await;
    assert_eq!(
        messages,
        [
            Message::Suspend { reason: Some("lunch".into()), execution_id },
            Message::Resume { reason: None, execution_id },
            Message::Terminate { reason: Some("no longer needed".into()), recurse: true, execution_id },
        ]
    );
}

#[tokio::test]
async fn an_ended_instance_takes_a_termination_of_its_children() {
    let hub = running().await;
    hub.wake("a").await;
    hub.turn("a", RuntimeStatus::Completed).await;
    let terminate = async |recurse| hub.post(&format!("{BASE}/instances/a/terminate?recurse={recurse}"), "").await;
    assert_eq!(terminate(false).await.problem(), (410, "instance-ended".into()));
    assert_eq!(terminate(true).await.status, 202);
}

#[tokio::test]
async fn an_ended_instance_takes_nothing() {
    let hub = running().await;
    hub.post(&format!("{BASE}/instances/a/suspend"), "").await;
    hub.turn("a", RuntimeStatus::Completed).await;
    for verb in ["raiseEvent/e", "suspend", "resume", "terminate", "rewind"] {
        let answer = hub.post(&format!("{BASE}/instances/a/{verb}"), "").await;
        assert_eq!(answer.problem(), (410, "instance-ended".into()), "{verb}");
        let answer = hub.post(&format!("{BASE}/instances/nobody/{verb}"), "").await;
        assert_eq!(answer.problem(), (404, "instance-not-found".into()), "{verb}");
    }
}

#[tokio::test]
async fn what_an_action_does_not_know_is_ignored_as_durable_functions_does() {
    let hub = running().await;
    // As its JavaScript client sends a reason of "R&D said so".
    for verb in ["suspend", "resume", "terminate"] {
        let uri = format!("{BASE}/instances/a/{verb}?reason=R&D%20said%20so&taskHub=Shop&connection=Storage");
        assert_eq!(hub.post(&uri, "").await.status, 202, "{verb}");
    }
    assert_eq!(hub.post(&format!("{BASE}/instances/a/raiseEvent/go?a=b"), "1").await.status, 202);
    assert_eq!(hub.post(&format!("{BASE}/instances/a/restart?a=b"), "").await.status, 202);
    assert_eq!(hub.get(&format!("{BASE}/instances/a?connectionName=c&showHistory=true")).await.status, 202);
    assert_eq!(hub.post(&format!("{BASE}/instances/a/rewind?reason=R&D"), "").await.problem().0, 412);
    assert!(matches!(&hub.inbox().await[0], Message::Suspend { reason: Some(reason), .. } if reason.as_str() == "R"));
    // What is known must still be readable.
    let unread = hub.post(&format!("{BASE}/instances/a/terminate?recurse=1"), "").await;
    assert_eq!(unread.problem(), (400, "invalid-request".into()));
}

#[tokio::test]
async fn only_a_failed_instance_can_be_rewound() {
    let hub = running().await;
    let rewind = async || hub.post(&format!("{BASE}/instances/a/rewind?reason=fixed"), "").await;
    assert_eq!(rewind().await.problem(), (412, "instance-not-failed".into()));
    // As the JavaScript client of Durable Functions reads it, which makes an error's message of the whole body.
    let accept = ("accept", "application/json, text/plain, */*");
    let text = hub.send("POST", &format!("{BASE}/instances/a/rewind"), &[accept], "").await;
    assert_eq!((text.status, text.header("content-type")), (412, "application/json"));
    assert_eq!(text.json(), r#"instance "a" is Running; only a failed one can be rewound"#);
    let missing = hub.send("POST", &format!("{BASE}/instances/x/rewind"), &[accept], "").await;
    assert_eq!((missing.status, missing.text.as_str()), (404, r#""there is no instance \"x\"""#));
    let reads_documents = [accept, ("accept", "application/problem+json")];
    let document = hub.send("POST", &format!("{BASE}/instances/a/rewind"), &reads_documents, "").await;
    assert_eq!(document.problem(), (412, "instance-not-failed".into()));
    hub.post(&format!("{BASE}/instances/a/suspend"), "").await;
    hub.turn("a", RuntimeStatus::Failed).await;
    assert_eq!(rewind().await.status, 202);
    let execution_id = hub.execution("a").await;
    let rewound = Message::Rewind { reason: Some("fixed".into()), execution_id, asker: None, to_event: None };
    assert_eq!(hub.inbox().await, [rewound]);
}

#[tokio::test]
async fn a_rewind_may_name_an_event_of_the_history() {
    let hub = Hub::with_order().await;
    for (id, revision) in [("new", EngineRevision::NEWEST), ("old", EngineRevision::OLDEST)] {
        hub.start(id).await;
        hub.turn_by(revision, id, RuntimeStatus::Failed, Vec::new()).await;
    }
    let rewind = async |query: &str| hub.post(&format!("{BASE}/instances/{query}"), "").await;
    for query in ["new/rewind?toEvent=0", "new/rewind?toEvent=4", "new/rewind?toEvent=-1", "new/rewind?toEvent=x"] {
        assert_eq!(rewind(query).await.problem(), (400, "invalid-request".into()), "{query}");
    }
    let of_old = rewind("old/rewind?toEvent=1").await;
    assert_eq!(of_old.problem(), (400, "invalid-request".into()));
    assert!(of_old.text.contains("an earlier version"), "{}", of_old.text);
    assert_eq!(rewind("new/rewind?reason=again&toEvent=3").await.status, 202);
    let to_event = Some(engine::EventId(3));
    let execution_id = hub.execution("new").await;
    let rewound = Message::Rewind { reason: Some("again".into()), execution_id, asker: None, to_event };
    assert_eq!(hub.inbox().await, [rewound]);
}

#[tokio::test]
async fn what_waits_for_a_component_can_be_ended_without_one() {
    let hub = Hub::with_order().await;
    for (id, code) in [("a", "orchestration-not-found"), ("b", "component-unavailable"), ("c", "corrupt-history")] {
        hub.start(id).await;
        hub.hold(id, code).await;
    }
    let is_held = async |id: &str| hub.get(&format!("{BASE}/instances/{id}")).await.json()["held"].is_object();
    for (id, stays_held) in [("a", false), ("b", false), ("c", true)] {
        assert!(is_held(id).await, "{id}");
        assert_eq!(hub.post(&format!("{BASE}/instances/{id}/terminate"), "").await.status, 202);
        assert_eq!(is_held(id).await, stays_held, "{id}");
    }
    let messages = hub.inbox().await;
    assert!(matches!(messages.as_slice(), [Message::Start(_), Message::Terminate { .. }]), "{messages:?}");
}
