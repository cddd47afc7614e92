//! What a crash leaves, and what the next process makes of it.

use crate::guests::{chain, fan_out};
use crate::world::{World, eventually, options};

#[tokio::test]
async fn a_crash_runs_exactly_the_open_activities_again() {
    let world = World::new();
    let gate = world.runtime.gated("a");
    world.runtime.orchestration("fan", fan_out("a", 5));
    let worker = world.start(options());
    world.create("i", "fan").await;
    eventually("all to run", || world.runtime.attempts() == 5).await;
    gate.add_permits(2);
    eventually("two to be recorded", || {
        let commits = world.source.commits.lock().unwrap();
        let completed = |commit: &store::TurnCommit| {
            let events = commit.history.events();
            events.iter().filter(|event| matches!(event.kind, engine::EventKind::TaskCompleted { .. })).count()
        };
        commits.iter().map(completed).sum::<usize>() == 2
    })
    .await;
    world.until("i", |row| row.last_event.is_some_and(|last| last.0 >= 12)).await;
    drop(worker);

    let world = world.restart();
    world.runtime.attempts.lock().unwrap().clear();
    let _worker = world.start(options());
    eventually("the open ones", || world.runtime.attempts() == 3).await;
    gate.add_permits(3);
    assert_eq!(world.until_completed("i").await, "5");
    assert_eq!(world.runtime.attempts(), 3);
}

#[tokio::test]
async fn a_crash_after_any_commit_leads_to_the_same_history() {
    let mut histories = Vec::new();
    for commits_before_the_crash in 0..=4 {
        let world = World::new();
        world.runtime.echo("a");
        world.runtime.orchestration("chain", chain("a", 3));
        let gate = world.source.gate_commits();
        let worker = world.start(options());
        world.create("i", "chain").await;
        gate.add_permits(commits_before_the_crash);
        world.until("i", |row| row.revision > commits_before_the_crash as u64).await;
        drop(worker);

        let world = world.restart();
        let _worker = world.start(options());
        assert_eq!(world.until_completed("i").await, "chained");
        histories.push(world.events("i").await);
    }
    assert!(histories.windows(2).all(|pair| pair[0] == pair[1]), "{histories:#?}");
}
