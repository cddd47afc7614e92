//! A short run of everything on each storage, from seeds that stay as they are.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::print_stdout, reason = "a test prints what it has counted")]

use std::time::Duration;

use torture::{Settings, Storage, run};

/// How long there are faults: two thirds of a test's minute; starting and checking is the rest.
const LASTS: Duration = Duration::from_secs(25);

fn survives(storage: Storage, seed: u64) {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings::new(storage, LASTS, seed, folder.path().to_owned());
    let report = run(&settings, &|line| println!("{line}")).unwrap();
    println!("{report}");
    assert!(report.faults() > 0, "nothing went wrong, so nothing was tried");
}

#[test]
fn one_host_on_a_small_disk_survives_kills_stalls_and_a_full_disk() {
    survives(Storage::Sqlite, 2);
}

#[test]
fn three_hosts_on_azure_storage_survive_kills_stalls_and_cuts() {
    survives(Storage::Azurite, 3);
}
