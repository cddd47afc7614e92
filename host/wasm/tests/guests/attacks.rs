//! Activities that cost the host what they do not pay for.
#![allow(clippy::print_stdout, reason = "what an attack costs is for people to see")]

use std::net::TcpListener;
use std::time::{Duration, Instant};

use wasm::{Engines, Grants, LoadedComponent, Options};

use crate::support::*;

/// What the host may need beside what an attempt is allowed to have it keep: the guest's own memory among it.
const BESIDE_MIB: usize = 64;
/// The limit of the host, as its documents state it.
const KEPT_MIB: usize = 64;

async fn failure(component: &LoadedComponent, name: &str, grants: &Grants) -> engine::Failure {
    component.run_activity(&activity(name, Some("nowhere")), grants).await.unwrap_err()
}

/// The component where time to compute is not what ends an attempt.
fn patient() -> LoadedComponent {
    let options = Options { activity_cpu_max: Duration::from_mins(5), ..options() };
    Engines::new(options).unwrap().load(&guest_file("http_getter")).unwrap()
}

fn http(host: &str) -> Grants {
    Grants { http: vec![host.to_owned()], ..Grants::default() }
}

/// The most memory that this process, which is this test's alone, has had.
fn peak_mib() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() / 1024
}

/// How much more memory the host needs while an attempt does this.
async fn cost_mib(name: &str, grants: &Grants) -> (usize, engine::Failure) {
    let component = patient();
    // Run once before anything is measured.
    failure(&component, "get", grants).await;
    let before = peak_mib();
    let failure = failure(&component, name, grants).await;
    (peak_mib() - before, failure)
}

#[tokio::test]
async fn headers_without_end_are_bounded_in_the_hosts_memory() {
    for grants in [Grants::default(), http("example.com")] {
        let (cost, failure) = cost_mib("hoard-headers", &grants).await;
        println!("{cost} MiB");
        assert!(cost <= KEPT_MIB + BESIDE_MIB, "{cost} MiB");
        assert!(failure.message.contains("may keep 64"), "{failure:?}");
    }
}

#[tokio::test]
async fn bodies_without_end_are_bounded_in_the_hosts_memory() {
    let (cost, failure) = cost_mib("hoard-bodies", &http("example.com")).await;
    println!("{cost} MiB");
    assert!(cost <= KEPT_MIB + BESIDE_MIB, "{cost} MiB");
    assert!(failure.message.contains("may keep 64"), "{failure:?}");
}

#[tokio::test]
async fn who_may_send_nothing_has_no_bodies() {
    assert_eq!(failure(&HTTP_GETTER, "hoard-bodies", &Grants::default()).await.message, "no bodies");
}

#[tokio::test]
async fn time_in_the_host_is_time_of_the_attempt() {
    let begun = Instant::now();
    let failure = failure(&HTTP_GETTER, "shout", &Grants::default()).await;
    assert!(failure.message.contains("1s of computing"), "{failure:?}");
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn an_attempt_has_64_connections_at_most() {
    // Takes connections, and says nothing on any.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let silent = std::thread::spawn(move || listener.incoming().take(64).collect::<Result<Vec<_>, _>>());
    let input = format!("http://{address}/");
    let refused = HTTP_GETTER.run_activity(&activity("crowd", Some(&input)), &http(&address.to_string())).await;
    assert_eq!(refused.unwrap().unwrap().to_string(), "36");
    assert_eq!(silent.join().unwrap().unwrap().len(), 64);
}
