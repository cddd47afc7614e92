//! Following and waiting from the command line, also across a restart of the server.

use std::io::{BufRead as _, BufReader, Read as _};

use e2e::Server;
use serde_json::Value;

use super::{deploy, on_every_storage};

fn whoever_follows_sees_the_whole_history(server: &Server) {
    deploy(server, "greeter_v1");
    server.ok(&["start", "greet", "--id", "a", "--input", "\"you\""]).unwrap();
    let mut following = server.begin(&["history", "a", "--follow", "--output", "json"]).unwrap();
    let mut lines = BufReader::new(following.stdout.take().unwrap()).lines();
    let mut seen: Vec<Value> = vec![serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap()];
    server.ok(&["raise-event", "a", "go"]).unwrap();
    seen.extend(lines.map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap()));
    assert!(following.wait().unwrap().success());
    assert_eq!(Value::Array(seen), server.json(&["history", "a"]).unwrap()["events"]);
}

on_every_storage!(whoever_follows_sees_the_whole_history);

#[test]
fn whoever_waits_or_follows_goes_on_after_a_restart_of_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path()).unwrap();
    deploy(&server, "greeter_v1");
    server.ok(&["start", "greet", "--id", "a", "--input", "\"you\""]).unwrap();
    let mut following = server.begin(&["history", "a", "--follow", "--output", "json"]).unwrap();
    let mut waiting = server.begin(&["wait", "a", "--timeout", "60s"]).unwrap();
    let mut lines = BufReader::new(following.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    let mut said = BufReader::new(waiting.stderr.take().unwrap());
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    assert!(line.starts_with("a  "), "it has reached the server: {line}");
    let url = server.url().to_owned();
    server.kill().unwrap();

    let server = Server::start_again(folder.path(), &url).unwrap();
    server.ok(&["raise-event", "a", "go"]).unwrap();
    let mut rest = String::new();
    said.read_to_string(&mut rest).unwrap();
    let status = waiting.wait().unwrap();
    assert!(status.success(), "{status}: {rest}");
    assert!(rest.contains("trying again") && rest.contains("the server is back"), "{rest}");

    let seen: Vec<Value> =
        [first].into_iter().chain(lines.map(Result::unwrap)).map(|line| serde_json::from_str(&line).unwrap()).collect();
    assert!(following.wait().unwrap().success());
    assert_eq!(Value::Array(seen), server.json(&["history", "a"]).unwrap()["events"], "each event once");
}

#[test]
fn a_history_shows_children_below_the_events_that_started_them() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path()).unwrap();
    deploy(&server, "sub_orchestrations");
    let input = r#"{"id":"A-1","lines":[{"sku":"cup","quantity":1,"warehouse":"north"}]}"#;
    server.ok(&["start", "fulfil", "--id", "a", "--input", input, "--wait"]).unwrap();
    let shown = server.ok(&["history", "a"]).unwrap();
    assert!(shown.contains("  ExecutionStarted") && shown.contains("warehouse/pick"), "{shown}");
    assert!(!shown.contains("OrchestratorStarted") && shown.contains("1 child"), "{shown}");
    let flat = server.ok(&["history", "a", "--flat", "--turns"]).unwrap();
    assert!(!flat.contains("warehouse/pick") && flat.contains("OrchestratorStarted"), "{flat}");
}

#[test]
fn components_are_downloaded_and_made_the_newest_again() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path()).unwrap();
    deploy(&server, "greeter_v1");
    let first = server.json(&["components"]).unwrap()[0]["digest"].as_str().unwrap().to_owned();
    deploy(&server, "greeter_v2");
    assert_ne!(server.json(&["components"]).unwrap()[0]["digest"], first.as_str());

    let file = folder.path().join("first.wasm");
    server.ok(&["components", "download", &first[..12], file.to_str().unwrap()]).unwrap();
    assert_eq!(std::fs::read(&file).unwrap(), std::fs::read(e2e::guest("greeter_v1").unwrap()).unwrap());

    server.ok(&["components", "activate", &first[..12]]).unwrap();
    assert_eq!(server.json(&["components"]).unwrap()[0]["digest"], first.as_str());
    server.ok(&["start", "greet", "--id", "a", "--input", "\"you\""]).unwrap();
    server.ok(&["raise-event", "a", "go"]).unwrap();
    server.ok(&["wait", "a", "--timeout", "60s"]).unwrap();
    let again = server.json(&["restart", "a", "--same-id"]).unwrap();
    assert_eq!(again["id"], "a");
    server.ok(&["raise-event", "a", "go"]).unwrap();
    server.ok(&["wait", "a", "--timeout", "60s"]).unwrap();
    assert_eq!(server.json(&["status", "a"]).unwrap()["output"], "hello you from the first version");
}
