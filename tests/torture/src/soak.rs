//! Many turns without faults: does the memory of a host stay as it is?

use std::fmt;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use e2e::{Server, guest};
use serde_json::Value;

use crate::load::{self, Load};
use crate::net::Net;
use crate::violations::Violations;

/// Clients at the same time.
const CLIENTS: usize = 24;

/// Between two samples of the memory.
const SAMPLE_EVERY: Duration = Duration::from_millis(500);

/// Between two purges of what clients do not know of: children, also those of earlier generations.
const PURGE_EVERY: Duration = Duration::from_secs(10);

/// What was created so long ago has been waited for.
const PURGE_OLDER_THAN: &str = "60s";

/// No soak takes longer than this.
const LASTS_MAX: Duration = Duration::from_hours(3);

/// What comes before this part of all turns is warming up: caches fill, and the allocator finds its size.
const WARM_UP: f64 = 0.3;

/// How fast the memory may grow after that, in bytes per turn. A leak of the smallest thing that there is one of for
/// each turn, a boxed number with its allocator's overhead, is more; the noise of an allocator over a million turns is
/// less.
const GROWTH_BYTES_PER_TURN_MAX: f64 = 16.0;

/// One look at the host.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Sample {
    turns: f64,
    bytes: f64,
}

/// How the memory went.
#[derive(Debug)]
pub struct Soaked {
    turns: f64,
    orchestrations: u64,
    lasted: Duration,
    samples: Vec<Sample>,
}

/// Runs so many turns on SQLite in a folder; instances are purged once they have ended, so that the file does not grow.
///
/// # Errors
/// A promise was broken, or it takes too long.
pub fn run(turns: u64, folder: &Path, progress: &dyn Fn(&str)) -> Result<Soaked> {
    let server = Server::start_with(&folder.join("data"), &["--log", "warn"])?;
    for name in ["sub_orchestrations", "workload"] {
        server.ok(&["deploy", guest(name)?.to_str().context("a component's path is not text")?])?;
    }
    let net = Net::new(1);
    net.set(0, Some(server.url().to_owned()));
    let violations = Violations::default();
    let begun = Instant::now();
    let mut load = Load::new(&net, &violations, Duration::from_millis(50), begun + LASTS_MAX);
    load.job = load::steady;
    load.purges = true;
    let load = &load;
    let mut samples = Vec::new();
    thread::scope(|scope| -> Result<()> {
        for _ in 0..CLIENTS {
            scope.spawn(|| load.client());
        }
        let sampled = sample_until(turns, &server, &net, &violations, &mut samples, &|sample| {
            let Sample { turns, bytes } = sample;
            progress(&format!(
                "{:4} s  {turns:.0} turns  {} orchestrations  {:.1} MiB",
                begun.elapsed().as_secs(),
                load.ended(),
                bytes / 1_048_576.0
            ));
        });
        load.end(Instant::now() + Duration::from_mins(1));
        sampled
    })?;
    ensure!(violations.count() == 0, "promises were broken:\n  {}", violations.texts().join("\n  "));
    let turns = samples.last().map_or(0.0, |sample| sample.turns);
    server.stop()?;
    Ok(Soaked { turns, orchestrations: load.ended(), lasted: begun.elapsed(), samples })
}

#[allow(clippy::cast_precision_loss, reason = "figures need no more than 52 bits")]
fn sample_until(
    turns: u64,
    server: &Server,
    net: &Net,
    violations: &Violations,
    samples: &mut Vec<Sample>,
    tell: &dyn Fn(Sample),
) -> Result<()> {
    let begun = Instant::now();
    let mut purged_at = begun;
    loop {
        thread::sleep(SAMPLE_EVERY);
        if purged_at.elapsed() > PURGE_EVERY {
            purged_at = Instant::now();
            // Fails as well where nothing is that old.
            server.rondo(&["purge", "--older-than", PURGE_OLDER_THAN])?;
        }
        let (_, hub) = net.once("GET", &format!("{}/rondo/hub", server.url()), None)?;
        let done = hub.pointer("/worker/turns").and_then(Value::as_u64).context("the host does not tell its turns")?;
        let sample = Sample { turns: done as f64, bytes: server.resident_bytes()? as f64 };
        samples.push(sample);
        tell(sample);
        if done >= turns || violations.count() > 0 {
            return Ok(());
        }
        ensure!(begun.elapsed() < LASTS_MAX, "only {done} turns in {LASTS_MAX:?}");
    }
}

