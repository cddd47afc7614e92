//! Panics of the host: each costs the instance it is about, and nobody else.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use store::Client as _;
use worker::shard::{Config, Effect, Input, Notice};
use worker::{Health, Options};

use crate::bench::{Bench, activities_in, commit_in, names};
use crate::guests::{Bug, Closures, chain, immediate};
use crate::world::{World, eventually, id, options};

#[test]
fn a_panic_after_a_turn_holds_the_instance_and_nothing_of_the_turn_leaves() {
    let runtime = Arc::new(Closures::default());
    runtime.orchestration("bad", chain("a", 1));
    runtime.orchestration("good", chain("a", 1));
    runtime.bug("bad", Some(Bug::Weighed));
    let mut bench = Bench::new(&runtime);
    let start = bench.create("i", "bad");
    bench.tell(start);
    bench.tell(bench.loaded("i"));
    let effects = bench.tell(Bench::prepared("i"));
    assert_eq!(names(&effects), ["notice", "load"], "a commit would be one that nobody waits for");
    let Effect::Notice(Notice::Panicked { instance_id, what, is_left_alone: false }) = &effects[0] else {
        panic!("{effects:?}");
    };
    assert_eq!((instance_id.as_ref(), what.as_str()), (Some(&id("i")), "a bug when weighed"));

    let effects = bench.tell(bench.loaded("i"));
    let [Effect::Hold { token, reason, .. }] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!((&*token.0, reason.code.as_str()), ("1", "internal"));
    assert!(reason.message.contains("a bug when weighed"), "{}", reason.message);
    let held = Input::Held { instance_id: id("i"), result: Ok(token.clone()) };
    assert_eq!(names(&bench.tell(held)), ["notice"]);
    let stats = bench.shard.stats();
    assert_eq!((stats.panics, stats.held, stats.instances_busy, stats.warm_bytes), (1, 1, 0, 0));

    // The others of the shard go on.
    bench.first_turn("j", "good");
    // Released with the bug mended, it goes on as if nothing had been.
    runtime.bug("bad", None);
    let start = bench.create("i", "bad");
    bench.tell(start);
    bench.tell(bench.loaded("i"));
    let commit = commit_in(bench.tell(Bench::prepared("i")));
    let committed = bench.committed(&commit);
    assert_eq!(activities_in(&bench.tell(committed)).len(), 1);
}

#[test]
fn a_guest_that_cannot_be_dropped_costs_no_other_instance() {
    let runtime = Arc::new(Closures::default());
    runtime.orchestration("bad", chain("a", 1));
    runtime.orchestration("good", chain("a", 1));
    runtime.bug("bad", Some(Bug::Dropped));
    let mut bench = Bench::with(&runtime, Config { warm_bytes_max: usize::MAX, warm_max: 0, busy_max: usize::MAX });
    // It is evicted as soon as it waits.
    bench.first_turn("i", "bad");
    assert_eq!(bench.shard.stats().panics, 1);
    bench.first_turn("j", "good");
}

#[tokio::test]
async fn a_worker_goes_on_and_says_why_the_instance_is_held() {
    let world = World::new();
    world.runtime.echo("a");
    world.runtime.orchestration("bad", chain("a", 1));
    world.runtime.orchestration("good", chain("a", 1));
    world.runtime.bug("bad", Some(Bug::Weighed));
    // One shard: it has both.
    let worker = world.start(Options { shards: 1, ..options() });
    world.create("i", "bad").await;
    let held = world.until("i", |row| row.held.is_some()).await.held.unwrap();
    assert_eq!(held.code, "internal");
    world.create("j", "good").await;
    assert_eq!(world.until_completed("j").await, "chained");
    assert!(worker.health().is_healthy() && worker.stats().panics > 0);

    world.runtime.bug("bad", None);
    world.source.inner.release(&id("i"), None).await.unwrap();
    assert_eq!(world.until_completed("i").await, "chained");
}

#[tokio::test]
async fn a_backend_that_panics_in_a_fetch_is_asked_again() {
    let world = World::new();
    world.runtime.orchestration("good", immediate("done"));
    world.source.fetch_panics.store(2, Ordering::SeqCst);
    let worker = world.start(options());
    world.create("i", "good").await;
    assert_eq!(world.until_completed_as_time_passes("i").await, "done");
    eventually("health", || worker.health() == Health { storage_available: true, loops_alive: true }).await;
    assert_eq!(worker.stats().panics, 2);
}
