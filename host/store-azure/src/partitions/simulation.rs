//! Many hosts over one modelled table, in modelled time, with everything that can happen to them. A seed is a history.

mod host;

use std::collections::BTreeMap;
use std::time::Duration;

use azure::ETag;
use fastrand::Rng;
use tokio::time::Instant;

use self::host::Host;
use super::book::Terms;
use super::row::LeaseRow;

const TICK: u64 = 100;
const INTERVAL: u64 = 30_000;
const TERMS: Terms = Terms {
    interval: Duration::from_millis(INTERVAL),
    renew_every: Duration::from_secs(10),
    drain_max: Duration::from_secs(10),
};

/// The Partitions table.
#[derive(Debug)]
struct Table {
    rows: Vec<(LeaseRow, u64)>,
    /// Successful changes other than renewals.
    moves: usize,
}

impl Table {
    fn read(&self) -> BTreeMap<u8, (LeaseRow, ETag)> {
        let etag = |version: &u64| ETag(version.to_string().into());
        (0..).zip(self.rows.iter().map(|(row, version)| (row.clone(), etag(version)))).collect()
    }

    fn replace(&mut self, partition: u8, row: LeaseRow, etag: &ETag) -> bool {
        let (stored, version) = &mut self.rows[usize::from(partition)];
        if version.to_string() != *etag.0 {
            return false;
        }
        let is_renewal = stored.current_owner == row.current_owner && stored.next_owner == row.next_owner;
        self.moves += usize::from(!is_renewal);
        (*stored, *version) = (row, *version + 1);
        true
    }
}

struct World {
    rng: Rng,
    table: Table,
    hosts: Vec<Host>,
    born: u64,
    now: u64,
    base: Instant,
    /// No clock is off by more.
    skew_ms: i64,
    /// Requests take long, get lost, hosts freeze.
    has_faults: bool,
}

impl World {
    fn new(seed: u64, partitions: u8, skew_ms: i64) -> Self {
        let table = Table { rows: vec![(LeaseRow::default(), 0); usize::from(partitions)], moves: 0 };
        let (rng, base) = (Rng::with_seed(seed), Instant::now());
        Self { rng, table, hosts: Vec::new(), born: 0, now: 0, base, skew_ms, has_faults: false }
    }

    fn join(&mut self) {
        self.born += 1;
        let skew = self.rng.i64(-self.skew_ms..=self.skew_ms);
        self.hosts.push(Host::new(format!("host-{}", self.born), skew, self.now));
    }

    /// It is gone, and what it has sent arrives or does not.
    fn kill(&mut self) {
        let victim = self.rng.usize(..self.hosts.len());
        let mut host = self.hosts.swap_remove(victim);
        host.land(&mut self.table, u64::MAX);
    }

    fn leave(&mut self) {
        let leaver = self.rng.usize(..self.hosts.len());
        self.hosts.swap_remove(leaver).leave(&mut self.table);
    }

    fn instant(&self, at: u64) -> Instant {
        self.base + Duration::from_millis(at)
    }

    /// Who believes it owns a partition.
    fn owners(&self, partition: u8) -> Vec<&str> {
        let now = self.instant(self.now);
        self.hosts.iter().filter(|host| host.book.owns(partition, now)).map(|host| host.id.as_str()).collect()
    }

    /// The first partition with two owners, if it comes to that.
    fn run(&mut self, duration: u64) -> Result<(), String> {
        let end = self.now + duration;
        while self.now < end {
            self.now += TICK;
            let first = self.rng.usize(..self.hosts.len().max(1));
            for turn in 0..self.hosts.len() {
                let index = (first + turn) % self.hosts.len();
                let (base, now, has_faults) = (self.base, self.now, self.has_faults);
                self.hosts[index].tick(&mut self.rng, &mut self.table, base, now, has_faults);
            }
            for partition in 0..self.partitions() {
                let owners = self.owners(partition);
                if owners.len() > 1 {
                    return Err(format!("at {} partition {partition} has the owners {owners:?}", self.now));
                }
            }
        }
        Ok(())
    }

