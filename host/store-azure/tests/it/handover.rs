//! Hosts that come, go and die while there is work: partitions move, and nothing else happens.

use std::time::Duration;

use engine::RuntimeStatus;
use store_azure::{Hold, Leases, Ownership as _};

use crate::host::Host;
use crate::programs::{Do, Program, Programs, steps};
use crate::world::{World, in_virtual_time};

const PARTITIONS: u8 = 4;

/// Two lease intervals: by then every partition is where it should be.
const SETTLED: Duration = Duration::from_mins(1);
const INSTANCES: usize = 12;

/// Name, program and output, over and over.
fn programs() -> [(&'static str, Program, &'static str); 4] {
    [
        ("work", steps([&[Do::Run("a", 40_000), Do::Run("b", 90_000)], &[Do::Run("c", 40_000)]]), "a,b,c"),
        ("wait", steps([&[Do::Sleep(50)], &[Do::Sleep(200)], &[Do::Run("a", 100)]]), "slept,slept,a"),
        ("retry", steps([&[Do::Run("a", 45_000)], &[Do::RunTwice("b")], &[Do::Sleep(40)]]), "a,flaky-b,slept"),
        ("again", Program { again: 3, ..steps([&[Do::Run("a", 25_000)], &[Do::Sleep(10)]]) }, "a,slept"),
    ]
}

async fn world() -> World {
    let programs = programs().map(|(name, program, _)| (name, program));
    World::with_partitions(Programs::new(programs), PARTITIONS).await
}

/// Starts instances of every program.
async fn create(world: &World, prefix: &str) {
    for number in 0..INSTANCES {
        let (name, ..) = programs()[number % 4].clone();
        world.create(&format!("{prefix}{number}"), name).await;
    }
}

/// Waits for all of them; each has done what it should, once.
async fn assert_all_completed(world: &World, prefix: &str) {
    for number in 0..INSTANCES {
        let (name, _, output) = programs()[number % 4].clone();
        let instance = format!("{prefix}{number}");
        world.until_ended(&instance).await;
        let state = world.row(&instance).await.state;
        assert_eq!(state.status, RuntimeStatus::Completed, "{instance}, {name}");
        assert_eq!(state.output.map(|output| output.to_string()), Some(output.to_owned()), "{instance}, {name}");
    }
}

fn owned(leases: &Leases) -> usize {
    leases.state().values().filter(|hold| **hold == Hold::Owned).count()
}

fn assert_quiet(hosts: &[&Host]) {
    for host in hosts {
        assert_eq!(host.split_brains(), Vec::<String>::new());
        assert_eq!(host.troubles(), Vec::<String>::new());
    }
}

#[test]
fn a_host_joins_and_another_leaves_and_everything_completes() {
    in_virtual_time(async {
        let world = world().await;
        let (mut first, first_leases) = world.leasing_host("first");
        tokio::time::sleep(SETTLED).await;
        assert_eq!(owned(&first_leases), usize::from(PARTITIONS));
        create(&world, "early-").await;
        tokio::time::sleep(Duration::from_secs(20)).await;

        let (second, second_leases) = world.leasing_host("second");
        tokio::time::sleep(SETTLED).await;
        assert_eq!((owned(&first_leases), owned(&second_leases)), (2, 2), "they share");
        create(&world, "late-").await;
        tokio::time::sleep(Duration::from_secs(20)).await;

        first.leave().await;
        tokio::time::sleep(Duration::from_secs(15)).await;
        assert_eq!(owned(&second_leases), usize::from(PARTITIONS), "what was given up is taken at once");
        assert_all_completed(&world, "early-").await;
        assert_all_completed(&world, "late-").await;
        world.until_queues_are_empty().await;
        assert_quiet(&[&first, &second]);
    });
}

#[test]
fn a_host_dies_and_another_finishes_everything() {
    in_virtual_time(async {
        let world = world().await;
        let (first, first_leases) = world.leasing_host("first");
        let (second, second_leases) = world.leasing_host("second");
        tokio::time::sleep(SETTLED).await;
        assert_eq!((owned(&first_leases), owned(&second_leases)), (2, 2));
        create(&world, "some-").await;
        tokio::time::sleep(Duration::from_secs(20)).await;
        assert_quiet(&[&first]);
        drop((first, first_leases));

        tokio::time::sleep(SETTLED).await;
        assert_eq!(owned(&second_leases), usize::from(PARTITIONS));
        assert_all_completed(&world, "some-").await;
        world.until_queues_are_empty().await;
        assert_quiet(&[&second]);
    });
}

#[test]
fn a_host_that_cannot_reach_storage_for_a_while_is_replaced_and_comes_back() {
    in_virtual_time(async {
        let world = world().await;
        let (first, first_leases) = world.leasing_host("first");
        let (second, second_leases) = world.leasing_host("second");
        tokio::time::sleep(SETTLED).await;
        create(&world, "some-").await;
        tokio::time::sleep(Duration::from_secs(20)).await;
        first.medium.stop();
        tokio::time::sleep(SETTLED).await;
        assert_eq!((owned(&first_leases), owned(&second_leases)), (0, 4), "it fences itself");
        first.medium.let_go();
        tokio::time::sleep(SETTLED).await;
        assert_eq!((owned(&first_leases), owned(&second_leases)), (2, 2));
        assert_all_completed(&world, "some-").await;
        create(&world, "more-").await;
        assert_all_completed(&world, "more-").await;
        world.until_queues_are_empty().await;
        assert_eq!(second.split_brains(), Vec::<String>::new(), "it is the rightful owner throughout");
    });
}
