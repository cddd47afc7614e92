//! Orchestrations that nobody offers: why they wait is shown, and the operator says whether they fail.

use std::path::Path;

use e2e::{Server, guest};
use rusqlite::Connection;

use crate::wait::until;

/// Starts them while they are offered, for a moment at which they no longer are: a client over HTTP is told at once.
fn start(data: &Path, ids: &[&str]) {
    let server = Server::start(data).unwrap();
    server.ok(&["deploy", guest("greeter_v1").unwrap().to_str().unwrap()]).unwrap();
    for id in ids {
        server.ok(&["start", "greet", "--id", id, "--input", "\"you\"", "--after", "2s"]).unwrap();
    }
    server.stop().unwrap();
    Connection::open(data.join("rondo.db")).unwrap().execute_batch("DELETE FROM components").unwrap();
}

#[test]
fn an_orchestration_that_nobody_offers_waits_with_its_reason_until_the_operator_wants_it_to_fail() {
    let folder = tempfile::tempdir().unwrap();
    start(folder.path(), &["a", "b", "c"]);
    let server = Server::start(folder.path()).unwrap();
    for id in ["a", "b", "c"] {
        let status = until(&server, id, |status| status["held"].is_object());
        assert_eq!(
            (&status["held"]["code"], &status["runtimeStatus"]),
            (&"orchestration-not-found".into(), &"Pending".into())
        );
        let reason = status["held"]["message"].as_str().unwrap();
        assert!(reason.contains("\"greet\"") && reason.contains("no orchestration is offered at all"), "{reason}");
    }
    assert!(server.ok(&["list"]).unwrap().contains("Pending (held: orchestration-not-found)"));
    let series = "rondo_instances_waiting{orchestration=\"greet\"}";
    assert!((server.metrics().unwrap().get(series) - 3.0).abs() < 1e-9);
    server.ok(&["terminate", "a"]).unwrap();
    until(&server, "a", |status| status["runtimeStatus"] == "Terminated");
    server.stop().unwrap();

    let server = Server::start_with(folder.path(), &["--unknown-orchestrations", "1h"]).unwrap();
    until(&server, "b", |_| (server.metrics().unwrap().get(series) - 2.0).abs() < 1e-9);
    server.stop().unwrap();

    let server = Server::start_with(folder.path(), &["--unknown-orchestrations", "fail"]).unwrap();
    for id in ["b", "c"] {
        let status = until(&server, id, |status| status["runtimeStatus"] == "Failed");
        assert_eq!(status["failure"]["kind"], "orchestration-not-found");
        assert!(status["failure"]["message"].as_str().unwrap().contains("\"greet\""), "{status}");
    }
    server.ok(&["deploy", guest("greeter_v1").unwrap().to_str().unwrap()]).unwrap();
    server.ok(&["rewind", "b"]).unwrap();
    until(&server, "b", |status| status["component"].is_string());
    server.stop().unwrap();
}
