//! The verbs of the command line, on one server.

use e2e::{Server, guest};
use serde_json::Value;

use crate::wait::until;

fn server(folder: &std::path::Path, component: &str) -> Server {
    let server = Server::start(folder).unwrap();
    server.ok(&["deploy", guest(component).unwrap().to_str().unwrap()]).unwrap();
    server
}

fn status(server: &Server, id: &str) -> Value {
    server.json(&["status", id]).unwrap()
}

#[test]
fn a_suspended_instance_takes_events_but_does_not_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path(), "greeter_v1");
    server.ok(&["start", "greet", "--id", "a", "--input", "\"you\""]).unwrap();
    server.ok(&["suspend", "a", "--reason", "not yet"]).unwrap();
    until(&server, "a", |status| status["runtimeStatus"] == "Suspended");
    server.ok(&["raise-event", "a", "GO"]).unwrap();
    let answer = server.rondo(&["wait", "a", "--timeout", "500ms"]).unwrap();
    assert_eq!(answer.code, 5, "{answer:?}");
    server.ok(&["resume", "a"]).unwrap();
    server.ok(&["wait", "a", "--timeout", "60s"]).unwrap();
    assert_eq!(status(&server, "a")["output"], "hello you from the first version");
}

#[test]
fn a_terminated_instance_has_ended_for_every_verb() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path(), "greeter_v1");
    server.ok(&["start", "greet", "--id", "a", "--input", "\"you\""]).unwrap();
    server.ok(&["terminate", "a", "--reason", "enough"]).unwrap();
    let answer = server.rondo(&["wait", "a", "--timeout", "60s"]).unwrap();
    assert_eq!(answer.code, 4, "{answer:?}");
    assert_eq!(status(&server, "a")["output"], "enough");
    for verb in [&["raise-event", "a", "go"][..], &["suspend", "a"], &["terminate", "a"], &["rewind", "a"]] {
        let answer = server.rondo(verb).unwrap();
        assert_eq!(answer.code, 7, "{verb:?}: {answer:?}");
    }
    server.ok(&["purge", "a"]).unwrap();
    assert_eq!(server.rondo(&["status", "a"]).unwrap().code, 3);
}

#[test]
fn an_id_in_use_is_refused_and_one_that_has_ended_is_taken_again() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path(), "greeter_v1");
    server.ok(&["start", "greet", "--id", "a", "--input", "\"one\""]).unwrap();
    let answer = server.rondo(&["start", "greet", "--id", "a", "--input", "\"two\""]).unwrap();
    assert_eq!(answer.code, 7, "{answer:?}");
    server.ok(&["raise-event", "a", "go"]).unwrap();
    server.ok(&["wait", "a", "--timeout", "60s"]).unwrap();
    server.ok(&["start", "greet", "--id", "a", "--input", "\"two\""]).unwrap();
    server.ok(&["raise-event", "a", "go"]).unwrap();
    server.ok(&["wait", "a", "--timeout", "60s"]).unwrap();
    assert_eq!(status(&server, "a")["output"], "hello two from the first version");
}

#[test]
fn an_unknown_orchestration_is_refused_with_the_known_ones() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path(), "greeter_v1");
    let answer = server.rondo(&["start", "great"]).unwrap();
    assert_eq!(answer.code, 3, "{answer:?}");
    assert!(answer.stderr.contains("greet"), "{}", answer.stderr);
}

#[test]
fn an_input_that_does_not_fit_fails_the_instance() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path(), "greeter_v1");
    server.ok(&["start", "greet", "--id", "a", "--input", "42"]).unwrap();
    let failed = until(&server, "a", |status| status["runtimeStatus"] == "Failed");
    assert_eq!(failed["failure"]["kind"], "invalid-input", "{failed:#}");
}

#[test]
fn a_scheduled_start_waits_for_its_time_across_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let first = server(folder.path(), "greeter_v1");
    first.ok(&["start", "greet", "--id", "a", "--input", "\"you\"", "--after", "2s"]).unwrap();
    assert_eq!(status(&first, "a")["runtimeStatus"], "Pending");
    first.ok(&["raise-event", "a", "go"]).unwrap();
    first.stop().unwrap();

    let second = Server::start(folder.path()).unwrap();
    second.ok(&["wait", "a", "--timeout", "60s"]).unwrap();
    let ended = status(&second, "a");
    assert_eq!(ended["output"], "hello you from the first version");
    assert!(ended["elapsedMs"].as_u64().unwrap() >= 2_000, "{ended:#}");
}

#[test]
fn a_guest_that_is_replayed_in_every_turn_logs_every_line_once() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_with(folder.path(), &["--warm-memory", "1KiB"]).unwrap();
    server.ok(&["deploy", guest("chaining").unwrap().to_str().unwrap()]).unwrap();
    let input = r#"{"id":"A-7","country":"FR","items":[{"sku":"cup","quantity":1,"price_cents":100}]}"#;
    server.ok(&["start", "order", "--id", "a", "--input", input, "--wait"]).unwrap();
    assert_eq!(status(&server, "a")["output"]["paid_cents"], 120);
    server.ok(&["purge", "a"]).unwrap();
    let log = server.log();
    assert_eq!(log.matches("order A-7 is paid").count(), 1, "{log}");
}

#[test]
fn two_servers_do_not_share_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let _first = Server::start(folder.path()).unwrap();
    let second = Server::start(folder.path()).unwrap_err().to_string();
    assert!(second.contains("in use by another process"), "{second}");
}

#[test]
fn nobody_at_home_is_said_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path()).unwrap();
    let url = server.url().to_owned();
    server.stop().unwrap();
    let output =
        std::process::Command::new(e2e::rondo_binary().unwrap()).args(["list", "--server", &url]).output().unwrap();
    assert_eq!(output.status.code(), Some(6));
    assert!(String::from_utf8_lossy(&output.stderr).contains("rondo serve"), "{output:?}");
}
