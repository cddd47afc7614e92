//! `sim`: runs seeds until one breaks a promise.

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use clap::{Parser, ValueEnum};
use sim::{Backend, Ended, Figures, Scenario};

/// How often the progress line is brought up to date.
const SHOW_EVERY: Duration = Duration::from_secs(1);

/// Break every promise of storage and machines under virtual time, and see whether ours are kept.
#[derive(Parser)]
#[command(name = "sim")]
struct Arguments {
    /// The first seed; drawn, if none is given
    #[arg(long)]
    seed: Option<u64>,
    /// How many seeds to run, one after the other
    #[arg(long, default_value_t = 1)]
    seeds: u64,
    /// What keeps the state; without it, seeds take turns
    #[arg(long)]
    backend: Option<BackendName>,
    /// Seeds at the same time; without it, as many as there are cores
    #[arg(long)]
    jobs: Option<usize>,
    /// Only clients of Rondo, in an orderly hub
    #[arg(long)]
    without_strangers: bool,
    /// Go on after a failure, and list all of them
    #[arg(long)]
    keep_going: bool,
    /// Print everything that happens, whether or not something is wrong
    #[arg(long)]
    trace: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum BackendName {
    Memory,
    Azure,
}

impl Arguments {
    fn scenario(&self, seed: u64) -> Scenario {
        let backend = match self.backend {
            Some(BackendName::Memory) => Backend::Memory,
            Some(BackendName::Azure) => Backend::Azure,
            None => Backend::of(seed),
        };
        Scenario { seed, backend, sabotage: None, strangers: !self.without_strangers }
    }
}

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let first = arguments.seed.unwrap_or_else(|| fastrand::u64(..1 << 40));
    if arguments.trace {
        let ended = sim::run(arguments.scenario(first), true)?;
        say(&ended.trace.join("\n"));
        say(&format!("{}{:?}", ended.figures, ended.violation));
        return Ok(ExitCode::from(u8::from(ended.violation.is_some())));
    }
    let began = Instant::now();
    let (figures, failed) = run_all(&arguments, first)?;
    note("");
    say(&format!(
        "{figures}{:<16}{:>12.1}\n{:<16}{:>12.1}",
        "seconds",
        began.elapsed().as_secs_f64(),
        "seeds/s",
        per_second(figures.seeds, began)
    ));
    for scenario in &failed {
        report(*scenario)?;
    }
    say(&format!("seeds {first} to {}: {} failed", first + arguments.seeds - 1, failed.len()));
    Ok(ExitCode::from(u8::from(!failed.is_empty())))
}

/// Runs all seeds; answers with those that broke a promise.
fn run_all(arguments: &Arguments, first: u64) -> Result<(Figures, Vec<Scenario>)> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicU64::new(first);
    let end = first + arguments.seeds;
    let (mut figures, mut failed) = (Figures::default(), Vec::new());
    thread::scope(|scope| {
        let (sender, ended) = mpsc::channel::<(Scenario, Result<Ended>)>();
        for _ in 0..arguments.jobs.unwrap_or(cores).max(1) {
            let (sender, next) = (sender.clone(), &next);
            scope.spawn(move || {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end {
                        return;
                    }
                    let scenario = arguments.scenario(seed);
                    if sender.send((scenario, sim::run(scenario, false))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let (began, mut shown) = (Instant::now(), Instant::now());
        for (scenario, ended) in ended {
            let ended = ended?;
            figures += ended.figures;
            if let Some(violation) = ended.violation {
                note(&format!("\r{scenario:?}: {:?} {}", violation.rule, violation.instance));
                failed.push(scenario);
                if !arguments.keep_going {
                    next.store(end, Ordering::Relaxed);
                }
            }
            if shown.elapsed() >= SHOW_EVERY {
                shown = Instant::now();
                progress(&figures, arguments.seeds, began);
            }
        }
        Ok::<(), anyhow::Error>(())
    })?;
    failed.sort_by_key(|scenario| scenario.seed);
    Ok((figures, failed))
}

/// Runs a failing seed again, and prints what led to the failure and how to see it.
fn report(scenario: Scenario) -> Result<()> {
    let Scenario { seed, backend, strangers, .. } = scenario;
    let ended = sim::run(scenario, true)?;
    let violation =
        ended.violation.ok_or_else(|| anyhow!("seed {seed} fails only sometimes, which is a bug of the simulator"))?;
    say(&format!("\n{}\n", ended.tail.join("\n")));
    say(&format!("seed {seed} on {backend}: {:?} {}\n{}", violation.rule, violation.instance, violation.text));
    let without = if strangers { "" } else { " --without-strangers" };
    say(&format!("again: cargo xtask sim --seed {seed} --backend {backend}{without}"));
    Ok(())
}

fn progress(figures: &Figures, seeds: u64, began: Instant) {
    let rate = per_second(figures.seeds, began);
    let mut err = std::io::stderr().lock();
    let hours = figures.virtual_time.as_secs() / 3_600;
    let line = format!(
        "\r{} of {seeds} seeds, {rate:.1}/s, {hours} virtual hours, {} commits ",
        figures.seeds, figures.commits
    );
    // Nobody watches a progress line that cannot be written.
    let _ = err.write_all(line.as_bytes()).and_then(|()| err.flush());
}

fn per_second(count: u64, began: Instant) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let count = count as f64;
    count / began.elapsed().as_secs_f64().max(0.001)
}

fn say(text: &str) {
    // A reader that has seen enough ends the pipe.
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

fn note(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}
