//! The calls of Durable Functions tooling, as its documentation has them: verb, path, query, body, and what comes back.

use std::time::{Duration, Instant};

use e2e::Server;
use serde_json::{Value, json};

use super::{deploy, on_every_storage};

/// What was answered.
struct Answer {
    status: u16,
    location: String,
    retry_after: String,
    body: Value,
}

fn call(url: &str, verb: &str, body: Option<&str>) -> Answer {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let mut request = ureq::http::Request::builder().method(verb).uri(url);
    if body.is_some() {
        request = request.header("Content-Type", "application/json; charset=utf-8");
    }
    let mut answer = match body {
        Some(body) => agent.run(request.body(body.to_owned()).unwrap()).unwrap(),
        None => agent.run(request.body(()).unwrap()).unwrap(),
    };
    let header = |name: &str| answer.headers().get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
    let (status, location, retry_after) = (answer.status().as_u16(), header("location"), header("retry-after"));
    let text = answer.body_mut().read_to_string().unwrap();
    Answer { status, location, retry_after, body: serde_json::from_str(&text).unwrap_or(Value::Null) }
}

/// Polls as the check-status pattern has it, until the answer is no longer 202.
fn poll(url: &str) -> Answer {
    let deadline = Instant::now() + Duration::from_mins(1);
    loop {
        let answer = call(url, "GET", None);
        if answer.status != 202 {
            return answer;
        }
        assert_eq!(answer.location, url, "the request's own address");
        assert_eq!(answer.retry_after, "5");
        assert!(Instant::now() < deadline, "{}", answer.body);
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn the_check_status_pattern_works_from_start_to_purge(server: &Server) {
    deploy(server, "greeter_v1");
    // As the tooling writes it: the hub's name, the connection and the system key on every call, words in any case.
    let base = format!("{}/runtime/webhooks/DurableTask", server.url());
    let named = call(&format!("{base}/orchestrators/greet"), "POST", Some("\"you\"")).location;
    let hub = named.split_once("taskHub=").and_then(|(_, rest)| rest.split('&').next()).unwrap().to_owned();
    let common = &format!("taskHub={hub}&connection=Storage&code=k");
    let started = call(&format!("{base}/orchestrators/greet/abc123?{common}"), "POST", Some("\"you\""));
    assert_eq!((started.status, started.retry_after.as_str()), (202, "10"), "{}", started.body);
    let uri = |name: &str| started.body[name].as_str().unwrap_or_else(|| panic!("{name}: {}", started.body)).to_owned();
    assert_eq!(started.body["id"], "abc123");
    assert_eq!(started.location, uri("statusQueryGetUri"));
    for name in started.body.as_object().unwrap().keys().filter(|name| name.ends_with("Uri")) {
        assert!(uri(name).ends_with(common), "{name}: {}", uri(name));
    }

    // Each row: which address, what to fill in, the verb, the body, the status.
    let table: [(&str, &str, &str, Option<&str>, u16); 6] = [
        ("suspendPostUri", "lunch", "POST", None, 202),
        ("resumePostUri", "back", "POST", None, 202),
        ("rewindPostUri", "fixed", "POST", None, 412),
        ("purgeHistoryDeleteUri", "", "DELETE", None, 409),
        ("sendEventPostUri", "go", "POST", Some("null"), 202),
        ("statusQueryGetUri", "", "GET", None, 0),
    ];
    for (name, filled_in, verb, body, status) in table {
        let url = uri(name).replace("{text}", filled_in).replace("{eventName}", filled_in);
        if status == 0 {
            let ended = poll(&url);
            assert_eq!((ended.status, &ended.body["runtimeStatus"]), (200, &json!("Completed")));
            continue;
        }
        let answer = call(&url, verb, body);
        assert_eq!(answer.status, status, "{verb} {url}: {}", answer.body);
    }

    let shown =
        call(&format!("{}&showHistory=true&showHistoryOutput=true", uri("statusQueryGetUri")), "GET", None).body;
    let members: Vec<&str> =
        ["name", "instanceId", "runtimeStatus", "input", "customStatus", "output", "createdTime", "lastUpdatedTime"]
            .into_iter()
            .filter(|member| shown.get(member).is_none())
            .collect();
    assert_eq!(members, Vec::<&str>::new(), "missing in {shown}");
    let types: Vec<&str> =
        shown["historyEvents"].as_array().unwrap().iter().map(|event| event["EventType"].as_str().unwrap()).collect();
    assert_eq!((types.first(), types.last()), (Some(&"ExecutionStarted"), Some(&"ExecutionCompleted")), "{types:?}");
    assert!(types.contains(&"EventRaised") && !types.contains(&"TaskScheduled"), "{types:?}");

    let elsewhere = uri("purgeHistoryDeleteUri").replace(&hub, "DurableFunctionsHub");
    assert_eq!(call(&elsewhere, "DELETE", None).status, 421, "another hub's instance is not deleted here");
    for (name, verb) in [("terminatePostUri", "POST"), ("sendEventPostUri", "POST"), ("suspendPostUri", "POST")] {
        assert_eq!(call(&uri(name), verb, Some("1")).status, 410, "{name}");
    }
    let again = call(&uri("restartPostUri"), "POST", None);
    assert_eq!(again.status, 202, "{}", again.body);
    assert_ne!(again.body["id"], "abc123");

    assert_eq!(call(&uri("purgeHistoryDeleteUri"), "DELETE", None).body, json!({"instancesDeleted": 1}));
    assert_eq!(call(&uri("statusQueryGetUri"), "GET", None).status, 404);
    assert_eq!(call(&uri("purgeHistoryDeleteUri"), "DELETE", None).status, 404);
}

fn lists_and_purges_by_filter_page_by_page(server: &Server) {
    deploy(server, "greeter_v1");
    let base = format!("{}/runtime/webhooks/durabletask", server.url());
    for number in 0..3 {
        assert_eq!(call(&format!("{base}/orchestrators/greet/batch-{number}"), "POST", Some("\"x\"")).status, 202);
        server.ok(&["terminate", &format!("batch-{number}"), "--reason", "enough"]).unwrap();
        server.rondo(&["wait", &format!("batch-{number}"), "--timeout", "60s"]).unwrap();
    }
    assert_eq!(call(&format!("{base}/orchestrators/greet/other"), "POST", Some("\"x\"")).status, 202);

    let mut seen = Vec::new();
    let mut token = String::new();
    loop {
        let url =
            format!("{base}/instances?instanceIdPrefix=batch-&runtimeStatus=Terminated,Failed&top=2&showInput=false");
        let mut answer = ureq::get(url).header("x-ms-continuation-token", &token).call().unwrap();
        let next = answer.headers().get("x-ms-continuation-token");
        token = next.map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
        let page: Vec<Value> = serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap();
        for status in page {
            assert_eq!((&status["input"], &status["output"]), (&Value::Null, &json!("enough")));
            seen.push(status["instanceId"].as_str().unwrap().to_owned());
        }
        if token.is_empty() {
            break;
        }
    }
    seen.sort();
    assert_eq!(seen, ["batch-0", "batch-1", "batch-2"]);

    assert_eq!(call(&format!("{base}/instances"), "DELETE", None).status, 400, "without a beginning");
    let since = "createdTimeFrom=2020-01-01T00:00:00Z";
    let purged = call(&format!("{base}/instances?{since}&runtimeStatus=Terminated"), "DELETE", None);
    assert_eq!((purged.status, purged.body), (200, json!({"instancesDeleted": 3})));
    assert_eq!(call(&format!("{base}/instances?{since}&runtimeStatus=Terminated"), "DELETE", None).status, 404);
}

fn a_start_that_waits_and_errors_have_the_documented_shapes(server: &Server) {
    deploy(server, "greeter_v1");
    let base = format!("{}/runtime/webhooks/durabletask", server.url());
    let unknown = call(&format!("{base}/orchestrators/great"), "POST", None);
    assert_eq!(unknown.status, 400);
    assert!(unknown.body["ExceptionMessage"].as_str().unwrap().contains("great"), "{}", unknown.body);
    assert_eq!(call(&format!("{base}/orchestrators/greet"), "POST", Some("{nope")).status, 400);

    // What its input does to it ends it at once.
    let url = format!("{base}/orchestrators/greet/bad?timeout=30&pollingInterval=1");
    let failed = call(&url, "POST", Some("42"));
    assert_eq!((failed.status, &failed.body["runtimeStatus"]), (200, &json!("Failed")), "{}", failed.body);
    let loudly = format!("{base}/instances/bad?returnInternalServerErrorOnFailure=true");
    assert_eq!(call(&loudly, "GET", None).status, 500);
    assert_eq!(call(&format!("{base}/instances/bad/rewind?reason=fixed"), "POST", None).status, 202);

    let patient =
        call(&format!("{base}/orchestrators/greet/slow?timeout=0.2&pollingInterval=0.1"), "POST", Some("\"x\""));
    assert_eq!((patient.status, &patient.body["id"]), (202, &json!("slow")));
}

on_every_storage!(
    the_check_status_pattern_works_from_start_to_purge,
    lists_and_purges_by_filter_page_by_page,
    a_start_that_waits_and_errors_have_the_documented_shapes,
);
