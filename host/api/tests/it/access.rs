//! Paths that do not exist, and who may ask.

use std::time::Duration;

use crate::hub::{BASE, FULL_KEY, Hub, METRICS_KEY, READ_KEY};

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
async fn requests_of_pages_without_an_origin_are_turned_away_too() {
    let hub = Hub::new();
    let get = async |headers: &[(&str, &str)]| hub.send("GET", "/rondo/components", headers, "").await;
    let (cross, same) = (("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-origin"));
    let image = [cross, ("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "image")];
    assert_eq!(get(&image).await.problem(), (403, "foreign-origin".into()));
    let link = [cross, ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
    assert_eq!(get(&link).await.status, 200);
    assert_eq!(get(&[same]).await.status, 200);
}

#[tokio::test]
async fn nothing_keeps_answers_or_takes_them_for_something_else() {
    let hub = Hub::with_keys();
    for uri in ["/rondo/hub?code=full-s3cret-of-this-server", "/rondo/hub", "/nowhere", "/rondo/health/live"] {
        let answer = hub.get(uri).await;
        assert_eq!(answer.header("cache-control"), "no-store", "{uri}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{uri}");
    }
}

#[tokio::test]
async fn a_request_names_its_host() {
    let hub = Hub::new();
    let answer = hub.without_host("/rondo/components").await;
    assert_eq!(answer.problem(), (400, "invalid-request".into()));
    assert_eq!(hub.without_host("/rondo/health/ready").await.status, 200, "a probe that speaks HTTP/1.0");
    assert_eq!(hub.without_host("http://localhost:7070/rondo/components").await.status, 200, "as in HTTP/2");
    let foreign = hub.without_host("http://evil.example/rondo/components").await;
    assert_eq!(foreign.problem(), (403, "foreign-origin".into()));
}

#[tokio::test]
async fn a_server_with_a_key_wants_it() {
    let hub = Hub::with_keys();
    let refused = hub.get("/rondo/components").await;
    assert_eq!(refused.problem(), (401, "unauthorized".into()));
    assert_eq!(refused.header("connection"), "close");
    assert_eq!(hub.get(&format!("/rondo/components?code={FULL_KEY}")).await.status, 200);
    assert_eq!(hub.get("/rondo/health/ready").await.status, 200);
    assert_eq!(hub.get("/RONDO/Health/Ready/").await.status, 200);
}

#[tokio::test]
async fn a_key_for_reading_reads_and_does_nothing_else() {
    let hub = Hub::with_keys();
    let bearer = [("authorization", &*format!("Bearer {READ_KEY}"))];
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
    let hub = Hub::with_keys();
    assert_eq!(hub.get("/rondo/components?taskHub=x").await.problem(), (401, "unauthorized".into()));
}

#[tokio::test]
async fn a_key_for_metrics_reads_nothing_else() {
    let hub = Hub::with_keys();
    let get = async |path: &str| hub.send("GET", path, &[("x-functions-key", METRICS_KEY)], "").await;
    assert_eq!(get("/metrics").await.status, 200);
    for path in ["/rondo/components", "/rondo/hub", "/rondo/openapi.json", &format!("{BASE}/instances")] {
        assert_eq!(get(path).await.problem(), (403, "metrics-only-key".into()), "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn wrong_keys_are_answered_late_and_right_ones_at_once() {
    let hub = Hub::with_keys();
    let get = async |key: &str| hub.send("GET", "/rondo/components", &[("x-functions-key", key)], "").await;
    let timed = async |key: &str| {
        let begun = tokio::time::Instant::now();
        (get(key).await.status, begun.elapsed())
    };
    for _ in 0..api::limits::WRONG_KEYS_AT_ONCE {
        assert_eq!(timed("guessed").await, (401, Duration::ZERO), "a mistake is no attack");
    }
    assert_eq!(timed("guessed").await, (401, api::limits::WRONG_KEY_INTERVAL));
    assert_eq!(timed(FULL_KEY).await, (200, Duration::ZERO), "whoever sends it");
    assert_eq!(hub.guard.wrong_keys(), u64::from(api::limits::WRONG_KEYS_AT_ONCE) + 1);
    let health = hub.send("GET", "/rondo/health/ready", &[("x-functions-key", "guessed")], "").await;
    assert_eq!(health.status, 200, "a probe with an old key is a probe without one");
    assert_eq!(hub.guard.wrong_keys(), u64::from(api::limits::WRONG_KEYS_AT_ONCE) + 2, "and no way to guess");
}

#[tokio::test]
async fn whoever_has_no_key_hears_nothing_of_storage() {
    let hub = Hub::with_keys();
    hub.readiness.watch(|| Some("storage is unavailable: the disk is full".to_owned()));
    let get = async |headers: &[(&str, &str)]| hub.send("GET", "/rondo/health/ready", headers, "").await;
    let brief = serde_json::json!({"status": "unhealthy"});
    for headers in [&[][..], &[("x-functions-key", METRICS_KEY)]] {
        let answer = get(headers).await;
        assert_eq!((answer.status, answer.json()), (503, brief.clone()));
    }
    assert!(get(&[("x-functions-key", READ_KEY)]).await.text.contains("disk"));
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