impl Soaked {
    /// How fast the memory grows after warming up, in bytes per turn: the slope of the line that fits the samples best.
    pub fn growth(&self) -> f64 {
        slope(&self.after_warm_up())
    }

    /// Whether the memory stays as it is.
    ///
    /// # Errors
    /// It grows.
    pub fn verdict(&self) -> Result<()> {
        let growth = self.growth();
        ensure!(
            growth <= GROWTH_BYTES_PER_TURN_MAX,
            "the memory grows by {growth:.1} bytes with every turn; {GROWTH_BYTES_PER_TURN_MAX} may be noise"
        );
        Ok(())
    }

    fn after_warm_up(&self) -> Vec<Sample> {
        self.samples.iter().copied().filter(|sample| sample.turns >= self.turns * WARM_UP).collect()
    }
}

/// Of the line with the least squared distance; 0 for fewer than two samples.
#[allow(clippy::cast_precision_loss, reason = "there are not that many samples")]
fn slope(samples: &[Sample]) -> f64 {
    let count = samples.len().max(1) as f64;
    let mean_turns = samples.iter().map(|sample| sample.turns).sum::<f64>() / count;
    let mean_bytes = samples.iter().map(|sample| sample.bytes).sum::<f64>() / count;
    let (mut covariance, mut variance) = (0.0, 0.0);
    for Sample { turns, bytes } in samples {
        covariance += (turns - mean_turns) * (bytes - mean_bytes);
        variance += (turns - mean_turns).powi(2);
    }
    if variance > 0.0 { covariance / variance } else { 0.0 }
}

impl fmt::Display for Soaked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mebibytes = |bytes: f64| bytes / 1_048_576.0;
        let after = self.after_warm_up();
        let least = after.iter().map(|sample| sample.bytes).fold(f64::INFINITY, f64::min);
        let most = after.iter().map(|sample| sample.bytes).fold(0.0, f64::max);
        writeln!(f, "turns               {:.0}", self.turns)?;
        writeln!(f, "orchestrations      {}", self.orchestrations)?;
        writeln!(f, "lasted              {:.0} s", self.lasted.as_secs_f64())?;
        writeln!(f, "samples             {}, {} of them after warming up", self.samples.len(), after.len())?;
        writeln!(f, "memory              {:.1} to {:.1} MiB", mebibytes(least), mebibytes(most))?;
        write!(f, "growth              {:.2} bytes per turn, allowed {GROWTH_BYTES_PER_TURN_MAX}", self.growth())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn soaked(bytes: impl Fn(f64) -> f64) -> Soaked {
        let samples: Vec<Sample> =
            (0..=100_u32).map(f64::from).map(|at| Sample { turns: at * 10_000.0, bytes: bytes(at) }).collect();
        Soaked { turns: 1_000_000.0, orchestrations: 0, lasted: Duration::ZERO, samples }
    }

    #[test]
    fn memory_that_grows_while_warming_up_and_then_wavers_is_flat() {
        let flat = soaked(|at| 1e8 * (at / 20.0).min(1.0) + 2e6 * (at % 3.0));
        assert!(flat.verdict().is_ok(), "{flat}");
    }

    #[test]
    fn a_leak_of_a_few_bytes_for_each_turn_is_found() {
        let leaking = soaked(|at| 1e8 + at * 10_000.0 * 24.0 + 2e6 * (at % 3.0));
        assert!((leaking.growth() - 24.0).abs() < 1.0, "{leaking}");
        assert!(leaking.verdict().is_err());
    }
}
