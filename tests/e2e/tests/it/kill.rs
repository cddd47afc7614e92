//! `kill -9` at any moment loses nothing.

use std::collections::BTreeMap;
use std::ops::Range;
use std::thread;
use std::time::{Duration, Instant};

use e2e::{Server, guest};
use engine::RuntimeStatus;
use store::Snapshot;
use wasm::Engines;
use workload::Plan;

use crate::stored::{assert_grown, assert_replays, snapshots};

/// Orchestrations that run while the server dies again and again.
const INSTANCES: u64 = 200;

/// How often it dies while some of them run.
const INTERRUPTIONS: u32 = 20;

/// How often it may die at most, those counted that hit nothing.
const KILLS_MAX: u32 = 60;

/// How long everything may take to end after the last kill.
const END_TIMEOUT: Duration = Duration::from_mins(4);

fn plan(number: u64) -> Plan {
    Plan { seed: number, rounds: 10, pause_ms: 400 }
}

/// The story: 200 orchestrations use activities, fan-outs, children, events, races and continue-as-new, and the server
/// is killed at random moments, 20 times while some of them run. For each that ends meanwhile another is started.
#[test]
fn kill_nine_at_random_moments_loses_nothing_and_repeats_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let workload = guest("workload").unwrap();
    let engines = Engines::new(wasm::Options::default()).unwrap();
    let component = engines.load(&std::fs::read(&workload).unwrap()).unwrap();

    let mut server = Server::start(folder.path()).unwrap();
    server.ok(&["deploy", workload.to_str().unwrap()]).unwrap();
    let mut started = 0..0;
    start_more(&server, &mut started, INSTANCES);

    let mut seen = BTreeMap::new();
    let (mut kills, mut interruptions) = (0, 0);
    while interruptions < INTERRUPTIONS {
        assert!(kills < KILLS_MAX, "of {kills} kills only {interruptions} hit anything");
        // The moment is what this test is about; it is not waiting for anything.
        thread::sleep(Duration::from_millis(random.u64(50..700)));
        server.kill().unwrap();
        kills += 1;
        let stored = snapshots(folder.path());
        assert_grown(&seen, &stored);
        let running: Vec<_> = stored.values().filter(|snapshot| !snapshot.row.state.status.is_terminal()).collect();
        for snapshot in running.iter().step_by(10) {
            assert_replays(&snapshot.row.state.instance_id, &snapshot.history, &component);
        }
        interruptions += u32::from(!running.is_empty());
        let own = started.clone().filter(|number| !stored[&id(*number)].row.state.status.is_terminal()).count() as u64;
        seen = stored;
        server = Server::start(folder.path()).unwrap();
        start_more(&server, &mut started, INSTANCES - own);
    }

    let done = wait_for_all(server, folder.path());
    assert_grown(&seen, &done);
    for number in started.clone() {
        let snapshot = &done[&id(number)];
        let state = &snapshot.row.state;
        assert_eq!(state.status, RuntimeStatus::Completed, "{}: {:?}", id(number), state.failure);
        let expected = workload::expected(plan(number)).to_string();
        assert_eq!(state.output.as_ref().map(ToString::to_string), Some(expected), "{}", id(number));
        assert_replays(&state.instance_id, &snapshot.history, &component);
    }
    println!("{kills} kills over {} orchestrations and {} children", started.end, done.len() as u64 - started.end);
}

/// Starts the next `count` orchestrations.
fn start_more(server: &Server, started: &mut Range<u64>, count: u64) {
    for number in started.end..started.end + count {
        start(server, number);
    }
    started.end += count;
}

fn id(number: u64) -> String {
    format!("mixed-{number}")
}

fn start(server: &Server, number: u64) {
    let url = format!("{}/runtime/webhooks/durabletask/orchestrators/mixed/{}", server.url(), id(number));
    let plan = plan(number);
    let body = format!(r#"{{"seed":{},"rounds":{},"pause_ms":{}}}"#, plan.seed, plan.rounds, plan.pause_ms);
    let answer = ureq::post(url).header("content-type", "application/json").send(body).unwrap();
    assert_eq!(answer.status(), 202);
}

/// Lets the server finish its work, then stops it and reads what it has left.
fn wait_for_all(server: Server, data: &std::path::Path) -> BTreeMap<String, Snapshot> {
    let deadline = Instant::now() + END_TIMEOUT;
    loop {
        let open = server.json(&["list", "--status", "running", "--status", "pending", "--top", "1"]).unwrap();
        if open.as_array().unwrap().is_empty() {
            break;
        }
        assert!(Instant::now() < deadline, "still open after {END_TIMEOUT:?}: {open}\n{}", server.log());
        thread::sleep(Duration::from_millis(100));
    }
    server.stop().unwrap();
    snapshots(data)
}
