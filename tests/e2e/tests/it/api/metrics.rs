//! `/metrics`: what is said of it, and that it counts right.

use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, Instant};

use e2e::{Metrics, Server, repository};
use serde_json::Value;

use super::{deploy, on_every_storage};

/// Activities that the orchestrations here run, one after another.
const ACTIVITIES: u32 = 10;

/// How long a host may take to count what it has done.
const COUNT_TIMEOUT: Duration = Duration::from_mins(1);

/// How often something happened between two looks.
struct Since<'a>(&'a Metrics, &'a Metrics);

impl Since<'_> {
    fn get(&self, series: &str) -> f64 {
        self.1.get(series) - self.0.get(series)
    }

    #[track_caller]
    fn check(&self, expected: &[(&str, u32)]) {
        for (series, count) in expected {
            assert!(
                (self.get(series) - f64::from(*count)).abs() < 1e-9,
                "{series}: {} is not {count}",
                self.get(series)
            );
        }
    }
}

/// Looks until a counter is as high as it will be; whoever goes on then sees everything counted that belongs to it.
fn look_until(server: &Server, before: &Metrics, series: &str, count: u32) -> Metrics {
    let deadline = Instant::now() + COUNT_TIMEOUT;
    loop {
        let now = server.metrics().unwrap();
        let seen = Since(before, &now).get(series);
        if seen >= f64::from(count) {
            return now;
        }
        assert!(Instant::now() < deadline, "{series} is {seen}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Name and type of every metric in the table, of those that this storage has.
fn described(storage: &str) -> BTreeSet<(String, String)> {
    let page = fs::read_to_string(repository().join("host/api/README.md")).unwrap();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `rondo_"));
    let described: BTreeSet<_> = rows
        .map(|row| row.split('|').map(str::trim).collect::<Vec<_>>())
        .filter(|cells| cells[3] == "all" || cells[3] == storage)
        .map(|cells| (format!("rondo_{}", cells[0].trim_end_matches('`')), cells[1].to_owned()))
        .collect();
    assert!(described.len() > 20, "the table was found: {described:?}");
    described
}

fn storage_of(server: &Server) -> &'static str {
    let kinds = server.metrics().unwrap();
    if kinds.families.iter().any(|(name, _)| name.starts_with("rondo_azure")) { "azure" } else { "sqlite" }
}

fn what_is_exported_is_what_the_table_describes(server: &Server) {
    assert_eq!(server.metrics().unwrap().families, described(storage_of(server)));
}

fn a_known_workload_is_counted_exactly(server: &Server) {
    deploy(server, "workload");
    let before = server.metrics().unwrap();
    server.ok(&["start", "sequence", "--id", "a", "--input", &ACTIVITIES.to_string()]).unwrap();
    server.ok(&["wait", "a", "--timeout", "60s"]).unwrap();
    let turns = ACTIVITIES + 1;
    let after = look_until(server, &before, "rondo_commits_total{outcome=\"ok\"}", turns);
    let since = Since(&before, &after);
    since.check(&[
        ("rondo_turns_total", turns),
        ("rondo_turn_seconds_count", turns),
        ("rondo_turn_wait_seconds_count", turns),
        ("rondo_turn_messages_sum", turns),
        ("rondo_commits_total{outcome=\"ok\"}", turns),
        ("rondo_commits_total{outcome=\"stale\"}", 0),
        ("rondo_commit_seconds_count", turns),
        ("rondo_activities_total{outcome=\"completed\"}", ACTIVITIES),
        ("rondo_activities_total{outcome=\"failed\"}", 0),
        ("rondo_activity_seconds_count{outcome=\"completed\"}", ACTIVITIES),
        ("rondo_cold_loads_total", 1),
        ("rondo_warm_hits_total", ACTIVITIES),
        ("rondo_replay_events_count", 0),
        ("rondo_split_brains_total", 0),
    ]);
    assert!(since.get("rondo_turn_seconds_sum") > 0.0);
    match storage_of(server) {
        // A start is a write, too.
        "sqlite" => since.check(&[
            ("rondo_storage_requests_total{kind=\"transaction\",outcome=\"ok\"}", turns + 1),
            ("rondo_sqlite_transaction_seconds_count", turns + 1),
            ("rondo_sqlite_commit_seconds_count", turns + 1),
            ("rondo_sqlite_transaction_writes_count", turns + 1),
            ("rondo_sqlite_transaction_writes_sum", turns + 1),
        ]),
        // Each turn is one transaction.
        _ => since.check(&[
            ("rondo_storage_requests_total{kind=\"transact\",outcome=\"ok\"}", turns),
            ("rondo_storage_requests_total{kind=\"transact\",outcome=\"conflict\"}", 0),
            ("rondo_storage_requests_total{kind=\"queue_put\",outcome=\"ok\"}", 1),
            ("rondo_storage_requests_total{kind=\"queue_take\",outcome=\"ok\"}", 1),
        ]),
    }
    for (series, value) in after.all("rondo_storage_requests_total") {
        println!("{series} {value}");
    }
}

on_every_storage!(what_is_exported_is_what_the_table_describes, a_known_workload_is_counted_exactly);

#[test]
fn the_length_of_a_replay_is_that_of_the_history() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path()).unwrap();
    deploy(&server, "workload");
    let before = server.metrics().unwrap();
    server.ok(&["start", "vigil", "--id", "a", "--input", &ACTIVITIES.to_string()]).unwrap();
    look_until(&server, &before, "rondo_commits_total{outcome=\"ok\"}", ACTIVITIES + 1);
    let history = server.json(&["history", "a"]).unwrap();
    let events = history["events"].as_array().or_else(|| history.as_array()).map_or(0, Vec::len);
    server.kill().unwrap();

    let server = Server::start(folder.path()).unwrap();
    server.ok(&["raise-event", "a", "wake", "--data", "false"]).unwrap();
    assert_eq!(server.json(&["wait", "a", "--timeout", "60s"]).unwrap()["output"], Value::from(ACTIVITIES));
    let metrics = server.metrics().unwrap();
    Since(&Metrics::parse("# EOF\n").unwrap(), &metrics).check(&[
        ("rondo_replay_events_count", 1),
        ("rondo_replay_events_sum", u32::try_from(events).unwrap()),
        ("rondo_cold_loads_total", 1),
    ]);
}
