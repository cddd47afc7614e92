//! What the machine can do at most, measured in the same run: the disk, SQLite, and guests, each alone.

mod guests;
mod sqlite;

use std::path::Path;

use anyhow::Result;
use serde::Serialize;

use self::guests::Guests;
use self::sqlite::Sqlite;
use crate::workload::Row;
use crate::{disk, host};

/// What each does alone.
#[derive(Debug, Serialize)]
pub(crate) struct Limits {
    cores: usize,
    /// Before the first run on it, and after each: a disk that others use is not the same from one minute to the next.
    disk: Vec<Disk>,
    /// On all cores at once.
    guests: Guests,
}

/// What the disk allows.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Disk {
    /// Writes of 4 KiB, each synced before the next.
    syncs_per_second: f64,
    sqlite: Sqlite,
}

/// How much of each limit a run has reached, from 0 to about 1. More than 1 says that the disk was quicker during the run
/// than just before it and just after.
#[derive(Debug, Serialize)]
pub(crate) struct Shares {
    workload: &'static str,
    storage: host::Storage,
    /// Of the time of a disk that does nothing but sync; none where nothing is synced.
    syncs: Option<f64>,
    /// Of the time of a writer that does nothing but write as many rows in as many transactions.
    sqlite: Option<f64>,
    /// Of the turns and activity calls that all cores together do when they do nothing else.
    guests: f64,
    /// Of all cores.
    processor: f64,
}

impl Disk {
    /// Takes some seconds, during which nothing else should run.
    pub(crate) fn measure(folder: &Path) -> Result<Self> {
        let place = tempfile::tempdir_in(folder)?;
        Ok(Self { syncs_per_second: disk::syncs_per_second(folder)?, sqlite: sqlite::measure(place.path())? })
    }
}

impl Limits {
    /// With what was measured of the disk. Takes some seconds.
    pub(crate) async fn measure(disk: Vec<Disk>) -> Result<Self> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Self { cores, disk, guests: guests::measure(cores).await? })
    }

    /// How far each run has come, the last of them those on the disk.
    pub(crate) fn shares(&self, rows: &[Row]) -> Vec<Shares> {
        let before = rows.len().saturating_sub(self.disk.len().saturating_sub(1));
        let disk_around = |number: usize| number.checked_sub(before).and_then(|run| self.disk.get(run..run + 2));
        let shares = |(number, row)| self.share(row, disk_around(number).unwrap_or_default());
        rows.iter().enumerate().map(shares).collect()
    }

    /// How far a run has come on a disk that was as given.
    fn share(&self, row: &Row, disk: &[Disk]) -> Shares {
        let Self { cores, disk: _, guests } = self;
        let rate = row.orchestrations_per_second;
        let turns = row.turns_per_second / rate;
        // The mean of the times, which is what one would have waited.
        let mean = |seconds: fn(&Disk, f64, f64) -> f64| {
            let each = row.syncs_per_orchestration.zip(row.rows_per_orchestration);
            let sum = each.map(|(syncs, rows)| disk.iter().map(|disk| seconds(disk, syncs, rows)).sum::<f64>());
            sum.map(|sum| sum / disk.len().max(1) as f64)
        };
        Shares {
            workload: row.workload,
            storage: row.storage,
            syncs: mean(|disk, syncs, _| syncs / disk.syncs_per_second).map(|seconds| seconds * rate),
            sqlite: mean(|disk, syncs, rows| disk.sqlite.seconds(syncs, rows)).map(|seconds| seconds * rate),
            guests: (turns / guests.turns_per_second + row.activities / guests.activities_per_second) * rate,
            processor: row.cpu_ms_per_orchestration / 1_000.0 * rate / *cores as f64,
        }
    }

    pub(crate) fn print(&self) {
        let Self { cores, disk, guests } = self;
        println!("\nthe limits, each measured alone in this run; of the disk around each run on it");
        let line = |what: &str, rate: fn(&Disk) -> f64| {
            let rates: Vec<_> = disk.iter().map(|disk| format!("{:.0}", rate(disk))).collect();
            println!("  {what:<44}{}", rates.join(", "));
        };
        line("writes of 4 KiB a second, each synced", |disk| disk.syncs_per_second);
        line("SQLite transactions of 1 row a second", |disk| disk.sqlite.transactions_of_1_per_second);
        line("SQLite transactions of 100 rows a second", |disk| disk.sqlite.transactions_of_100_per_second);
        let turns = format!("warm orchestrator turns a second, {cores} cores");
        println!("  {turns:<44}{:.0}", guests.turns_per_second);
        let activities = format!("activity calls a second, {cores} cores");
        println!("  {activities:<44}{:.0}", guests.activities_per_second);
    }
}

impl Shares {
    /// What is nearest to its limit.
    fn binding(&self) -> &'static str {
        let Self { workload: _, storage: _, syncs, sqlite, guests, processor } = self;
        let all = [
            (syncs.unwrap_or_default(), "syncs"),
            (sqlite.unwrap_or_default(), "SQLite"),
            (*guests, "guests"),
            (*processor, "processor"),
        ];
        all.into_iter().max_by(|(one, _), (other, _)| one.total_cmp(other)).map_or("", |(_, name)| name)
    }

    pub(crate) fn print_all(shares: &[Self]) {
        println!(
            "\n{:<20}{:<8}{:>8}{:>8}{:>8}{:>11}  nearest",
            "of the limit of", "store", "syncs", "SQLite", "guests", "processor"
        );
        let percent = |share: f64| format!("{:.0} %", share * 100.0);
        let maybe = |share: Option<f64>| share.map_or_else(|| "-".to_owned(), percent);
        for share in shares {
            let Self { workload, storage, syncs, sqlite, guests, processor } = share;
            println!(
                "{workload:<20}{:<8}{:>8}{:>8}{:>8}{:>11}  {}",
                storage.name(),
                maybe(*syncs),
                maybe(*sqlite),
                percent(*guests),
                percent(*processor),
                share.binding(),
            );
        }
    }
}
