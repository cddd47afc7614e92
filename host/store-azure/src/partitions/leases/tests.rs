//! Hosts in one process, over the fake account, in paused time.

use azure::fake::FakeAccount;
use azure::{HubName, Key, Table, Tables as _, Verb, Write};
use engine::Timestamp;

use super::*;
use crate::partitions::gate::{Gate, Gated};
use crate::partitions::row::LeaseRow;

const INTERVAL: Duration = Duration::from_secs(30);

/// The clock that goes with paused time.
struct PausedClock(Instant);

#[async_trait]
impl Clock for PausedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_700_000_000_000).saturating_add(self.0.elapsed())
    }

    async fn sleep_until(&self, at: Timestamp) {
        sleep(at.saturating_since(self.now())).await;
    }
}

struct World {
    account: FakeAccount,
    hub: HubName,
    clock: Arc<PausedClock>,
    partitions: u8,
}

struct Host {
    leases: Arc<Leases>,
    gated: Gated,
    /// Answers at once that nothing is in hand.
    dispatcher: JoinHandle<()>,
}

impl World {
    async fn new(partitions: u8) -> Self {
        let clock = Arc::new(PausedClock(Instant::now()));
        let ticks = clock.clone();
        let account = FakeAccount::new(Arc::new(move || ticks.now().as_millis()));
        let world = Self { account, hub: HubName::new("Hub").unwrap(), clock, partitions };
        let medium = world.account.medium(&world.hub);
        medium.create_table(Table::Partitions).await.unwrap();
        for queue in world.options("x").queues {
            let write = Write { key: LeaseRow::key(&queue), verb: Verb::Insert(LeaseRow::default().to_entity()) };
            medium.write(Table::Partitions, write).await.unwrap();
        }
        world
    }

    fn options(&self, name: &str) -> LeaseOptions {
        LeaseOptions::new(name, &self.hub, self.partitions)
    }

    fn join(&self, name: &str) -> Host {
        self.join_with(self.options(name), true)
    }

    fn join_with(&self, options: LeaseOptions, drains: bool) -> Host {
        let gated = Gated::new(self.account.medium(&self.hub));
        let leases = Arc::new(Leases::start(Arc::new(gated.clone()), self.clock.clone(), options));
        let (drained, mut changed) = (Arc::downgrade(&leases), leases.changed());
        let dispatcher = tokio::spawn(async move {
            while drains && changed.changed().await.is_ok() {
                let Some(leases) = drained.upgrade() else { return };
                for (partition, _) in leases.state().into_iter().filter(|(_, hold)| *hold == Hold::Draining) {
                    leases.drained(partition);
                }
            }
        });
        Host { leases, gated, dispatcher }
    }

    async fn row(&self, partition: u8) -> LeaseRow {
        let Key { partition: key, row } = LeaseRow::key(&self.options("x").queues[usize::from(partition)]);
        let stored = self.account.medium(&self.hub).get(Table::Partitions, &Key { partition: key, row }).await.unwrap();
        LeaseRow::from_entity(&stored.unwrap().entity).unwrap()
    }

    /// How many each of the hosts owns; panics if a partition has two owners or none.
    fn counts<const N: usize>(&self, hosts: [&Host; N]) -> [usize; N] {
        for partition in 0..self.partitions {
            let owners = hosts.iter().filter(|host| host.leases.owns(partition)).count();
            assert_eq!(owners, 1, "owners of partition {partition}");
        }
        hosts.map(Host::owned)
    }
}

impl Host {
    fn is_failing(&self) -> bool {
        *self.leases.failing().unwrap().borrow()
    }

    fn owned(&self) -> usize {
        (0..16).filter(|partition| self.leases.owns(*partition)).count()
    }

