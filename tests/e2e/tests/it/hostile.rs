//! A guest that misbehaves harms only its own instance.

use std::time::{Duration, Instant};

use e2e::{Server, guest};

use crate::wait::until;

/// What `rondo serve` grants one call into a guest in these tests.
const DEADLINE: Duration = Duration::from_secs(1);

/// A server with the hostile guests and a good one.
fn server(folder: &std::path::Path) -> Server {
    let deadline = format!("{}ms", DEADLINE.as_millis());
    let server = Server::start_with(folder, &["--turn-deadline", &deadline]).unwrap();
    server.ok(&["deploy", guest("guests").unwrap().to_str().unwrap()]).unwrap();
    server
}

/// Runs a hostile orchestration beside a good one; the hostile one fails with this kind, the good one is not held up
/// by more than the deadline.
fn fails_alone(orchestration: &str, kind: &str, words: &str) {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path());
    // The neighbour once on its own, so that everything is compiled and warm.
    neighbour(&server, "warm-up");

    server.ok(&["start", orchestration, "--id", "hostile"]).unwrap();
    let beside = neighbour(&server, "neighbour");
    let status = until(&server, "hostile", |status| status["runtimeStatus"] == "Failed");
    assert_eq!(status["failure"]["kind"], kind, "{status:#}");
    let message = status["failure"]["message"].as_str().unwrap();
    assert!(message.contains(words), "{words:?} is not in {message:?}");
    // Two command lines are started on the way; on a busy machine they alone take a moment.
    let allowance = DEADLINE + Duration::from_secs(4);
    assert!(beside < allowance, "the neighbour took {beside:?}, more than {allowance:?}");
    // The host goes on as if nothing had been.
    neighbour(&server, "afterwards");
}

fn neighbour(server: &Server, id: &str) -> Duration {
    let begun = Instant::now();
    server.ok(&["start", "chain", "--id", id, "--input", "\"x\""]).unwrap();
    server.ok(&["wait", id, "--timeout", "60s"]).unwrap();
    assert_eq!(server.json(&["status", id]).unwrap()["output"], "x");
    begun.elapsed()
}

#[test]
fn a_trap_fails_its_instance() {
    fails_alone("trap", "guest-trapped", "trap");
}

#[test]
fn an_endless_loop_fails_its_instance() {
    fails_alone("loop", "guest-deadline-exceeded", "interrupted after 1s");
}

#[test]
fn allocation_without_end_fails_its_instance() {
    fails_alone("allocate", "guest-memory-exceeded", "memory");
}

#[test]
fn garbage_task_ids_fail_their_instance() {
    fails_alone("task-ids", "guest-broke-contract", "7");
}

#[test]
fn a_result_of_100_mb_fails_its_instance() {
    fails_alone("huge", "guest-broke-contract", "larger than");
}

#[test]
fn endless_recursion_fails_its_instance() {
    fails_alone("recurse", "guest-trapped", "stack");
}

#[test]
fn a_trap_in_the_middle_of_a_history_fails_its_instance() {
    fails_alone("trap-later", "guest-trapped", "trap");
}