    fn partitions(&self) -> u8 {
        u8::try_from(self.table.rows.len()).unwrap()
    }

    /// Joins, kills, leaves and faults for a while.
    fn chaos(&mut self) -> Result<(), String> {
        self.has_faults = true;
        for _ in 0..self.rng.usize(1..12) {
            match self.rng.u8(..4) {
                0 if self.hosts.len() > 1 => self.kill(),
                1 if self.hosts.len() > 1 => self.leave(),
                _ if self.hosts.len() < 6 => self.join(),
                _ => {}
            }
            let pause = self.rng.u64(..40_000);
            self.run(pause)?;
        }
        self.has_faults = false;
        self.hosts.iter_mut().for_each(Host::thaw);
        Ok(())
    }

    fn unowned(&self) -> Vec<u8> {
        (0..self.partitions()).filter(|partition| self.owners(*partition).is_empty()).collect()
    }

    /// How many each host owns, fewest first.
    fn counts(&self) -> Vec<usize> {
        let count = |host: &Host| (0..self.partitions()).filter(|p| self.owners(*p) == [host.id.as_str()]).count();
        let mut counts: Vec<usize> = self.hosts.iter().map(count).collect();
        counts.sort_unstable();
        counts
    }

    fn is_balanced(&self) -> bool {
        let counts = self.counts();
        self.unowned().is_empty() && counts.last().unwrap() - counts[0] <= 1
    }
}

const SEEDS: std::ops::Range<u64> = 0..200;

/// Clocks that differ by less than an interval.
const SKEW: i64 = INTERVAL.cast_signed() / 2 - 1;

fn world(seed: u64, skew_ms: i64) -> World {
    let partitions = [1, 4, 5, 16][usize::try_from(seed % 4).unwrap()];
    let mut world = World::new(seed, partitions, skew_ms);
    (0..=seed % 3).for_each(|_| world.join());
    world
}

#[test]
fn no_two_hosts_own_a_partition_whatever_happens_to_them() {
    for seed in SEEDS {
        world(seed, SKEW).chaos().unwrap_or_else(|error| panic!("seed {seed}: {error}"));
    }
}

#[test]
fn the_simulation_sees_two_owners_where_clocks_are_far_apart() {
    let caught = SEEDS.filter(|seed| world(*seed, 4 * SKEW).chaos().is_err()).count();
    assert!(caught > 0);
}

#[test]
fn everything_is_owned_and_shared_evenly_two_intervals_after_the_last_fault() {
    for seed in SEEDS {
        let mut world = world(seed, 0);
        world.chaos().unwrap();
        world.run(2 * INTERVAL).unwrap();
        assert_eq!(world.unowned(), Vec::<u8>::new(), "seed {seed}");
        assert!(world.is_balanced(), "seed {seed}: {:?}", world.counts());
    }
}

#[test]
fn clocks_that_differ_cost_an_interval_at_most() {
    for seed in SEEDS {
        let mut world = world(seed, SKEW);
        world.chaos().unwrap();
        world.run(3 * INTERVAL).unwrap();
        assert!(world.is_balanced(), "seed {seed}: {:?}", world.counts());
    }
}

#[test]
fn one_change_is_settled_within_two_intervals() {
    for seed in SEEDS {
        for change in [World::join, World::leave, World::kill] {
            let mut world = world(seed, 0);
            world.join();
            world.run(2 * INTERVAL).unwrap();
            change(&mut world);
            world.run(2 * INTERVAL).unwrap();
            assert!(world.is_balanced(), "seed {seed}: {:?}", world.counts());
        }
    }
}

#[test]
fn nothing_moves_while_nothing_happens() {
    for seed in SEEDS {
        let mut world = world(seed, 0);
        world.chaos().unwrap();
        world.run(3 * INTERVAL).unwrap();
        let moves = world.table.moves;
        world.run(10 * INTERVAL).unwrap();
        assert_eq!(world.table.moves, moves, "seed {seed}");
    }
}
