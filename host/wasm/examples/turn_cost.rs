//! Prints what turns and attempts cost, without storage: `cargo run --release -p wasm --example turn_cost`.

#![allow(clippy::print_stdout, reason = "a program that prints a table")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use engine::{ActivityTask, Event, Execution, ExecutionId, Guest, InstanceId, Payload, TaskId, Timestamp, Turn};
use wasm::{Engines, Grants, LoadedComponent, Options};

/// Each measurement is the best of so many; what else the machine does only adds to them.
const ROUNDS: usize = 5;

fn main() -> Result<()> {
    let path =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/guests/wasm32-unknown-unknown/guest/guests.wasm");
    let bytes = std::fs::read(&path)
        .with_context(|| format!("{}: build the guests first, with `cargo xtask guests`", path.display()))?;
    let engines = Engines::new(Options::default())?;
    let component = engines.load(&bytes)?;

    row(
        "start a guest and run its first turn",
        best(1_000, || start(&component, 0)?.run(&history(0)).map(drop).context("running"))?,
    );
    let mut guest = start(&component, 1_000_000)?;
    guest.run(&history(0))?;
    let mut task = 0;
    row(
        "a turn of a warm guest: one event, one action",
        best(1_000, || {
            task += 1;
            guest.run(&[turn(task - 1)]).map(drop).context("running")
        })?,
    );
    for events in [1_000, 10_000, 100_000] {
        let turns = history(events);
        let mut bytes = 0;
        let cost = best(1, || {
            let mut guest = start(&component, events)?;
            guest.run(&turns)?;
            bytes = guest.memory_bytes();
            Ok(())
        })?;
        row(&format!("replay of {events} events, each ({} KiB of memory then)", bytes / 1024), cost / events);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (grants, echo) = (Grants::default(), activity("echo")?);
    row(
        "an attempt of an activity",
        best(1_000, || {
            runtime
                .block_on(component.run_activity(&echo, &grants))
                .map(drop)
                .map_err(|failure| anyhow::anyhow!(failure.message))
        })?,
    );
    Ok(())
}

fn row(what: &str, cost: Duration) {
    println!("{what:<75} {cost:>12.2?}");
}

/// The time of one `step`, in the best of several rounds of `count`.
fn best(count: u32, mut step: impl FnMut() -> Result<()>) -> Result<Duration> {
    let mut best = Duration::MAX;
    for _ in 0..ROUNDS {
        let started = Instant::now();
        for _ in 0..count {
            step()?;
        }
        best = best.min(started.elapsed() / count);
    }
    Ok(best)
}

/// The turns of an orchestration that completed `count` activities one after the other.
fn history(count: u32) -> Vec<Turn> {
    let first = Turn { now: Timestamp::from_millis(0), events: Vec::new() };
    std::iter::once(first).chain((0..count).map(turn)).collect()
}

fn turn(task: u32) -> Turn {
    let completed = Event::ActivityCompleted { task: TaskId(task), output: Some("{\"ok\":true}".into()) };
    Turn { now: Timestamp::from_millis(u64::from(task) + 1), events: vec![completed] }
}

fn start(component: &LoadedComponent, activities: u32) -> Result<Box<dyn Guest>> {
    let execution = Execution {
        instance_id: InstanceId::new("cost")?,
        execution_id: ExecutionId::from_bytes([0; 16]),
        name: "count".to_owned(),
        version: None,
        input: Some(Payload::from(activities.to_string())),
        tags: BTreeMap::new(),
        parent: None,
    };
    Ok(component.start(&execution)?)
}

fn activity(name: &str) -> Result<ActivityTask> {
    Ok(ActivityTask {
        instance_id: InstanceId::new("cost")?,
        execution_id: ExecutionId::from_bytes([0; 16]),
        task: TaskId(0),
        attempt: 1,
        name: name.to_owned(),
        input: Some("{}".into()),
        trace_context: None,
    })
}
