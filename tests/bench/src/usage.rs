//! What a host has used at some moment.

use std::time::{Duration, Instant};

use anyhow::Result;

use crate::host::Host;
use crate::process;

/// Everything that only grows, of this process or of what it talks to.
#[derive(Debug)]
pub(crate) struct Usage {
    at: Instant,
    pub(crate) time: Duration,
    pub(crate) cpu: Duration,
    /// Bytes.
    pub(crate) written: u64,
    pub(crate) turns: u64,
    pub(crate) commits: u64,
    /// Of the disk; none where nothing is synced.
    pub(crate) syncs: Option<u64>,
    /// Of the database that were inserted, changed or deleted.
    pub(crate) rows: Option<u64>,
    /// To storage; none where it is no service.
    pub(crate) requests: Option<u64>,
    /// Processor time of the emulator, where there is one.
    pub(crate) emulator: Option<Duration>,
}

impl Usage {
    /// Up to now.
    pub(crate) fn of(host: &Host) -> Result<Self> {
        let (stats, file) = (host.worker.stats(), host.file_stats());
        Ok(Self {
            at: Instant::now(),
            time: Duration::ZERO,
            cpu: process::cpu()?,
            written: process::bytes_written()?,
            turns: stats.turns,
            commits: stats.commits,
            syncs: file.map(|file| file.transactions),
            rows: file.map(|file| file.rows_written),
            requests: host.requests(),
            emulator: host.emulator_cpu()?,
        })
    }

    /// Between two moments.
    pub(crate) fn since(self, before: &Self) -> Self {
        fn each<T>(after: Option<T>, before: Option<T>, minus: fn(T, T) -> T) -> Option<T> {
            after.zip(before).map(|(after, before)| minus(after, before))
        }
        let count = u64::saturating_sub;
        Self {
            at: self.at,
            time: self.at.duration_since(before.at),
            cpu: self.cpu.saturating_sub(before.cpu),
            written: count(self.written, before.written),
            turns: count(self.turns, before.turns),
            commits: count(self.commits, before.commits),
            syncs: each(self.syncs, before.syncs, count),
            rows: each(self.rows, before.rows, count),
            requests: each(self.requests, before.requests, count),
            emulator: each(self.emulator, before.emulator, Duration::saturating_sub),
        }
    }
}
