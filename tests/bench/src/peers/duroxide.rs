//! duroxide: a Rust library, in the program `peers/duroxide`.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{ChildStdout, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

use super::child::{Program, Usage};
use super::{Outcome, installed};
use crate::workload::Workload;

const MANIFEST: &str = include_str!("../../peers/duroxide/Cargo.toml");

pub(super) struct Duroxide {
    program: Program,
    answers: BufReader<ChildStdout>,
}

/// What the program answers.
#[derive(Debug, Deserialize)]
struct Answer {
    seconds: f64,
    latencies_ms: Vec<f64>,
    failed: usize,
}

pub(super) fn settings() -> String {
    let version = MANIFEST.lines().find_map(|line| line.strip_prefix("duroxide = ")?.split('"').nth(1));
    format!(
        "{}: SQLite, WAL, synchronous=FULL set on its connections (it sets NORMAL, which syncs no commit)",
        version.unwrap_or_default().trim_start_matches('=')
    )
}

impl Duroxide {
    pub(super) fn start(place: &Path) -> Result<Self> {
        let mut command = Command::new(installed("duroxide/release/duroxide-peer")?);
        // Its log would go where its answers go.
        command.arg(place.join("peer.db")).env("RUST_LOG", "off").stdout(Stdio::piped());
        let mut program = Program::start(&mut command)?;
        let mut answers = BufReader::new(program.stdout()?);
        let line = line(&mut answers)?;
        ensure!(line == "ready\n", "duroxide says: {line}");
        Ok(Self { program, answers })
    }

    pub(super) fn usage(&self) -> Result<Usage> {
        self.program.usage()
    }

    /// Blocks: nothing else is to run meanwhile.
    pub(super) fn run(&mut self, workload: Workload) -> Result<Outcome> {
        let Workload { name: _, orchestration, activities, instances, one_at_a_time } = workload;
        let how = if one_at_a_time { "in-turn" } else { "together" };
        writeln!(self.program.stdin()?, "{orchestration} {activities} {instances} {how}").context("asking duroxide")?;
        let line = line(&mut self.answers)?;
        let answer: Answer =
            serde_json::from_str(&line).with_context(|| format!("reading what duroxide says: {line}"))?;
        let Answer { seconds, latencies_ms, failed } = answer;
        ensure!(failed <= instances, "more have failed than were started");
        Ok(Outcome {
            elapsed: Duration::try_from_secs_f64(seconds)?,
            latencies: latencies_ms
                .into_iter()
                .map(|ms| Duration::try_from_secs_f64(ms / 1_000.0))
                .collect::<Result<_, _>>()?,
            failed,
        })
    }
}

fn line(answers: &mut BufReader<ChildStdout>) -> Result<String> {
    let mut line = String::new();
    answers.read_line(&mut line).context("waiting for duroxide")?;
    ensure!(!line.is_empty(), "duroxide has ended; above is what it said");
    Ok(line)
}
