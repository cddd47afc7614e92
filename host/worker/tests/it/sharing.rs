//! Activities that hosts leave for each other.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::Duration;

use worker::Options;

use crate::guests::{chain, fan_out};
use crate::world::{World, eventually, options, patiently};

/// Runs one activity at a time, keeps one more, and leaves the rest.
fn small() -> Options {
    Options { activities_max: 1, activities_waiting_max: Some(1), ..options() }
}

/// Every attempt that began, and whether none did twice.
fn each_once(world: &World) -> usize {
    let attempts = world.runtime.attempts.lock().unwrap();
    let different: BTreeSet<_> = attempts.iter().collect();
    assert_eq!(different.len(), attempts.len(), "{attempts:?}");
    attempts.len()
}

#[tokio::test]
async fn activities_beyond_what_may_wait_run_on_another_host() {
    let world = World::sharing();
    let gate = world.runtime.gated("a");
    world.runtime.orchestration("fan", fan_out("a", 10));
    let (host, helper) = (world.start(small()), world.start_helper(options()));
    world.create("i", "fan").await;
    eventually("all to have their place", || {
        let stats = host.stats();
        let here = (stats.activities_running, stats.activities_waiting, stats.activities_offered);
        (here, helper.stats().activities_running) == ((1, 1, 8), 8)
    })
    .await;
    assert_eq!(host.stats().activities_in_flight, 10);
    gate.add_permits(10);
    assert_eq!(world.until_completed("i").await, "10");
    assert_eq!(each_once(&world), 10);
    let helped = helper.stats();
    assert_eq!((helped.activities_taken, helped.activities_offered), (8, 0));
    eventually("all to be over", || host.stats().activities_in_flight == 0 && helper.stats().activities_running == 0)
        .await;
    assert_eq!(helper.stats().activities_run + host.stats().activities_run, 10);
}

#[tokio::test]
async fn a_host_alone_takes_what_it_left_once_it_has_room() {
    let world = World::sharing();
    world.runtime.echo("a");
    world.runtime.orchestration("fan", fan_out("a", 50));
    let host = world.start(small());
    world.create("i", "fan").await;
    assert_eq!(world.until_completed("i").await, "50");
    assert_eq!(each_once(&world), 50);
    let stats = host.stats();
    assert_eq!(stats.activities_taken, stats.activities_offered);
    assert!(stats.activities_offered > 0);
}

#[tokio::test]
async fn a_host_without_warm_guests_begins_nothing_twice_that_it_has_left_to_others() {
    let world = World::sharing();
    let gate = world.runtime.gated("a");
    world.runtime.orchestration("fan", fan_out("a", 6));
    let host = world.start(Options { warm_guest_bytes_max: 0, ..small() });
    world.create("i", "fan").await;
    eventually("the rest to be left", || host.stats().activities_offered == 4).await;
    let _helper = world.start_helper(options());
    // Every turn loads the history, and is told of all that is open.
    for permit in 1..=6 {
        gate.add_permits(1);
        eventually("a result", || host.stats().activities_in_flight == 6 - permit).await;
    }
    assert_eq!(world.until_completed("i").await, "6");
    assert_eq!(each_once(&world), 6);
    assert!(host.stats().cold_loads > 1);
}

#[tokio::test]
async fn what_cannot_be_left_to_others_runs_here() {
    let world = World::sharing();
    world.runtime.echo("a");
    world.runtime.orchestration("fan", fan_out("a", 10));
    world.source.queue_faults.offers_fail.store(true, Ordering::SeqCst);
    let host = world.start(small());
    world.create("i", "fan").await;
    assert_eq!(world.until_completed("i").await, "10");
    assert_eq!(each_once(&world), 10);
    assert_eq!((host.stats().activities_offered, host.stats().activities_run), (0, 10));
}

#[tokio::test]
async fn a_result_is_delivered_once_storage_is_back() {
    let world = World::sharing();
    world.runtime.echo("a");
    world.runtime.orchestration("fan", fan_out("a", 1));
    world.source.queue_faults.finishes_fail.store(2, Ordering::SeqCst);
    let host = world.start(Options { activities_waiting_max: Some(0), ..small() });
    let gate = world.runtime.gated("busy");
    world.runtime.orchestration("busy", chain("busy", 1));
    world.create("busy", "busy").await;
    eventually("no room", || host.stats().activities_running == 1).await;
    let _helper = world.start_helper(options());
    world.create("i", "fan").await;
    assert_eq!(world.until_completed("i").await, "1");
    assert_eq!(world.source.queue_faults.finishes_fail.load(Ordering::SeqCst), 0);
    gate.add_permits(1);
    world.until_completed("busy").await;
    assert_eq!(each_once(&world), 2);
}

#[tokio::test]
async fn a_host_that_stops_gives_back_what_it_has_taken() {
    let world = World::sharing();
    let gate = world.runtime.gated("a");
    world.runtime.orchestration("fan", fan_out("a", 5));
    let host = world.start(small());
    let helper = world.start_helper(options());
    world.create("i", "fan").await;
    eventually("help", || helper.stats().activities_running == 3).await;
    patiently("the helper to stop", helper.shutdown()).await.unwrap();
    let another = world.start_helper(options());
    eventually("other help", || another.stats().activities_running == 3).await;
    gate.add_permits(5);
    assert_eq!(world.until_completed("i").await, "5");
    assert_eq!((world.runtime.attempts(), host.stats().activities_run), (8, 2));
}

#[tokio::test]
async fn a_host_that_stops_lets_what_it_has_taken_end_in_its_grace() {
    let world = World::sharing();
    let gate = world.runtime.gated("a");
    world.runtime.orchestration("fan", fan_out("a", 5));
    let _host = world.start(small());
    let helper = world.start_helper(Options { shutdown_grace: Duration::from_mins(1), ..options() });
    world.create("i", "fan").await;
    eventually("help", || helper.stats().activities_running == 3).await;
    let stopping = tokio::spawn(helper.shutdown());
    gate.add_permits(5);
    patiently("the helper to stop", stopping).await.unwrap().unwrap();
    assert_eq!(world.until_completed("i").await, "5");
    assert_eq!(each_once(&world), 5);
}

#[tokio::test]
async fn what_a_dead_host_had_left_or_taken_is_still_done() {
    let world = World::sharing();
    let gate = world.runtime.gated("a");
    world.runtime.orchestration("fan", fan_out("a", 5));
    let (host, helper) = (world.start(small()), world.start_helper(options()));
    world.create("i", "fan").await;
    eventually("help", || helper.stats().activities_running == 3).await;
    drop((host, helper));
    let world = world.restart();
    let _host = world.start(options());
    gate.add_permits(100);
    assert_eq!(world.until_completed("i").await, "5");
}

#[tokio::test]
async fn two_hosts_that_own_the_same_instances_finish_them_all_the_same() {
    let world = World::sharing();
    world.runtime.echo("a");
    world.runtime.orchestration("fan", fan_out("a", 20));
    let _hosts = [world.start(small()), world.start(small())];
    for instance in ["i", "j", "k"] {
        world.create(instance, "fan").await;
    }
    for instance in ["i", "j", "k"] {
        assert_eq!(world.until_completed_as_time_passes(instance).await, "20");
    }
}
