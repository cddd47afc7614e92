//! W5: what instances cost that do nothing but wait: `cargo xtask bench idle`.
//!
//! All are started on one host, which keeps few guests; what its memory grows by while the second half comes is what
//! an instance costs. Then hosts in processes of their own open the file, and an empty one beside it: what they need
//! more for the full one is what start-up costs, and the first of them is asked for instances at random.

mod fresh;
mod table;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde::Serialize;
use worker::Options;

pub(crate) use self::fresh::{Fresh, serve};
pub(crate) use self::table::print;
use crate::client;
use crate::host::{self, FILE, Host};
use crate::{process, progress};

/// Memory for warm guests: some twenty, so that nearly all instances are evicted.
const WARM_BYTES: usize = 32 * 1024 * 1024;

/// Starts that wait for the disk at the same time.
const STARTERS: usize = 512;

/// How often to ask whether all wait.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Nothing may take longer.
const TIMEOUT: Duration = Duration::from_mins(20);

/// What they came to.
#[derive(Debug, Serialize)]
pub(crate) struct Idle {
    instances: usize,
    started_per_second: f64,
    file_bytes_per_instance: f64,
    /// Growth of the host's memory over the second half of the instances.
    memory_bytes_per_instance: f64,
    /// Guests that it kept, at the end.
    warm: usize,
    /// A new host on an empty file.
    empty: Fresh,
    /// A new host on the file with all of them.
    full: Fresh,
    /// By how much the second has more memory.
    memory_bytes_per_instance_after_start: f64,
}

/// Starts `instances`, and then new hosts.
pub(crate) async fn measure(instances: usize, folder: &Path) -> Result<Idle> {
    ensure!(instances >= 2, "two halves of {instances} instances are not to be had");
    let place = tempfile::tempdir_in(folder).context("making a folder for the database")?;
    let file = place.path().join(FILE);
    let host = Host::over_file(&file, host::workload().await?, options())?;
    progress::now(format_args!("{instances} starts"));
    let begun = Instant::now();
    start(&host, 0..instances / 2).await?;
    let half = process::memory_bytes()?;
    start(&host, instances / 2..instances).await?;
    let started_per_second = instances as f64 / begun.elapsed().as_secs_f64();
    let all = process::memory_bytes()?;
    let warm = host.worker.stats().instances_warm;
    host.stop().await?;

    progress::now("new hosts");
    let nothing = tempfile::tempdir_in(folder).context("making a folder for the database")?;
    let empty = fresh::spawn(nothing.path(), 0).await?;
    let full = fresh::spawn(place.path(), instances).await?;
    let each = instances as f64;
    Ok(Idle {
        instances,
        started_per_second,
        file_bytes_per_instance: file.metadata().context("looking at the database")?.len() as f64 / each,
        memory_bytes_per_instance: (all as f64 - half as f64) / (instances - instances / 2) as f64,
        warm,
        memory_bytes_per_instance_after_start: (full.memory_bytes as f64 - empty.memory_bytes as f64) / each,
        empty,
        full,
    })
}

fn options() -> Options {
    Options { warm_guest_bytes_max: WARM_BYTES, ..Options::default() }
}

/// Starts these, and waits until each has had its first turn.
async fn start(host: &Host, numbers: std::ops::Range<usize>) -> Result<()> {
    let before = host.worker.stats().commits;
    let count = numbers.len() as u64;
    let next = Arc::new(std::sync::atomic::AtomicUsize::new(numbers.start));
    let starters: Vec<_> = (0..STARTERS)
        .map(|_| {
            let (backend, next, end) = (host.backend.clone(), next.clone(), numbers.end);
            tokio::spawn(async move {
                loop {
                    let number = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    if number >= end {
                        return anyhow::Ok(());
                    }
                    client::start(&*backend, &number.to_string(), "vigil", "0".to_owned()).await?;
                }
            })
        })
        .collect();
    for starter in starters {
        starter.await.context("an orchestration was not started")??;
    }
    let deadline = Instant::now() + TIMEOUT;
    loop {
        let stats = host.worker.stats();
        if stats.commits - before >= count && stats.instances_busy == 0 {
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "{} of {count} instances wait", stats.commits - before);
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
