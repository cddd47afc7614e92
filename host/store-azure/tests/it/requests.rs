//! What lives cost, in requests. Counted, not timed; looks into empty queues are not counted.

use std::sync::Arc;
use std::time::Duration;

use azure::{Counted, Counts};
use store::Client as _;
use store_azure::Always;

use crate::programs::{Do, Program, Programs, steps};
use crate::world::{PARTITIONS, World, in_virtual_time};

/// What was counted in a life.
#[derive(Debug, PartialEq, Eq)]
struct Bill {
    /// From the client's request to the last message deleted.
    whole_life: Counts,
    /// A turn in the middle that records one activity's result and schedules the next; none if there was no such turn.
    middle: Counts,
}

/// Runs a program that one of the host's own clients has started. `middle`: the times between which only one middle turn
/// happens.
fn count(program: Program, is_guarded: bool, middle: [Duration; 2]) -> Bill {
    in_virtual_time(async {
        let mut world = World::new(Programs::new([("main", program), ("leaf", sequential(1, 10))])).await;
        if !is_guarded {
            world.take_the_guard_away();
        }
        let mut counted = None;
        let host = world.host_with(Arc::new(Always::new(PARTITIONS)), world.medium(), |medium| {
            let medium = Arc::new(Counted::new(medium));
            counted = Some(Arc::clone(&medium));
            medium
        });
        let counted = counted.unwrap();
        // The host is idle, as hosts are: one that happens to look between the client's two requests reads the row once more.
        tokio::time::sleep(Duration::from_secs(10)).await;
        host.backend.create(world.start_of("main", "main")).await.unwrap();
        tokio::time::sleep(middle[0]).await;
        let before = counted.counts();
        tokio::time::sleep(middle[1].saturating_sub(middle[0])).await;
        let middle = counted.counts() - before;
        world.until_ended("main").await;
        world.until_queues_are_empty().await;
        // Looks into empty queues are as many as there is time.
        let without_looks = |counts: Counts| Counts { queue_take_empty: 0, ..counts };
        Bill { whole_life: without_looks(counted.counts()), middle: without_looks(middle) }
    })
}

/// Activities of so many milliseconds, one after the other.
fn sequential(count: usize, takes_ms: u64) -> Program {
    Program { steps: vec![vec![Do::Run("a", takes_ms)]; count], ..Program::default() }
}

/// The same side by side.
fn fan_out(count: usize) -> Program {
    Program { steps: vec![vec![Do::Run("a", 10); count]], ..Program::default() }
}

const NEVER: [Duration; 2] = [Duration::ZERO; 2];

/// What every life of a client's instance costs beside its history: its start, and its row when it begins and when it
/// ends.
fn base() -> Counts {
    Counts {
        table_insert: 1,
        table_merge: 2,
        queue_put: 1,
        queue_take: 1,
        queue_taken: 1,
        queue_delete: 1,
        ..Counts::default()
    }
}

#[test]
fn a_warm_middle_turn_with_an_activity_is_one_request() {
    let bill = count(sequential(3, 1_000), true, [Duration::from_millis(1_500), Duration::from_millis(2_500)]);
    // Started, completed, scheduled, completed, and the sentinel.
    assert_eq!(bill.middle, Counts { transact: 1, transact_writes: 5, ..Counts::default() }, "{}", bill.middle);
    assert_eq!(bill.middle.total(), 1);
}

#[test]
fn ten_activities_one_after_the_other_are_seventeen_requests() {
    let Bill { whole_life, .. } = count(sequential(10, 10), true, NEVER);
    assert_eq!(whole_life, Counts { transact: 11, transact_writes: 55, ..base() }, "{whole_life}");
    assert_eq!(whole_life.total(), 17, "of a budget of 18");
}

#[test]
fn a_fan_out_of_ten_is_eight_requests() {
    let Bill { whole_life, .. } = count(fan_out(10), true, NEVER);
    assert_eq!(whole_life, Counts { transact: 2, transact_writes: 28, ..base() }, "{whole_life}");
    assert_eq!(whole_life.total(), 8, "of a budget of 12");
}

#[test]
fn time_costs_a_renewal_every_third_of_the_visibility_and_a_touch_of_the_row_every_five_seconds() {
    let Bill { whole_life, .. } = count(sequential(10, 3_000), true, NEVER);
    // Touched at 6, 12, 18 and 24 seconds of the 30.
    let expected = Counts { transact: 11, transact_writes: 55, table_merge: 2 + 4, queue_update: 2, ..base() };
    assert_eq!(whole_life, expected, "{whole_life}");
}

#[test]
fn the_guard_costs_no_request() {
    for program in [sequential(10, 10), fan_out(10), steps([&[Do::Child("leaf", "child")], &[Do::Sleep(100)]])] {
        let program = Program { shows_steps: true, ..program };
        assert_eq!(count(program.clone(), true, NEVER), count(program, false, NEVER));
    }
}
