//! `cargo xtask torture`: see the library.
#![allow(clippy::print_stdout, reason = "this is a program that prints figures")]

use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::Parser;
use torture::{Settings, Storage, run, soak};

/// Real hosts under load and faults; afterwards everything must have ended as it should.
#[derive(Debug, Parser)]
struct Arguments {
    /// How long there are faults
    #[arg(long, default_value_t = 1.0, value_name = "NUMBER")]
    minutes: f64,
    /// Where orchestrations are kept
    #[arg(long, value_enum, default_value = "sqlite")]
    backend: Storage,
    /// What the faults are drawn from; without it, something new
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// No faults, and so many turns on SQLite: does the memory of the host stay as it is?
    #[arg(long, value_name = "TURNS", conflicts_with_all = ["minutes", "backend", "seed"])]
    soak: Option<u64>,
}

fn main() -> Result<()> {
    let Arguments { minutes, backend, seed, soak } = Arguments::parse();
    let folder = tempfile::Builder::new().prefix("torture-").tempdir().context("making a folder for the hosts")?;
    let is_terminal = std::io::stdout().is_terminal();
    // One line that changes for people, lines for logs.
    let progress = |line: &str| {
        let mut out = std::io::stdout().lock();
        let _ = if is_terminal { write!(out, "\r\x1b[K{line}") } else { writeln!(out, "{line}") };
        let _ = out.flush();
    };
    if let Some(turns) = soak {
        let report = soak::run(turns, folder.path(), &progress)?;
        println!("\n{report}");
        return report.verdict();
    }
    let seed = seed.unwrap_or_else(|| fastrand::u64(..1_000_000));
    println!("seed {seed}");
    let lasts = Duration::try_from_secs_f64(minutes * 60.0).context("reading --minutes")?;
    let settings = Settings::new(backend, lasts, seed, folder.path().to_owned());
    match run(&settings, &progress) {
        Ok(report) => {
            println!("\n{report}");
            Ok(())
        }
        Err(error) => {
            let kept = folder.keep();
            Err(error.context(format!("seed {seed}; the hosts' files are in {}", kept.display())))
        }
    }
}
