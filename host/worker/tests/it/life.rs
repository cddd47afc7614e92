//! Whole lives of instances.

use std::collections::BTreeMap;
use std::time::Duration;

use engine::{Action, Event, EventKind, LogLevel, Payload, StartChild, TaskId};
use worker::Options;

use crate::guests::{activity, chain, complete, fan_out, immediate, sleeper};
use crate::world::{World, eventually, options};

#[tokio::test]
async fn a_chain_costs_one_commit_per_turn_and_one_load() {
    let world = World::new();
    world.runtime.echo("a");
    world.runtime.orchestration("chain", chain("a", 3));
    let worker = world.start(options());
    world.create("i", "chain").await;
    assert_eq!(world.until_completed("i").await, "chained");
    assert_eq!(world.source.commits_of("i"), 4);
    worker.shutdown().await.unwrap();
    assert_eq!(world.source.loads.load(std::sync::atomic::Ordering::SeqCst), 1);
}

#[tokio::test]
async fn completions_coalesce_while_a_commit_is_on_its_way() {
    let world = World::new();
    let gate = world.runtime.gated("a");
    world.runtime.orchestration("fan", fan_out("a", 10));
    let commits = world.source.gate_commits();
    let worker = world.start(options());
    world.create("i", "fan").await;
    commits.add_permits(1);
    eventually("all to run", || worker.stats().activities_running == 10).await;
    gate.add_permits(1);
    eventually("the second commit", || world.source.commits_of("i") == 2).await;
    gate.add_permits(9);
    eventually("all results", || worker.stats().messages_in_hand == 10).await;
    commits.add_permits(2);
    assert_eq!(world.until_completed("i").await, "10");
    assert_eq!(world.source.commits_of("i"), 3);
}

#[tokio::test]
async fn a_fan_out_of_ten_stays_within_its_budget() {
    let world = World::new();
    world.runtime.echo("a");
    world.runtime.orchestration("fan", fan_out("a", 10));
    let _worker = world.start(options());
    world.create("i", "fan").await;
    assert_eq!(world.until_completed("i").await, "10");
    assert!(world.source.commits_of("i") <= 11, "{} commits", world.source.commits_of("i"));
}

#[tokio::test]
async fn a_timer_fires_when_its_time_has_come() {
    let world = World::new();
    world.runtime.orchestration("sleeper", sleeper(Duration::from_mins(1)));
    let _worker = world.start(options());
    world.create("i", "sleeper").await;
    world.until("i", |row| row.wake_at.is_some()).await;
    world.clock.advance(Duration::from_secs(59));
    world.create("other", "sleeper").await;
    world.until("other", |row| row.wake_at.is_some()).await;
    assert!(!world.row("i").await.state.status.is_terminal());
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(world.until_completed("i").await, "slept");
}

#[tokio::test]
async fn evicting_at_every_turn_leads_to_the_same_history() {
    let mut histories = Vec::new();
    for warm_guest_bytes_max in [0, usize::MAX] {
        let world = World::new();
        world.runtime.echo("a");
        world.runtime.orchestration("chain", chain("a", 5));
        let worker = world.start(Options { warm_guest_bytes_max, ..options() });
        world.create("i", "chain").await;
        world.until_completed("i").await;
        histories.push(world.events("i").await);
        let starts = world.runtime.starts.lock().unwrap().len();
        worker.shutdown().await.unwrap();
        assert_eq!(starts, if warm_guest_bytes_max == 0 { 6 } else { 1 });
    }
    assert_eq!(histories[0], histories[1]);
    assert_eq!(histories[0].len(), 1 + 5 + 5 + 1);
}

#[tokio::test]
async fn children_and_events_reach_other_instances_through_the_outbox() {
    let world = World::new();
    world.runtime.orchestration("child", immediate("grown up"));
    world.runtime.orchestration("parent", |_| {
        Box::new(|turn| match turn.events.first() {
            None => {
                let child = StartChild {
                    task: TaskId(0),
                    name: "child".to_owned(),
                    instance_id: Some("kid".to_owned()),
                    version: None,
                    input: None,
                    tags: BTreeMap::new(),
                    retry: None,
                    detached: false,
                };
                vec![Action::StartChild(Box::new(child))]
            }
            Some(Event::ChildCompleted { output, .. }) => {
                vec![complete(output.as_ref().map_or("nothing", Payload::as_str))]
            }
            Some(other) => panic!("{other:?}"),
        })
    });
    let _worker = world.start(options());
    world.create("i", "parent").await;
    assert_eq!(world.until_completed("i").await, "grown up");
    assert_eq!(world.until_completed("kid").await, "grown up");
}

#[tokio::test]
async fn events_wake_a_waiting_instance() {
    let world = World::new();
    world.runtime.orchestration("waiter", |_| {
        Box::new(|turn| match turn.events.first() {
            None => vec![Action::WaitEvent { task: TaskId(0), name: "go".to_owned() }],
            Some(Event::EventRaised { data, .. }) => vec![complete(data.as_ref().map_or("", Payload::as_str))],
            Some(other) => panic!("{other:?}"),
        })
    });
    let _worker = world.start(options());
    world.create("i", "waiter").await;
    world.raise("i", "GO", 5).await;
    assert_eq!(world.until_completed("i").await, "5");
}

#[tokio::test]
async fn many_instances_on_many_shards_all_complete() {
    let world = World::new();
    world.runtime.echo("a");
    world.runtime.orchestration("chain", chain("a", 3));
    let worker = world.start(Options { shards: 4, warm_guest_bytes_max: 50_000, ..options() });
    for n in 0..200 {
        world.create(&format!("i{n}"), "chain").await;
    }
    for n in 0..200 {
        world.until_completed(&format!("i{n}")).await;
    }
    assert_eq!(world.runtime.attempts(), 600);
    worker.shutdown().await.unwrap();
}

#[tokio::test]
async fn the_counters_tell_what_was_done() {
    let world = World::new();
    world.runtime.echo("a");
    world.runtime.orchestration("chain", |_| {
        Box::new(|turn| {
            if turn.events.is_empty() {
                let log = Action::Log { level: LogLevel::Debug, message: "begun".to_owned() };
                return vec![log, activity(0, "a"), activity(1, "unknown")];
            }
            if turn.events.len() == 2 || matches!(turn.events[0], Event::ActivityFailed { .. }) {
                vec![complete("")]
            } else {
                Vec::new()
            }
        })
    });
    let worker = world.start(options());
    let monitor = worker.monitor();
    world.create("i", "chain").await;
    world.until_completed("i").await;
    assert!(world.events("i").await.iter().any(|kind| matches!(kind, EventKind::TaskFailed { .. })));
    worker.shutdown().await.unwrap();
    let stats = monitor.stats();
    assert_eq!((stats.cold_loads, stats.activities_failed), (1, 1));
    assert_eq!(stats.commits, world.source.commits_of("i") as u64);
    assert!(stats.turns >= stats.commits && stats.warm_hits >= 1);
    assert_eq!((stats.instances_busy, stats.messages_in_hand, stats.activities_in_flight), (0, 0, 0));
    assert!(monitor.health().is_healthy());
}
