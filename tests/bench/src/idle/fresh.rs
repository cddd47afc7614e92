//! A new host on an old file, in a process of its own, so that its memory is nobody else's.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde::{Deserialize, Serialize};

use super::options;
use crate::host::{self, FILE, Host};
use crate::{client, process};

/// Instances that are woken.
const WAKES: usize = 200;

/// Which ones; the same in every run.
const SEED: u64 = 5;

/// What starting took, and what the host has and does afterwards.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Fresh {
    /// Opening the file and starting threads; compiling the component is not counted.
    pub(crate) open_ms: f64,
    /// From the beginning until the first new orchestration has ended.
    pub(crate) ready_ms: f64,
    /// Read meanwhile.
    pub(crate) read_bytes: u64,
    /// Instances that were loaded meanwhile; the new one is one.
    pub(crate) loads: u64,
    /// Of the process, once ready.
    pub(crate) memory_bytes: u64,
    /// None on an empty file.
    pub(crate) wakes: Option<Wakes>,
}

/// From raising an event until an instance that was not in memory has answered it, durably.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Wakes {
    pub(crate) count: usize,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
}

/// Runs [`serve`] in a new process.
pub(super) async fn spawn(folder: &Path, instances: usize) -> Result<Fresh> {
    let mut program = Command::new(std::env::current_exe().context("finding this program")?);
    program.args(["fresh-host", "--instances", &instances.to_string(), "--folder"]).arg(folder);
    let output = tokio::task::spawn_blocking(move || program.stderr(Stdio::inherit()).output());
    let output = output.await?.context("starting a new host")?;
    ensure!(output.status.success(), "a new host has failed: {}", output.status);
    serde_json::from_slice(&output.stdout).context("reading what a new host says")
}

/// Opens the file in `folder`, in which so many instances wait.
pub(crate) async fn serve(folder: &Path, instances: usize) -> Result<Fresh> {
    let component = host::workload().await?;
    let read = process::bytes_read()?;
    let begun = Instant::now();
    let host = Host::over_file(&folder.join(FILE), component, options())?;
    let open_ms = ms(begun.elapsed());
    let new = client::start(&*host.backend, "new", "sequence", "0".to_owned()).await?;
    client::end(&*host.backend, &new).await?;
    let ready_ms = ms(begun.elapsed());
    let read_bytes = process::bytes_read()? - read;
    let loads = host.worker.stats().cold_loads;
    let memory_bytes = process::memory_bytes()?;
    let wakes = if instances == 0 { None } else { Some(wake_some(&host, instances).await?) };
    host.stop().await?;
    Ok(Fresh { open_ms, ready_ms, read_bytes, loads, memory_bytes, wakes })
}

/// One at a time, each another one.
async fn wake_some(host: &Host, instances: usize) -> Result<Wakes> {
    let mut numbers = fastrand::Rng::with_seed(SEED).choose_multiple(0..instances, WAKES);
    numbers.sort_unstable();
    fastrand::Rng::with_seed(SEED).shuffle(&mut numbers);
    let mut latencies = Vec::with_capacity(numbers.len());
    for number in numbers {
        latencies.push(client::wake(&*host.backend, &client::instance_id(&number.to_string())?, 1).await?);
    }
    latencies.sort_unstable();
    let percentile = |percent: usize| ms(latencies[(latencies.len() - 1) * percent / 100]);
    Ok(Wakes { count: latencies.len(), p50_ms: percentile(50), p99_ms: percentile(99) })
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}
