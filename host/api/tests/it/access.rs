//! Paths that do not exist, and who may ask.

use api::{Guard, Keys};

use crate::hub::{BASE, Hub};

#[tokio::test]
async fn unknown_paths_and_verbs_are_problems() {
    let hub = Hub::new();
    assert_eq!(hub.get("/nowhere").await.problem(), (404, "unknown-route".into()));
    assert_eq!(hub.get(&format!("{BASE}/nowhere")).await.problem(), (404, "unknown-route".into()));
    let answer = hub.post(&format!("{BASE}/instances/a"), "").await;
    assert_eq!(answer.problem(), (405, "wrong-verb".into()));
    assert!(answer.header("allow").contains("GET"));
}

#[tokio::test]
async fn foreign_pages_and_names_are_turned_away() {
    let hub = Hub::new();
    let get = async |headers: &[(&str, &str)]| hub.send("GET", "/rondo/components", headers, "").await;
    assert_eq!(get(&[]).await.status, 200);
    let answer = get(&[("origin", "https://evil.example")]).await;
    assert_eq!(answer.problem(), (403, "foreign-origin".into()));
}

#[tokio::test]
async fn a_server_with_a_key_wants_it() {
    let hub = Hub::with(Guard::Keys(Keys::new("s3cret", Some("l00k"))), |backend| backend);
    assert_eq!(hub.get("/rondo/components").await.problem(), (401, "unauthorized".into()));
    assert_eq!(hub.get("/rondo/components?code=s3cret").await.status, 200);
    assert_eq!(hub.get("/rondo/health/ready").await.status, 200);
    assert_eq!(hub.get("/RONDO/Health/Ready/").await.status, 200);
}

#[tokio::test]
async fn a_key_for_reading_reads_and_does_nothing_else() {
    let hub = Hub::with(Guard::Keys(Keys::new("s3cret", Some("l00k"))), |backend| backend);
    let bearer = [("authorization", "Bearer l00k")];
    assert_eq!(hub.send("GET", "/rondo/components", &bearer, "").await.status, 200);
    let answer = hub.send("POST", "/rondo/components?name=shop", &bearer, "order").await;
    assert_eq!(answer.problem(), (403, "read-only-key".into()));
}

#[tokio::test]
async fn a_request_for_another_task_hub_is_refused_on_every_route() {
    let hub = Hub::with_order().await;
    hub.start("a").await;
    let document = hub.get("/rondo/openapi.json").await.json();
    let paths: Vec<_> = document["paths"].as_object().unwrap().iter().collect();
    let calls = paths.iter().flat_map(|(path, verbs)| verbs.as_object().unwrap().keys().map(move |verb| (verb, path)));
    let mut calls: Vec<_> = calls.map(|(verb, path)| (verb.to_uppercase(), (*path).clone())).collect();
    assert!(calls.len() > 20);
    calls.extend([("GET".into(), "/nowhere".into()), ("POST".into(), format!("{BASE}/entities/counter/a"))]);
    for (verb, path) in calls {
        let path = path.replace("{name}", "order").replace("{id}", "a").replace("{event}", "go");
        let answer = hub.send(&verb, &format!("{path}?code=k&TaskHub=Shop2"), &[], "").await;
        assert_eq!(answer.problem(), (421, "other-task-hub".into()), "{verb} {path}");
    }
    let answer = hub.get(&format!("{BASE}/instances/a?taskHub=shop2")).await;
    let detail = r#"the request is for the task hub "shop2", and this server serves "Shop""#;
    assert_eq!(answer.json()["detail"], detail);
    assert_eq!(hub.get(&format!("{BASE}/instances/a?taskHub=sHoP")).await.status, 202);
}

#[tokio::test]
async fn only_who_may_ask_learns_which_hub_there_is() {
    let hub = Hub::with(Guard::Keys(Keys::new("s3cret", None)), |backend| backend);
    assert_eq!(hub.get("/rondo/components?taskHub=x").await.problem(), (401, "unauthorized".into()));
}

#[tokio::test]
async fn route_words_match_in_any_case_and_below_every_known_base() {
    let hub = Hub::with_order().await;
    hub.start("Terminate").await;
    for base in [BASE, "/Runtime/WebHooks/DurableTask", "/durabletask", "/admin/extensions/DurableTaskExtension"] {
        assert_eq!(hub.get(&format!("{base}/Instances/Terminate")).await.status, 202, "{base}");
        assert_eq!(hub.get(&format!("{base}/instances/terminate")).await.status, 404, "ids have a case: {base}");
        assert_eq!(hub.post(&format!("{base}/instances/Terminate/RaiseEvent/go"), "1").await.status, 202, "{base}");
    }
}

#[tokio::test]
async fn what_durable_functions_has_and_this_host_has_not_is_said() {
    let hub = Hub::new();
    for path in ["entities", "entities/counter/a", "makeprimary/"] {
        assert_eq!(hub.get(&format!("{BASE}/{path}")).await.problem(), (501, "not-supported".into()), "{path}");
    }
}
