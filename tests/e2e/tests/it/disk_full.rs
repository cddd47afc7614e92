//! No room on the disk: the host says so, loses nothing, and goes on by itself when there is room again.

use std::thread;
use std::time::{Duration, Instant};

use e2e::{Server, SmallDisk, guest};
use serde_json::{Value, json};
use ureq::Agent;
use workload::Plan;

use crate::wait::until;

/// Room for a host, its log and its components.
const DISK_MEBIBYTES: u32 = 96;

/// Orchestrations that run into the full disk.
const INSTANCES: u64 = 20;

/// How long the disk stays full once the host has noticed: longer than a turn is tried before its instance is loaded
/// anew.
const LASTS: Duration = Duration::from_secs(5);

/// How long the host may take to notice.
const TIMEOUT: Duration = Duration::from_mins(1);

fn plan(number: u64) -> Plan {
    Plan { seed: number, rounds: 20, pause_ms: 200 }
}

#[test]
fn a_host_without_room_says_so_loses_nothing_and_goes_on_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let disk = SmallDisk::new(&folder.path().join("data"), DISK_MEBIBYTES).unwrap();
    println!("the disk becomes full by {}", disk.means());
    let mut server = Server::start(disk.folder()).unwrap();
    server.ok(&["deploy", guest("workload").unwrap().to_str().unwrap()]).unwrap();
    let mut accepted: Vec<u64> = (0..INSTANCES).collect();
    for number in &accepted {
        assert_eq!(start(&server, *number).0, 202);
    }

    disk.fill(server.pid()).unwrap();
    let begun = Instant::now();
    // Clients go on trying; while they are refused nothing is lost, because nothing is promised.
    let mut next = INSTANCES;
    while ready(&server).0 == 200 {
        assert!(begun.elapsed() < TIMEOUT, "the host has not noticed in {TIMEOUT:?}\n{}", server.log());
        match start(&server, next) {
            (202, _) => accepted.push(next),
            (503, problem) => assert_eq!(problem["code"], "storage-unavailable", "{problem}"),
            other => panic!("{other:?}"),
        }
        next += 1;
        thread::sleep(Duration::from_millis(5));
    }
    let (code, body) = ready(&server);
    assert_eq!((code, &body["status"]), (503, &json!("unhealthy")), "{body}");
    let problem = body["problem"].as_str().unwrap();
    assert!(problem.starts_with("storage is unavailable: "), "{problem}");
    if disk.means().contains("tmpfs") {
        assert!(problem.contains("full"), "{problem}");
    }
    // Nothing is waited for: this is the outage.
    thread::sleep(LASTS);
    assert!(server.is_alive(), "{}", server.log());
    assert_eq!(ready(&server).0, 503);
    assert_eq!(get(&server, "/rondo/health/live").0, 200);
    assert_eq!(get(&server, "/runtime/webhooks/durabletask/instances/mixed-0").0, 202, "what is stored can be read");

    disk.free(server.pid()).unwrap();
    let freed = Instant::now();
    while ready(&server).0 != 200 {
        assert!(freed.elapsed() < TIMEOUT, "not ready within {TIMEOUT:?}: {:?}\n{}", ready(&server), server.log());
        thread::sleep(Duration::from_millis(20));
    }
    println!("{} were accepted; ready {:?} after there was room", accepted.len(), freed.elapsed());
    for number in accepted {
        let id = format!("mixed-{number}");
        until(&server, &id, |status| status["runtimeStatus"] == "Completed");
        let status = server.json(&["status", &id]).unwrap();
        assert_eq!(status["output"], json!(workload::expected(plan(number))), "{id}");
    }
    server.stop().unwrap();
}

fn start(server: &Server, number: u64) -> (u16, Value) {
    let url = format!("{}/runtime/webhooks/durabletask/orchestrators/mixed/mixed-{number}", server.url());
    let mut answer =
        agent().post(url).header("content-type", "application/json").send(json!(plan(number)).to_string()).unwrap();
    (answer.status().as_u16(), serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap())
}

fn ready(server: &Server) -> (u16, Value) {
    get(server, "/rondo/health/ready")
}

fn get(server: &Server, path: &str) -> (u16, Value) {
    let mut answer = agent().get(format!("{}{path}", server.url())).call().unwrap();
    (answer.status().as_u16(), serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap())
}

fn agent() -> Agent {
    Agent::new_with_config(Agent::config_builder().http_status_as_error(false).build())
}
