//! Stopping without losing anything.

use std::time::Duration;

use engine::{EventKind, TaskId};
use worker::Options;

use crate::guests::{chain, immediate};
use crate::world::{World, eventually, options, patiently};

#[tokio::test]
async fn a_shutdown_records_what_running_activities_yield_in_their_grace() {
    let world = World::new();
    let gate = world.runtime.gated("a");
    world.runtime.orchestration("chain", chain("a", 2));
    let worker = world.start(Options { shutdown_grace: Duration::from_mins(1), ..options() });
    world.create("i", "chain").await;
    eventually("the activity", || worker.stats().activities_running == 1).await;
    let stopping = tokio::spawn(worker.shutdown());
    // All of it but the shard runs on this thread: by now the shutdown has reached the activities.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    gate.add_permits(1);
    patiently("the shutdown", stopping).await.unwrap().unwrap();
    assert_eq!(world.runtime.attempts(), 1, "the second activity was scheduled and not begun");

    let world = world.restart();
    let events = world.events("i").await;
    assert!(
        matches!(&events[..], [.., EventKind::TaskCompleted { .. }, EventKind::TaskScheduled { task: TaskId(1), .. }]),
        "{events:?}"
    );
    let _worker = world.start(options());
    gate.add_permits(1);
    assert_eq!(world.until_completed("i").await, "chained");
}

#[tokio::test]
async fn activities_that_outlast_the_grace_are_run_again_after_the_restart() {
    let world = World::new();
    let gate = world.runtime.gated("a");
    world.runtime.orchestration("chain", chain("a", 1));
    let worker = world.start(options());
    world.create("i", "chain").await;
    eventually("the activity", || worker.stats().activities_running == 1).await;
    patiently("the shutdown", worker.shutdown()).await.unwrap();

    let world = world.restart();
    gate.add_permits(1);
    let _worker = world.start(options());
    assert_eq!(world.until_completed("i").await, "chained");
    assert_eq!(world.runtime.attempts(), 2);
}

#[tokio::test]
async fn a_shutdown_lets_commits_finish_and_gives_back_what_has_not_begun() {
    let world = World::new();
    world.runtime.orchestration("immediate", immediate("done"));
    let commits = world.source.gate_commits();
    let worker = world.start(Options { shards: 1, instances_busy_per_shard_max: 1, ..options() });
    let monitor = worker.monitor();
    for instance in ["i", "j", "k"] {
        world.create(instance, "immediate").await;
    }
    eventually("the first commit", || world.source.commits_of("i") == 1).await;
    eventually("the others", || monitor.stats().inbox_depth == 2).await;
    let stopping = tokio::spawn(worker.shutdown());
    tokio::task::yield_now().await;
    commits.add_permits(1);
    patiently("the shutdown", stopping).await.unwrap().unwrap();
    let given_back: Vec<String> =
        world.source.abandoned.lock().unwrap().iter().map(|work| work.instance_id.to_string()).collect();
    assert_eq!(given_back, ["j", "k"]);
    assert_eq!((monitor.stats().commits, monitor.stats().messages_in_hand), (1, 0));

    let world = world.restart();
    assert_eq!(world.until_completed("i").await, "done");
    assert!(!world.row("j").await.state.status.is_terminal());
}

#[tokio::test]
async fn an_idle_worker_stops_at_once() {
    let world = World::new();
    let worker = world.start(options());
    patiently("the shutdown", worker.shutdown()).await.unwrap();
}
