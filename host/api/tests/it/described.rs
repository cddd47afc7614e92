//! The OpenAPI document says what the handlers do.

use serde_json::Value;

use crate::hub::{BASE, Hub};

/// Every call of the document: its verb, its path, and what is said of it.
fn calls(document: &Value) -> Vec<(String, String, Value)> {
    let paths = document["paths"].as_object().unwrap();
    let calls = paths.iter().flat_map(|(path, verbs)| {
        let verbs = verbs.as_object().unwrap();
        verbs.iter().map(move |(verb, call)| (verb.to_uppercase(), path.clone(), call.clone()))
    });
    calls.collect()
}

#[tokio::test]
async fn the_document_is_served() {
    let hub = Hub::new();
    let answer = hub.get("/rondo/openapi.json").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
    assert_eq!(answer.json()["openapi"], "3.1.0");
    assert_eq!(answer.json(), serde_json::from_str::<Value>(&api::document().unwrap()).unwrap());
}

#[tokio::test]
async fn the_document_names_every_call() {
    let document = Hub::new().get("/rondo/openapi.json").await.json();
    let mut lines: Vec<String> = calls(&document).iter().map(|(verb, path, _)| format!("{verb} {path}")).collect();
    lines.sort_by_key(|line| line.split_once(' ').map(|(verb, path)| (path.to_owned(), verb.to_owned())));
    insta::assert_snapshot!(lines.join("\n").replace(BASE, "…"), @"
    GET /metrics
    GET /rondo/components
    POST /rondo/components
    GET /rondo/components/{digest}
    POST /rondo/components/{digest}/activate
    GET /rondo/health/live
    GET /rondo/health/ready
    GET /rondo/hub
    GET /rondo/instances/{id}/history
    GET /rondo/instances/{id}/history/stream
    POST /rondo/instances/{id}/migrate
    GET /rondo/instances/{id}/wait
    GET /rondo/openapi.json
    DELETE …/instances
    GET …/instances
    DELETE …/instances/{id}
    GET …/instances/{id}
    POST …/instances/{id}/raiseEvent/{event}
    POST …/instances/{id}/restart
    POST …/instances/{id}/resume
    POST …/instances/{id}/rewind
    POST …/instances/{id}/suspend
    POST …/instances/{id}/terminate
    POST …/orchestrators/{name}
    POST …/orchestrators/{name}/{id}
    ");
}

/// Calls that ignore what they do not know.
const LENIENT: [&str; 7] = [
    "GET …/instances/{id}",
    "POST …/instances/{id}/raiseEvent/{event}",
    "POST …/instances/{id}/restart",
    "POST …/instances/{id}/resume",
    "POST …/instances/{id}/rewind",
    "POST …/instances/{id}/suspend",
    "POST …/instances/{id}/terminate",
];

#[tokio::test]
async fn the_document_names_exactly_the_query_parameters_that_a_call_takes() {
    let hub = Hub::new();
    let document = hub.get("/rondo/openapi.json").await.json();
    let mut lenient = Vec::new();
    for (verb, path, call) in calls(&document) {
        assert!(call.get("parameters").is_none_or(Value::is_array), "{verb} {path}");
        let parameters = call["parameters"].as_array().cloned().unwrap_or_default();
        if path.starts_with("/rondo/health") {
            continue;
        }
        let mut documented: Vec<&str> = parameters
            .iter()
            .filter(|parameter| parameter["in"] == "query")
            .map(|parameter| parameter["name"].as_str().unwrap())
            .collect();
        let target =
            path.replace("{name}", "order").replace("{id}", "a").replace("{event}", "e").replace("{digest}", "d");
        let ask = async |query: &str| hub.send(&verb, &format!("{target}?{query}"), &[], "").await;
        let answer = ask("no-such-parameter=1").await;
        let detail = answer.json()["detail"].as_str().unwrap_or_default().to_owned();
        let taken = match detail.split_once("takes only ") {
            Some((_, names)) => names.to_owned(),
            None if detail.ends_with("takes none") => String::new(),
            None => {
                assert_eq!(answer.problem(), (404, "instance-not-found".into()), "{verb} {path}");
                lenient.push(format!("{verb} {}", path.replace(BASE, "…")));
                for name in documented {
                    let twice = ask(&format!("{name}=1&{name}=2")).await;
                    assert_eq!(twice.problem(), (400, "invalid-request".into()), "{verb} {path} does not read {name}");
                }
                continue;
            }
        };
        let mut taken: Vec<&str> = taken.split(", ").filter(|name| !name.is_empty()).collect();
        documented.sort_unstable();
        taken.sort_unstable();
        assert_eq!(documented, taken, "{verb} {path}");
    }
    lenient.sort_unstable();
    assert_eq!(lenient, LENIENT);
}
