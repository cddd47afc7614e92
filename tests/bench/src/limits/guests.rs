//! Calls into guests, without storage and without a scheduler.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use engine::{
    Action, ActivityTask, Event, Execution, ExecutionId, Guest, InstanceId, Payload, TaskId, Timestamp, Turn,
};
use serde::Serialize;
use wasm::{Grants, LoadedComponent};

use crate::host;

/// How long each kind of call is measured.
const PERIOD: Duration = Duration::from_secs(1);

/// Calls between two looks at the clock.
const CALLS: u32 = 64;

#[derive(Debug, Serialize)]
pub(crate) struct Guests {
    pub(crate) turns_per_second: f64,
    pub(crate) activities_per_second: f64,
}

/// Keeps `cores` threads busy with the one, and then with the other.
pub(crate) async fn measure(cores: usize) -> Result<Guests> {
    let component = host::workload().await?;
    let turns = {
        let component = component.clone();
        tokio::task::spawn_blocking(move || turns_per_second(&component, cores)).await.context("running turns")??
    };
    Ok(Guests { turns_per_second: turns, activities_per_second: activities_per_second(&component, cores).await? })
}

/// Warm turns with one result in and one activity out, a guest on each thread.
fn turns_per_second(component: &LoadedComponent, cores: usize) -> Result<f64> {
    thread::scope(|scope| {
        let threads: Vec<_> = (0..cores).map(|_| scope.spawn(|| turns(component))).collect();
        let rate = |thread: thread::ScopedJoinHandle<'_, _>| {
            thread.join().map_err(|_| anyhow!("a thread that ran turns has died"))?
        };
        threads.into_iter().map(rate).sum()
    })
}

/// The rate of one guest.
fn turns(component: &LoadedComponent) -> Result<f64> {
    let execution = Execution {
        instance_id: InstanceId::new("limit")?,
        execution_id: ExecutionId::from_bytes([0; 16]),
        name: "sequence".to_owned(),
        version: None,
        input: Some(Payload::from(u32::MAX.to_string())),
        tags: std::collections::BTreeMap::new(),
        parent: None,
    };
    let mut guest = component.start(&execution)?;
    let mut task = turn(&mut *guest, Vec::new())?;
    let mut done = 0_u32;
    let begun = Instant::now();
    while begun.elapsed() < PERIOD {
        for _ in 0..CALLS {
            let output = Some(Payload::from(done.to_string()));
            task = turn(&mut *guest, vec![Event::ActivityCompleted { task, output }])?;
            done += 1;
        }
    }
    Ok(f64::from(done) / begun.elapsed().as_secs_f64())
}

/// Answers the activity that the turn has scheduled.
fn turn(guest: &mut dyn Guest, events: Vec<Event>) -> Result<TaskId> {
    let answers = guest.run(&[Turn { now: Timestamp::from_millis(1), events }])?;
    match answers.as_slice() {
        [actions] => match actions.as_slice() {
            [Action::ScheduleActivity { task, .. }] => Ok(*task),
            other => bail!("the guest decided something else: {other:?}"),
        },
        other => bail!("{} answers to one turn", other.len()),
    }
}

/// Calls of an activity that returns its input, each in a fresh guest.
async fn activities_per_second(component: &LoadedComponent, cores: usize) -> Result<f64> {
    let tasks: Vec<_> = (0..cores).map(|_| tokio::spawn(activities(component.clone()))).collect();
    let mut sum = 0.0;
    for task in tasks {
        sum += task.await.context("running activities")??;
    }
    Ok(sum)
}

/// The rate of one caller.
async fn activities(component: LoadedComponent) -> Result<f64> {
    let grants = Grants::default();
    let task = ActivityTask {
        instance_id: InstanceId::new("limit")?,
        execution_id: ExecutionId::from_bytes([0; 16]),
        task: TaskId(1),
        attempt: 1,
        name: "echo".to_owned(),
        input: Some(Payload::from("7".to_owned())),
        trace_context: None,
    };
    let mut calls = 0_u32;
    let begun = Instant::now();
    while begun.elapsed() < PERIOD {
        for _ in 0..CALLS {
            let output = component.run_activity(&task, &grants).await;
            ensure!(matches!(&output, Ok(Some(output)) if output.as_str() == "7"), "the activity says {output:?}");
        }
        calls += CALLS;
        tokio::task::yield_now().await;
    }
    Ok(f64::from(calls) / begun.elapsed().as_secs_f64())
}