    fn crash(self) {
        self.dispatcher.abort();
        drop(Arc::into_inner(self.leases).expect("the dispatcher holds it only while it runs"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_host_alone_owns_everything_at_once() {
    let world = World::new(4).await;
    let a = world.join("a");
    let mut changed = a.leases.changed();
    changed.changed().await.unwrap();
    sleep(Duration::from_millis(100)).await;
    assert_eq!(world.counts([&a]), [4]);
    assert!(a.leases.state().into_values().all(|hold| hold == Hold::Owned));
    let row = world.row(0).await;
    assert_eq!(row.current_owner.as_deref(), Some(a.leases.host_id()));
    let (expires_at, last_renewal) = (row.expires_at.unwrap(), row.last_renewal.unwrap());
    assert_eq!(expires_at.saturating_since(last_renewal), INTERVAL);
}

#[tokio::test(start_paused = true)]
async fn a_host_that_is_alone_and_undisturbed_never_loses_anything() {
    let world = World::new(4).await;
    let a = world.join("a");
    sleep(Duration::from_secs(1)).await;
    let (changes, requests) = (a.leases.changed(), a.gated.requests());
    sleep(INTERVAL * 20).await;
    assert!(!changes.has_changed().unwrap());
    assert_eq!(world.counts([&a]), [4]);
    // In an interval three looks, and three renewals of each row; a little more often, for the jitter.
    let expected = 20 * 3 * (1 + 4);
    assert!((expected..expected * 9 / 8).contains(&(a.gated.requests() - requests)));
}

#[tokio::test(start_paused = true)]
async fn hosts_that_join_share_within_two_intervals() {
    let world = World::new(16).await;
    let a = world.join("a");
    sleep(Duration::from_secs(5)).await;
    let b = world.join("b");
    sleep(INTERVAL * 2).await;
    assert_eq!(world.counts([&a, &b]), [8, 8]);
    let (c, d) = (world.join("c"), world.join("d"));
    sleep(INTERVAL * 2).await;
    assert_eq!(world.counts([&a, &b, &c, &d]), [4, 4, 4, 4]);
}

#[tokio::test(start_paused = true)]
async fn hosts_that_start_together_share_from_the_beginning() {
    let world = World::new(4).await;
    let hosts = ["a", "b", "c"].map(|name| world.join(name));
    sleep(INTERVAL).await;
    let mut counts = world.counts([&hosts[0], &hosts[1], &hosts[2]]);
    counts.sort_unstable();
    assert_eq!(counts, [1, 1, 2]);
}

#[tokio::test(start_paused = true)]
async fn what_a_leaving_host_had_is_owned_at_the_next_look() {
    let world = World::new(4).await;
    let (a, b) = (world.join("a"), world.join("b"));
    sleep(INTERVAL * 2).await;
    assert_eq!(world.counts([&a, &b]), [2, 2]);
    a.leases.shutdown().await;
    assert_eq!((a.owned(), a.leases.state().len()), (0, 0));
    for partition in 0..4 {
        assert_ne!(world.row(partition).await.current_owner.as_deref(), Some(a.leases.host_id()));
    }
    sleep(Duration::from_secs(11)).await;
    assert_eq!(world.counts([&a, &b]), [0, 4]);
    a.leases.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn what_a_crashed_host_had_is_shared_by_the_others_within_two_intervals() {
    let world = World::new(4).await;
    let (a, b, c) = (world.join("a"), world.join("b"), world.join("c"));
    sleep(INTERVAL * 2).await;
    world.counts([&a, &b, &c]);
    a.crash();
    sleep(INTERVAL * 2).await;
    assert_eq!(world.counts([&b, &c]), [2, 2]);
}

#[tokio::test(start_paused = true)]
async fn a_restarted_host_waits_for_the_leases_of_the_one_it_was() {
    let world = World::new(4).await;
    let a = world.join("a");
    sleep(Duration::from_secs(1)).await;
    a.crash();
    let again = world.join("a");
    sleep(Duration::from_secs(27)).await;
    assert_eq!(again.owned(), 0);
    sleep(INTERVAL).await;
    assert_eq!(world.counts([&again]), [4]);
}

#[tokio::test(start_paused = true)]
async fn a_host_that_cannot_reach_storage_fences_itself_before_another_takes_over() {
    for gate in [Gate::Shut, Gate::Broken] {
        let world = World::new(4).await;
        let (a, b) = (world.join("a"), world.join("b"));
        sleep(INTERVAL * 2).await;
        a.gated.set(gate);
        let mut changed = a.leases.changed();
        let since = Instant::now();
        while a.owned() > 0 {
            changed.changed().await.unwrap();
        }
        assert!(since.elapsed() <= INTERVAL, "{gate:?}");
        assert_eq!((a.leases.state().len(), b.owned()), (0, 2), "{gate:?}");
        sleep((INTERVAL * 2).checked_sub(since.elapsed()).unwrap()).await;
        assert_eq!(world.counts([&a, &b]), [0, 4], "{gate:?}");
        // Back again it takes part as any other, by itself.
        a.gated.set(Gate::Open);
        sleep(INTERVAL).await;
        assert_eq!(world.counts([&a, &b]), [2, 2], "{gate:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_outage_shorter_than_a_lease_changes_nothing() {
    let world = World::new(4).await;
    let a = world.join("a");
    sleep(Duration::from_secs(1)).await;
    let changed = a.leases.changed();
    assert!(!a.is_failing());
    for _ in 0..5 {
        a.gated.set(Gate::Shut);
        sleep(Duration::from_secs(15)).await;
        a.gated.set(Gate::Open);
        sleep(Duration::from_secs(15)).await;
    }
    assert!(!changed.has_changed().unwrap());
    assert_eq!(world.counts([&a]), [4]);
}

#[tokio::test(start_paused = true)]
async fn an_outage_longer_than_a_lease_is_over_when_storage_answers() {
    let world = World::new(4).await;
    let a = world.join("a");
    sleep(Duration::from_secs(1)).await;
    a.gated.set(Gate::Broken);
    let requests = a.gated.requests();
    sleep(INTERVAL * 20).await;
    assert_eq!(a.owned(), 0);
    assert!(a.is_failing());
    assert!(a.gated.requests() - requests < 20 * 15, "it backs off");
    a.gated.set(Gate::Open);
    sleep(Duration::from_secs(7)).await;
    assert_eq!(world.counts([&a]), [4]);
    assert!(!a.is_failing());
}

#[tokio::test(start_paused = true)]
async fn a_partition_that_does_not_drain_is_let_go_of_after_the_bound() {
    let world = World::new(2).await;
    let a = world.join_with(world.options("a"), false);
    sleep(Duration::from_secs(1)).await;
    let b = world.join("b");
    let mut changed = a.leases.changed();
    changed.changed().await.unwrap();
    let since = Instant::now();
    let draining = a.leases.state().into_iter().find(|(_, hold)| *hold == Hold::Draining).unwrap().0;
    assert!(a.leases.owns(draining), "what is in hand can be finished");
    assert!(world.row(draining).await.is_draining);
    changed.changed().await.unwrap();
    assert!(!a.leases.owns(draining));
    let took = since.elapsed();
    assert!(Duration::from_secs(9) < took && took < Duration::from_secs(12), "{took:?}");
    sleep(Duration::from_secs(2)).await;
    assert_eq!(world.counts([&a, &b]), [1, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_partition_that_is_drained_changes_hands_in_seconds() {
    let world = World::new(2).await;
    let a = world.join("a");
    sleep(Duration::from_secs(1)).await;
    let b = world.join("b");
    // The owner sees the wish at its next look.
    sleep(Duration::from_secs(12)).await;
    assert_eq!(world.counts([&a, &b]), [1, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_hub_that_does_not_exist_yet_is_waited_for() {
    let world = World::new(4).await;
    let medium = world.account.medium(&world.hub);
    medium.delete_table(Table::Partitions).await.unwrap();
    let a = world.join("a");
    sleep(INTERVAL).await;
    assert_eq!(a.owned(), 0);
    medium.create_table(Table::Partitions).await.unwrap();
    let write = Write { key: LeaseRow::key("hub-control-02"), verb: Verb::Insert(LeaseRow::default().to_entity()) };
    medium.write(Table::Partitions, write).await.unwrap();
    sleep(Duration::from_secs(11)).await;
    assert_eq!(a.leases.state(), BTreeMap::from([(2, Hold::Owned)]));
    medium.delete_table(Table::Partitions).await.unwrap();
    sleep(INTERVAL).await;
    assert_eq!(a.owned(), 0, "the hub was deleted");
}

#[tokio::test(start_paused = true)]
async fn a_damaged_row_is_left_alone() {
    let world = World::new(2).await;
    let medium = world.account.medium(&world.hub);
    let mut entity = LeaseRow::default().to_entity();
    entity.set("CurrentOwner", azure::Value::Int(7));
    let write = Write { key: LeaseRow::key("hub-control-01"), verb: Verb::InsertOrReplace(entity) };
    medium.write(Table::Partitions, write).await.unwrap();
    let a = world.join("a");
    sleep(INTERVAL).await;
    assert_eq!(a.leases.state(), BTreeMap::from([(0, Hold::Owned)]));
}

#[tokio::test(start_paused = true)]
async fn shutting_down_is_bounded_even_if_storage_hangs() {
    let world = World::new(4).await;
    let a = world.join("a");
    sleep(Duration::from_secs(1)).await;
    a.gated.set(Gate::Shut);
    let since = Instant::now();
    let shutdown = a.leases.shutdown();
    assert_eq!(a.owned(), 4, "nothing happens before it is polled");
    shutdown.await;
    assert_eq!(a.owned(), 0);
    assert!(since.elapsed() <= Duration::from_secs(8), "{:?}", since.elapsed());
}

#[tokio::test(start_paused = true)]
async fn new_executions_follow_the_rules_of_the_oldest_host_as_long_as_it_lives() {
    let world = World::new(4).await;
    let options = |name, number| LeaseOptions { engine_revision: EngineRevision(number), ..world.options(name) };
    let known = |host: &Host| host.leases.engine_revision();

    let newer = world.join_with(options("newer", 2), true);
    sleep(INTERVAL).await;
    assert_eq!(known(&newer), EngineRevision(2), "alone");

    // A build from before there were revisions writes none.
    let old = world.join_with(options("old", 0), true);
    sleep(INTERVAL * 2).await;
    assert_eq!(world.counts([&newer, &old]), [2, 2]);
    assert_eq!([known(&newer), known(&old)], [EngineRevision(0); 2], "both directions");

    old.crash();
    sleep(INTERVAL * 3).await;
    assert_eq!(newer.owned(), 4);
    assert_eq!(known(&newer), EngineRevision(2), "the lease of the old one is over");

    let middle = world.join_with(options("middle", 1), true);
    sleep(INTERVAL * 2).await;
    assert_eq!([known(&newer), known(&middle)], [EngineRevision(1); 2]);
    middle.leases.shutdown().await;
    sleep(INTERVAL * 2).await;
    assert_eq!(known(&newer), EngineRevision(2), "left in good order");
}
