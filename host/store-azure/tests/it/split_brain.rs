//! The scenario of this project: a host stands still between its history and its row, another completes the instance,
//! and the first goes on.

use std::sync::Arc;
use std::time::Duration;

use azure::{Query, Table, Tables as _};
use engine::RuntimeStatus;
use store::Client as _;

use crate::faulty::{Fault, When};
use crate::lives::{self, Life};
use crate::programs::{Do, steps};
use crate::world::{World, id, in_virtual_time};

/// Where a host stands still.
#[derive(Debug, Clone)]
struct Scenario {
    life: Life,
    /// The instance that suffers.
    victim: &'static str,
    /// The request before which it stands still.
    before: (&'static str, usize),
    /// Whether a client purges everything in between.
    is_purged: bool,
}

/// What is there at the end.
#[derive(Debug)]
struct Ending {
    /// What the victim's row says; none if there is none.
    row: Option<(RuntimeStatus, Option<String>, Option<String>)>,
    /// Rows of its history.
    history_rows: usize,
    /// What the host that stood still has reported: instance, and whether the tokens were both there and different.
    reports: Vec<(String, bool)>,
}

fn top_level() -> Scenario {
    Scenario { life: lives::chain(), victim: "main", before: ("merge Instances main", 1), is_purged: false }
}

fn sub_orchestration() -> Scenario {
    Scenario { life: lives::family(), victim: "child-1", before: ("merge Instances child-1", 1), is_purged: false }
}

/// The host stands still in the turn that shows this step.
fn middle() -> Scenario {
    Scenario { life: lives::shown_chain(), victim: "main", before: ("merge Instances main", 2), is_purged: false }
}

fn continued_as_new() -> Scenario {
    Scenario { life: lives::again(), victim: "main", before: ("merge Instances main", 2), is_purged: false }
}

fn purged() -> Scenario {
    Scenario { is_purged: true, ..top_level() }
}

fn purged_child() -> Scenario {
    Scenario { is_purged: true, ..sub_orchestration() }
}

fn purged_before_its_first_commit() -> Scenario {
    Scenario { before: ("transact History main", 1), ..purged() }
}

fn play(scenario: &Scenario, is_guarded: bool) -> Ending {
    let Scenario { life, victim, before, is_purged } = scenario;
    in_virtual_time(async {
        let life = life.clone().with("other", steps([&[Do::Run("z", 100)]]));
        let mut world = life.world().await;
        if !is_guarded {
            world.take_the_guard_away();
        }
        let world = Arc::new(world);
        let stalled = world.host();
        stalled.medium.arm(When::Says(before.0, before.1), Fault::StopBefore);
        let living = {
            let (life, world) = (life.clone(), Arc::clone(&world));
            tokio::task::spawn_local(async move { life.live(world).await })
        };
        stalled.medium.fired().await;
        let other = world.host();
        living.await.unwrap();
        world.until_ended(victim).await;
        // The other deletes what it has consumed.
        tokio::time::sleep(Duration::from_mins(1)).await;
        drop(other);
        if *is_purged {
            for instance in world.outcome().await.instances.keys() {
                world.client.purge(&id(instance)).await.unwrap();
            }
        }
        stalled.medium.let_go();
        tokio::time::sleep(Duration::from_mins(2)).await;
        let ending = ending(&world, victim, &stalled.split_brains_with_tokens()).await;
        // It carries on with other work.
        world.create("another", "other").await;
        world.until_ended("another").await;
        ending
    })
}

async fn ending(world: &World, victim: &str, reports: &[(String, bool)]) -> Ending {
    let row = world.client.get(&id(victim)).await.unwrap().map(|row| row.state);
    let text = |payload: Option<engine::Payload>| payload.map(|text| text.to_string());
    let row = row.map(|state| (state.status, text(state.output), text(state.custom_status)));
    let history = world.account().query(Table::History, &Query::partition(victim)).await.unwrap();
    Ending { row, history_rows: history.entities.len(), reports: reports.to_vec() }
}

/// The stalled host drops what it had and says so; what the other has written stays.
fn assert_survives(scenario: &Scenario, output: &str, custom_status: Option<&str>) {
    let Ending { row, reports, .. } = play(scenario, true);
    let expected = (RuntimeStatus::Completed, Some(output.to_owned()), custom_status.map(str::to_owned));
    assert_eq!(row, Some(expected));
    assert_eq!(reports, [(scenario.victim.to_owned(), true)], "whether both tokens were told, and differ");
}

/// Without the guard the row is wrong in the end, so the test above shows something.
fn assert_breaks_without_the_guard(scenario: &Scenario) {
    let Ending { row, .. } = play(scenario, false);
    let status = row.map(|(status, ..)| status);
    assert_ne!(status, Some(RuntimeStatus::Completed), "the stale host has the last word");
}

#[test]
fn a_host_that_stalled_cannot_overwrite_a_completed_orchestration() {
    assert_survives(&top_level(), "a,b,c", None);
}

#[test]
fn a_host_that_stalled_cannot_overwrite_a_completed_sub_orchestration() {
    assert_survives(&sub_orchestration(), "c,grown", None);
}

#[test]
fn a_host_that_stalled_in_a_middle_turn_cannot_overwrite_what_came_later() {
    assert_survives(&middle(), "a,b", Some("step 2 of generation 0"));
}

#[test]
fn a_host_that_stalled_while_it_continued_as_new_cannot_overwrite_what_came_later() {
    assert_survives(&continued_as_new(), "a", Some("step 1 of generation 2"));
}

#[test]
fn without_the_guard_each_of_these_ends_with_the_row_of_the_stale_host() {
    for scenario in [top_level(), sub_orchestration(), middle(), continued_as_new()] {
        assert_breaks_without_the_guard(&scenario);
    }
}

#[test]
fn a_host_that_stalled_cannot_bring_back_what_was_purged() {
    for scenario in [purged(), purged_child(), purged_before_its_first_commit()] {
        let Ending { row, history_rows, reports } = play(&scenario, true);
        assert_eq!((row, history_rows), (None, 0), "{scenario:?}");
        assert_eq!(
            reports,
            [(scenario.victim.to_owned(), false)],
            "nothing is stored that could be told; {scenario:?}"
        );
    }
}

#[test]
fn without_the_guard_a_purged_instance_comes_back() {
    for scenario in [purged(), purged_before_its_first_commit()] {
        assert!(play(&scenario, false).row.is_some(), "{scenario:?}");
    }
}
