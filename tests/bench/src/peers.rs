//! Other engines on the same workloads, in turn with ours: `cargo xtask bench peers`.
//!
//! Each engine runs W1, W2 and W3 on a fresh folder in every round, and the next round goes through the engines the other
//! way round, so that whatever the machine's other users do falls on all of them. Every engine syncs what it commits.

mod child;
mod duroxide;
mod restate;
mod table;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde::Serialize;

use self::child::Usage;
use self::duroxide::Duroxide;
use self::restate::Restate;
use crate::disk;
use crate::host::{Host, Storage};
use crate::progress;
use crate::workload::{Row, Workload};

pub(crate) use self::table::{Comparison, print};

/// Where `cargo xtask bench peers` puts the others, whatever folder its builds go to.
const INSTALLED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/peers");

/// What runs before anything is counted, of each workload: a server with a just-in-time compiler needs that.
const WARM_UP: usize = 50;

/// Longer than this no run may take. The slowest engine needs a minute for a thousand.
const TIMEOUT: Duration = Duration::from_mins(15);

/// Who runs the workloads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Engine {
    Rondo,
    /// An activity is a closure of the orchestration's own process.
    RestateInline,
    /// An activity is a call of another service.
    RestateCalled,
    Duroxide,
}

/// What an engine came to on a workload, once.
#[derive(Debug, Serialize)]
pub(crate) struct Run {
    round: usize,
    engine: Engine,
    workload: &'static str,
    /// Of those that did not fail.
    orchestrations_per_second: f64,
    /// From start to end as a client sees it; none where many run at a time.
    latency: Option<Latency>,
    /// Of all processes of the engine. Ours includes the program that measures, because that is the same process.
    cpu_ms_per_orchestration: f64,
    kib_written_per_orchestration: f64,
    failed: usize,
    /// Appends of 4 KiB that the disk synced just before.
    syncs_per_second: f64,
}

#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Latency {
    p50_ms: f64,
    p99_ms: f64,
}

/// What a peer says of one run.
struct Outcome {
    elapsed: Duration,
    /// Where one runs at a time.
    latencies: Vec<Duration>,
    failed: usize,
}

/// Runs all engines so many times.
pub(crate) async fn measure(rounds: usize, instances: usize, folder: &Path) -> Result<Comparison> {
    ensure!(rounds > 0 && instances > 0, "nothing to run");
    let mut runs = Vec::new();
    for round in 0..rounds {
        let mut engines = Engine::ALL;
        if round % 2 == 1 {
            engines.reverse();
        }
        for engine in engines {
            for workload in Workload::all(instances) {
                let (name, at) = (engine.name(), round + 1);
                progress::now(format_args!("{} on {name}, round {at} of {rounds}", workload.name));
                let place = tempfile::tempdir_in(folder).context("making a folder for the state")?;
                let syncs_per_second = disk::syncs_per_second(folder)?;
                let run = engine.run(workload, place.path()).await;
                let run = run.with_context(|| format!("running {} on {}", workload.name, engine.name()))?;
                runs.push(Run { round, syncs_per_second, ..run });
            }
        }
    }
    Ok(Comparison::of(runs))
}

impl Engine {
    const ALL: [Self; 4] = [Self::Rondo, Self::RestateInline, Self::RestateCalled, Self::Duroxide];

    fn name(self) -> &'static str {
        match self {
            Self::Rondo => "Rondo",
            Self::RestateInline => "Restate, inline",
            Self::RestateCalled => "Restate, called",
            Self::Duroxide => "duroxide",
        }
    }

    /// What it does so that what it has committed survives a loss of power, and how else it is set.
    fn settings(self) -> String {
        match self {
            Self::Rondo => "SQLite, WAL, synchronous=FULL; activities are calls of Wasm guests".to_owned(),
            Self::RestateInline => format!("{}; activities are closures (ctx.run)", restate::settings()),
            Self::RestateCalled => "the same; activities are calls of another service".to_owned(),
            Self::Duroxide => duroxide::settings(),
        }
    }

    /// Runs a workload on an empty folder.
    async fn run(self, workload: Workload, place: &Path) -> Result<Run> {
        let (usage, outcome) = match self {
            Self::Rondo => {
                let host = Host::start(Storage::Sqlite, place).await?;
                let row = workload.run(&host).await?;
                host.stop().await?;
                return Ok(Run::ours(workload, &row));
            }
            Self::RestateInline | Self::RestateCalled => {
                let restate = Restate::start(place).await?;
                let service = if self == Self::RestateInline { "inline" } else { "called" };
                restate.run(service, Workload { instances: WARM_UP, ..workload }).await?;
                let before = restate.usage()?;
                let outcome = restate.run(service, workload).await?;
                (restate.usage()? - before, outcome)
            }
            Self::Duroxide => {
                let mut duroxide = Duroxide::start(place)?;
                duroxide.run(Workload { instances: WARM_UP, ..workload })?;
                let before = duroxide.usage()?;
                let outcome = duroxide.run(workload)?;
                (duroxide.usage()? - before, outcome)
            }
        };
        Ok(Run::of(self, workload, usage, outcome))
    }
}

impl Run {
    fn ours(workload: Workload, row: &Row) -> Self {
        let latency = Latency { p50_ms: row.p50_ms, p99_ms: row.p99_ms };
        Self {
            round: 0,
            engine: Engine::Rondo,
            workload: workload.name,
            orchestrations_per_second: row.orchestrations_per_second,
            latency: workload.one_at_a_time.then_some(latency),
            cpu_ms_per_orchestration: row.cpu_ms_per_orchestration,
            kib_written_per_orchestration: row.kib_written_per_orchestration,
            failed: 0,
            syncs_per_second: 0.0,
        }
    }

    fn of(engine: Engine, workload: Workload, usage: Usage, outcome: Outcome) -> Self {
        let Outcome { elapsed, mut latencies, failed } = outcome;
        latencies.sort_unstable();
        let percentile = |percent: usize| Some(ms(*latencies.get(latencies.len().checked_sub(1)? * percent / 100)?));
        let latency = percentile(50).zip(percentile(99)).map(|(p50_ms, p99_ms)| Latency { p50_ms, p99_ms });
        let each = workload.instances as f64;
        Self {
            round: 0,
            engine,
            workload: workload.name,
            orchestrations_per_second: (workload.instances - failed) as f64 / elapsed.as_secs_f64(),
            latency,
            cpu_ms_per_orchestration: ms(usage.cpu) / each,
            kib_written_per_orchestration: usage.bytes_written as f64 / 1024.0 / each,
            failed,
            syncs_per_second: 0.0,
        }
    }
}

/// Something of an engine that was installed; if it was not, says how.
fn installed(path: &str) -> Result<PathBuf> {
    let path = Path::new(INSTALLED).join(path);
    ensure!(path.exists(), "{} is missing: `cargo xtask bench peers` installs it", path.display());
    Ok(path)
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}
