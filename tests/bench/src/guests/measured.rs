//! One language.

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use engine::{Action, Event, Execution, ExecutionId, Guest, InstanceId, Payload, TaskId, Timestamp, Turn};
use guest_scenarios::Language;
use serde::{Deserialize, Serialize};
use wasm::{Engines, LoadedComponent, Options};

use crate::process;

/// Guests that are alive at the same time while their memory is counted.
const LIVE: u32 = 50;

/// Repetitions of what is over quickly: odd, so that there is a median.
const SAMPLES: usize = 21;

/// Results that a guest is told of in a replay, one in each turn.
const RESULTS: u32 = 1_000;

/// What the scenarios of one language cost.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Measured {
    language: String,
    /// The file.
    pub(crate) size_bytes: u64,
    /// From the file to machine code, with nothing cached; once per component and host.
    pub(crate) compile_ms: f64,
    /// The same with the machine code in the cache; once per component and process.
    pub(crate) load_ms: f64,
    /// A fresh guest, and its first turn; the median.
    pub(crate) start_ms: f64,
    /// Resident memory of a guest that has had two turns and waits, by the growth of the process.
    pub(crate) idle_bytes: u64,
    /// Linear memory of the same guest: resident or not.
    pub(crate) linear_bytes: u64,
    /// Starting a guest and replaying 1,000 results, one in each turn; the median.
    pub(crate) replay_ms: f64,
}

impl Measured {
    pub(crate) fn language(&self) -> &str {
        &self.language
    }
}

/// Measures a language in this process.
pub(crate) fn measure_here(language: Language) -> Result<Measured> {
    let path = language.component_file();
    let file = fs::read(&path).with_context(|| format!("{}: build it first: `cargo xtask guests`", path.display()))?;
    let cache = tempfile::tempdir().context("making a folder for compiled code")?;
    let engines = || {
        let options = Options { cache_dir: Some(cache.path().to_owned()), ..Options::default() };
        Engines::new(options).context("making engines")
    };
    let compile_ms = {
        let engines = engines()?;
        let begun = Instant::now();
        engines.load(&file)?;
        ms(begun.elapsed())
    };
    let engines = engines()?;
    let begun = Instant::now();
    let component = engines.load(&file)?;
    let load_ms = ms(begun.elapsed());
    let (idle_bytes, linear_bytes) = idle(&component)?;
    let starts = samples(|| fresh(&component, &turns(0)).map(drop))?;
    let replays = samples(|| fresh(&component, &turns(RESULTS)).map(drop))?;
    Ok(Measured {
        language: language.name().to_owned(),
        size_bytes: file.len() as u64,
        compile_ms,
        load_ms,
        start_ms: ms(starts),
        idle_bytes,
        linear_bytes,
        replay_ms: ms(replays),
    })
}

/// The resident growth of the process for each guest, and the linear memory of one.
fn idle(component: &LoadedComponent) -> Result<(u64, u64)> {
    // What is done once only is not a guest's.
    drop(fresh(component, &turns(1))?);
    let before = process::memory_bytes()?;
    let guests = (0..LIVE).map(|_| fresh(component, &turns(1))).collect::<Result<Vec<_>>>()?;
    let growth = process::memory_bytes()?.saturating_sub(before);
    let linear_bytes = guests.first().map_or(0, |guest| guest.memory_bytes());
    Ok((growth / u64::from(LIVE), linear_bytes as u64))
}

/// A guest that has run those turns, and waits for the next result.
fn fresh(component: &LoadedComponent, turns: &[Turn]) -> Result<Box<dyn Guest>> {
    let execution = Execution {
        instance_id: InstanceId::new("bench")?,
        execution_id: ExecutionId::from_bytes([7; 16]),
        name: "sequential".to_owned(),
        version: None,
        input: Some(Payload::from((RESULTS + 1).to_string())),
        tags: BTreeMap::new(),
        parent: None,
    };
    let mut guest = component.start(&execution)?;
    let answers = guest.run(turns)?;
    let waits = answers.last().is_some_and(|last| matches!(last.as_slice(), [Action::ScheduleActivity { .. }]));
    ensure!(waits && answers.len() == turns.len(), "the guest decided something else: {:?}", answers.last());
    Ok(guest)
}

/// The first turn, and one for each result.
fn turns(results: u32) -> Vec<Turn> {
    let completed = |task: u32| Event::ActivityCompleted {
        task: TaskId(task),
        output: Some(Payload::from((task + 1).to_string())),
    };
    let first = Turn { now: Timestamp::from_millis(0), events: Vec::new() };
    let later =
        (0..results).map(|task| Turn { now: Timestamp::from_millis(u64::from(task)), events: vec![completed(task)] });
    std::iter::once(first).chain(later).collect()
}

/// The median.
fn samples(mut sample: impl FnMut() -> Result<()>) -> Result<Duration> {
    let mut times = Vec::with_capacity(SAMPLES);
    for _ in 0..SAMPLES {
        let begun = Instant::now();
        sample()?;
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    Ok(times[SAMPLES / 2])
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}
