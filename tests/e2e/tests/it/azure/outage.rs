//! Storage that cannot be reached, or refuses: the host keeps running, says so once, and goes on by itself.

use std::thread;
use std::time::{Duration, Instant};

use azurite::{Proxy, Refusal, Times};
use e2e::Server;

use super::load::{self, Job};
use super::world::{TIMEOUT, World, deploy, output_of, until};

/// What the host is left without.
#[derive(Debug, Clone, Copy)]
enum Outage {
    /// Nobody listens.
    Down,
    /// Every request is refused.
    Refused(Refusal, Option<Duration>),
}

const OUTAGES: [Outage; 3] = [
    Outage::Down,
    Outage::Refused(Refusal::ServerBusy, None),
    Outage::Refused(Refusal::TooManyRequests, Some(Duration::from_secs(1))),
];

/// How long each lasts once the host has noticed.
const LENGTH: Duration = Duration::from_secs(2);

/// Instances that run into each.
const INSTANCES: u64 = 8;

/// What the log says of an outage, and of its end.
const LINES: [(&str, &str); 2] = [
    ("storage is unavailable", "storage is available again"),
    ("partition leases cannot be kept", "partition leases are kept again"),
];

#[test]
fn an_outage_is_reported_once_and_work_goes_on_by_itself() {
    let world = World::new();
    let proxy = world.proxy();
    let mut host = world.host_behind(&proxy, "a", &["--partitions", "1", "--lease", "3s"]);
    deploy(&host, "workload");
    let mut jobs: Vec<Job> = Vec::new();
    for (number, outage) in (0..).zip(OUTAGES) {
        let begun: Vec<Job> = (number * INSTANCES..(number + 1) * INSTANCES).map(load::mixed).collect();
        for job in &begun {
            job.start(&host);
        }
        jobs.extend(begun);
        during(&world, &proxy, outage, || {
            until_ready(&host, (503, "unhealthy"), outage);
            // Nothing is waited for: this is the outage.
            thread::sleep(LENGTH);
            assert!(host.is_alive(), "{}", host.log());
            assert_eq!(health(&host, "live"), (200, "live".to_owned()));
            assert_eq!(ready(&host).0, 503, "{outage:?}\n{}", host.log());
        });
        until_ready(&host, (200, "ready"), outage);
        let outages = usize::try_from(number + 1).unwrap();
        for (begin, end) in LINES {
            until(end, || count(&host, end) == outages);
            assert_eq!(count(&host, begin), outages, "{begin}: {outage:?}\n{}", host.log());
        }
    }
    for job in &jobs {
        assert_eq!(output_of(&host, &job.id), job.output, "{}", job.id);
    }
    assert_eq!(count(&host, "split_brain_detected"), 0, "{}", host.log());
    host.stop().unwrap();
}

fn during(world: &World, proxy: &Proxy, outage: Outage, then: impl FnOnce()) {
    match outage {
        Outage::Down => {
            world.block_on(proxy.down()).unwrap();
            then();
            world.block_on(proxy.up()).unwrap();
        }
        Outage::Refused(refusal, retry_after) => {
            let fault = proxy.refuse(|_| true, refusal, retry_after, Times::UntilRemoved);
            then();
            fault.remove();
        }
    }
}

/// Waits for the host to say so of itself.
fn until_ready(host: &Server, (code, status): (u16, &str), outage: Outage) {
    let deadline = Instant::now() + TIMEOUT;
    while ready(host) != (code, status.to_owned()) {
        assert!(Instant::now() < deadline, "{outage:?}: not {status} within {TIMEOUT:?}\n{}", host.log());
        thread::sleep(Duration::from_millis(20));
    }
}

fn count(host: &Server, words: &str) -> usize {
    host.log().matches(words).count()
}

fn ready(host: &Server) -> (u16, String) {
    health(host, "ready")
}

/// Code and status of a health check.
fn health(host: &Server, check: &str) -> (u16, String) {
    let agent = ureq::Agent::new_with_config(ureq::Agent::config_builder().http_status_as_error(false).build());
    let mut answer = agent.get(format!("{}/rondo/health/{check}", host.url())).call().unwrap();
    let body: serde_json::Value = serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap();
    (answer.status().as_u16(), body["status"].as_str().unwrap().to_owned())
}
