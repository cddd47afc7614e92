//! Storage that loses, refuses or is overtaken.

use std::sync::atomic::Ordering;

use store::Client as _;

use crate::guests::{chain, component, immediate};
use crate::source::Fault;
use crate::world::{World, eventually, id, options};

#[tokio::test]
async fn a_stale_turn_emits_nothing_and_the_others_go_on() {
    let world = World::new();
    world.runtime.echo("a");
    world.runtime.orchestration("chain", chain("a", 2));
    let commits = world.source.gate_commits();
    let worker = world.start(options());
    world.create("i", "chain").await;
    eventually("the first commit", || world.source.commits_of("i") == 1).await;
    // Somebody else moves the instance on while the turn is on its way.
    world.source.inner.release(&id("i"), Some(component())).await.unwrap();
    commits.add_permits(1);
    eventually("the stale commit", || worker.stats().commits_stale == 1).await;
    assert_eq!(world.runtime.attempts(), 0);

    commits.add_permits(1_000);
    world.create("other", "chain").await;
    world.until_completed("other").await;
    world.until_completed_as_time_passes("i").await;
    assert_eq!(world.runtime.attempts(), 4);
}

#[tokio::test]
async fn results_dropped_by_a_stale_turn_are_worked_for_again() {
    let world = World::new();
    let gate = world.runtime.gated("a");
    world.runtime.orchestration("chain", chain("a", 1));
    let worker = world.start(options());
    world.create("i", "chain").await;
    eventually("the activity", || worker.stats().activities_running == 1).await;
    world.source.inner.release(&id("i"), Some(component())).await.unwrap();
    gate.add_permits(2);
    assert_eq!(world.until_completed_as_time_passes("i").await, "chained");
    assert_eq!((worker.stats().commits_stale, world.runtime.attempts()), (1, 2));
}

#[tokio::test]
async fn every_fault_at_every_commit_leads_to_the_same_history() {
    let run = async |faults: Vec<Option<Fault>>, commits_elsewhere: bool| {
        let world = World::new();
        world.source.commits_elsewhere.store(commits_elsewhere, Ordering::SeqCst);
        world.runtime.echo("a");
        world.runtime.orchestration("chain", chain("a", 2));
        world.source.fail_commits(faults);
        let worker = world.start(options());
        world.create("i", "chain").await;
        world.until_completed("i").await;
        let history = world.events("i").await;
        let monitor = worker.monitor();
        worker.shutdown().await.unwrap();
        (history, world.runtime.attempts(), monitor.stats().commits_unknown)
    };
    let (undisturbed, attempts, _) = run(Vec::new(), false).await;
    for fault in [Fault::LostReply, Fault::LostRequest, Fault::NotDone, Fault::Panic] {
        for (n, commits_elsewhere) in (0..3).flat_map(|n| [(n, false), (n, true)]) {
            let mut faults = vec![None; n];
            faults.push(Some(fault));
            let (history, again, unknown) = run(faults, commits_elsewhere).await;
            let place = format!("{fault:?} at commit {n}, elsewhere: {commits_elsewhere}");
            assert_eq!(history, undisturbed, "{place}");
            assert_eq!(again, attempts, "{place}");
            assert_eq!(unknown, u64::from(fault != Fault::NotDone), "{place}");
        }
    }
}

#[tokio::test]
async fn a_commit_that_can_never_succeed_holds_the_instance() {
    let world = World::new();
    world.runtime.orchestration("immediate", immediate("done"));
    world.source.fail_commits([Some(Fault::Permanent)]);
    let _worker = world.start(options());
    world.create("i", "immediate").await;
    let row = world.until("i", |row| row.held.is_some()).await;
    assert_eq!(row.held.unwrap().code, "storage");
    world.source.inner.release(&id("i"), None).await.unwrap();
    assert_eq!(world.until_completed("i").await, "done");
}

#[tokio::test]
async fn work_resumes_by_itself_once_storage_is_back() {
    let world = World::new();
    world.runtime.orchestration("immediate", immediate("done"));
    world.source.is_down.store(true, Ordering::SeqCst);
    let worker = world.start(options());
    world.create("i", "immediate").await;
    eventually("failures", || world.source.fetches_failed.load(Ordering::SeqCst) >= 2).await;
    assert!(!worker.health().storage_available);
    world.source.is_down.store(false, Ordering::SeqCst);
    assert_eq!(world.until_completed("i").await, "done");
    assert!(worker.health().is_healthy());
}

#[tokio::test]
async fn work_from_memory_is_no_sign_that_storage_is_back() {
    let world = World::new();
    world.runtime.orchestration("immediate", immediate("done"));
    world.source.is_down.store(true, Ordering::SeqCst);
    let worker = world.start(options());
    eventually("a failure", || world.source.fetches_failed.load(Ordering::SeqCst) >= 1).await;
    world.source.works_from_memory.store(true, Ordering::SeqCst);
    world.source.is_down.store(false, Ordering::SeqCst);
    world.create("i", "immediate").await;
    assert_eq!(world.until_completed("i").await, "done");
    assert!(!worker.health().storage_available);
    world.source.works_from_memory.store(false, Ordering::SeqCst);
    world.create("other", "immediate").await;
    assert_eq!(world.until_completed("other").await, "done");
    assert!(worker.health().is_healthy());
}
