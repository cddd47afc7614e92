//! Numbers for metrics and health checks.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use engine::Timestamp;

use crate::measures::{ActivityMeasures, Measures};
use crate::{Distributions, UnknownOrchestrations, WaitingList};

/// What a worker has done and has in hand. Counters begin at 0 with the worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// Work items that were run through the engine.
    pub turns: u64,
    /// Commits that succeeded.
    pub commits: u64,
    /// Commits that came too late: somebody else had moved the instance on.
    pub commits_stale: u64,
    /// Commits and holds that came after their instance had moved to another host in good order.
    pub commits_not_owned: u64,
    /// Commits whose outcome storage could not tell.
    pub commits_unknown: u64,
    /// Commits that changed nothing because storage could not take them; most are tried again.
    pub commits_not_done: u64,
    /// Commits that storage would never take: their instances are held.
    pub commits_refused: u64,
    /// Commits and holds that were refused because somebody else had moved the instance on.
    pub split_brains: u64,
    /// Work that found its instance warm.
    pub warm_hits: u64,
    /// Work whose instance had to be loaded.
    pub cold_loads: u64,
    /// Idle instances dropped to stay within the memory for warm guests.
    pub evictions: u64,
    /// Instances that were held.
    pub held: u64,
    /// Panics of the host that were caught. Each is a bug.
    pub panics: u64,
    /// Activity attempts left to whichever host has room, because this one has none.
    pub activities_offered: u64,
    /// Activity attempts of other hosts, or left earlier, that this one has taken.
    pub activities_taken: u64,
    /// Activity attempts that ended, either way.
    pub activities_run: u64,
    /// Activity attempts that failed.
    pub activities_failed: u64,
    /// Of these, those that failed because nobody has the activity.
    pub activities_not_found: u64,
    /// Activity attempts running now.
    pub activities_running: usize,
    /// Activity attempts waiting for capacity now.
    pub activities_waiting: usize,
    /// Activities dispatched and not yet heard of, now.
    pub activities_in_flight: usize,
    /// Instances with a folded history in memory, now.
    pub instances_warm: usize,
    /// Instances loading, running or committing now.
    pub instances_busy: usize,
    /// Bytes of warm guests now.
    pub warm_bytes: usize,
    /// Messages kept in memory by shards now.
    pub messages_in_hand: usize,
    /// Work items waiting in front of shards now.
    pub inbox_depth: usize,
    /// Since when the oldest of the messages waits whose instance could run now.
    pub waits_since: Option<Timestamp>,
}

impl Stats {
    /// The sum, field by field.
    fn plus(self, other: &Self) -> Self {
        let Self {
            turns,
            commits,
            commits_stale,
            commits_not_owned,
            commits_unknown,
            commits_not_done,
            commits_refused,
            split_brains,
            warm_hits,
            cold_loads,
            evictions,
            held,
            panics,
            activities_offered,
            activities_taken,
            activities_run,
            activities_failed,
            activities_not_found,
            activities_running,
            activities_waiting,
            activities_in_flight,
            instances_warm,
            instances_busy,
            warm_bytes,
            messages_in_hand,
            inbox_depth,
            waits_since,
        } = *other;
        Self {
            turns: self.turns + turns,
            commits: self.commits + commits,
            commits_stale: self.commits_stale + commits_stale,
            commits_not_owned: self.commits_not_owned + commits_not_owned,
            commits_unknown: self.commits_unknown + commits_unknown,
            commits_not_done: self.commits_not_done + commits_not_done,
            commits_refused: self.commits_refused + commits_refused,
            split_brains: self.split_brains + split_brains,
            warm_hits: self.warm_hits + warm_hits,
            cold_loads: self.cold_loads + cold_loads,
            evictions: self.evictions + evictions,
            held: self.held + held,
            panics: self.panics + panics,
            activities_offered: self.activities_offered + activities_offered,
            activities_taken: self.activities_taken + activities_taken,
            activities_run: self.activities_run + activities_run,
            activities_failed: self.activities_failed + activities_failed,
            activities_not_found: self.activities_not_found + activities_not_found,
            activities_running: self.activities_running + activities_running,
            activities_waiting: self.activities_waiting + activities_waiting,
            activities_in_flight: self.activities_in_flight + activities_in_flight,
            instances_warm: self.instances_warm + instances_warm,
            instances_busy: self.instances_busy + instances_busy,
            warm_bytes: self.warm_bytes + warm_bytes,
            messages_in_hand: self.messages_in_hand + messages_in_hand,
            inbox_depth: self.inbox_depth + inbox_depth,
            waits_since: self.waits_since.into_iter().chain(waits_since).min(),
        }
    }
}

/// Whether a worker can work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Health {
    /// The last fetch succeeded, or none has ended yet. Comes back by itself.
    pub storage_available: bool,
    /// Every shard, the fetching of work and the service for activities run. False means a bug: restart the host.
    pub loops_alive: bool,
}

impl Health {
    /// Whether all is well.
    pub fn is_healthy(self) -> bool {
        let Self { storage_available, loops_alive } = self;
        storage_available && loops_alive
    }
}

/// Watches a worker; cheap to clone, and keeps nothing running.
#[derive(Debug, Clone)]
pub struct Monitor {
    pub(crate) shards: Arc<[ShardGauge]>,
    pub(crate) activities: Arc<ActivityGauge>,
    pub(crate) storage: Arc<StorageGauge>,
    pub(crate) waiting: WaitingList,
    /// Panics that were caught outside of shards.
    pub(crate) panics: Arc<AtomicU64>,
    /// A loop that should run for as long as the worker has ended by a panic.
    pub(crate) loop_died: Arc<AtomicBool>,
}

impl Monitor {
    pub(crate) fn new(shards: usize, unknown: UnknownOrchestrations) -> Self {
        Self {
            shards: (0..shards).map(|_| ShardGauge::default()).collect(),
            activities: Arc::default(),
            storage: Arc::default(),
            waiting: WaitingList::new(unknown),
            panics: Arc::default(),
            loop_died: Arc::default(),
        }
    }

    /// A snapshot; a shard's part of it is from before the turn that the shard is running.
    pub fn stats(&self) -> Stats {
        let shards = self.shards.iter().map(ShardGauge::read).fold(Stats::default(), |sum, shard| sum.plus(&shard));
        let outside = Stats { panics: self.panics.load(Ordering::Relaxed), ..Stats::default() };
        shards.plus(&self.activities.read()).plus(&outside)
    }

    /// How long things have taken so far. A few hundred loads of atomics.
    pub fn distributions(&self) -> Distributions {
        Distributions::read(self.shards.iter().map(|shard| &*shard.measures), &self.activities.measures)
    }

    /// The instances that wait for an orchestration that nobody offers, as far as this host knows.
    pub fn waiting(&self) -> &WaitingList {
        &self.waiting
    }

    /// Why the worker cannot work, in words; none if it can.
    pub fn problem(&self) -> Option<String> {
        if !self.health().loops_alive {
            return Some("a thread of the host has died; restart it and report this".to_owned());
        }
        self.storage.problem().map(|problem| format!("storage is unavailable: {problem}"))
    }

    /// Whether the worker can work.
    pub fn health(&self) -> Health {
        Health {
            storage_available: self.storage.problem().is_none(),
            loops_alive: !self.loop_died.load(Ordering::Relaxed),
        }
    }
}

/// The numbers of one shard, as it last published them.
#[derive(Debug, Default)]
pub(crate) struct ShardGauge {
    stats: Mutex<Stats>,
    /// Kept apart: it grows while a busy shard has no time to publish.
    pub(crate) inbox_depth: AtomicUsize,
    /// Recorded in while a turn runs, so not part of what is published.
    pub(crate) measures: Arc<Measures>,
}

impl ShardGauge {
    /// Called by the shard once per batch of inputs; readers hold the lock for a copy only.
    pub(crate) fn publish(&self, stats: Stats) {
        *self.stats.lock().unwrap_or_else(PoisonError::into_inner) = stats;
    }

    fn read(&self) -> Stats {
        let inbox_depth = self.inbox_depth.load(Ordering::Relaxed);
        Stats { inbox_depth, ..*self.stats.lock().unwrap_or_else(PoisonError::into_inner) }
    }
}

/// The numbers of the activity service.
#[derive(Debug, Default)]
pub(crate) struct ActivityGauge {
    pub(crate) offered: AtomicU64,
    pub(crate) taken: AtomicU64,
    pub(crate) run: AtomicU64,
    pub(crate) failed: AtomicU64,
    pub(crate) not_found: AtomicU64,
    pub(crate) running: AtomicUsize,
    pub(crate) waiting: AtomicUsize,
    pub(crate) measures: ActivityMeasures,
}

impl ActivityGauge {
    fn read(&self) -> Stats {
        Stats {
            activities_offered: self.offered.load(Ordering::Relaxed),
            activities_taken: self.taken.load(Ordering::Relaxed),
            activities_run: self.run.load(Ordering::Relaxed),
            activities_failed: self.failed.load(Ordering::Relaxed),
            activities_not_found: self.not_found.load(Ordering::Relaxed),
            activities_running: self.running.load(Ordering::Relaxed),
            activities_waiting: self.waiting.load(Ordering::Relaxed),
            ..Stats::default()
        }
    }
}

/// Whether fetches succeed.
#[derive(Debug, Default)]
pub(crate) struct StorageGauge(Mutex<Option<String>>);

impl StorageGauge {
    /// A fetch failed. Answers whether the one before had not.
    pub(crate) fn fails(&self, problem: String) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).replace(problem).is_none()
    }

    /// A fetch succeeded. Answers whether the one before had not.
    pub(crate) fn works(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take().is_some()
    }

    fn problem(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stats_add_up_over_shards_and_activities() {
        let monitor = Monitor::new(2, UnknownOrchestrations::Wait);
        monitor.shards[0].publish(Stats { turns: 2, ..Stats::default() });
        monitor.shards[0].inbox_depth.store(1, Ordering::Relaxed);
        monitor.shards[1].publish(Stats { turns: 3, ..Stats::default() });
        monitor.activities.run.store(7, Ordering::Relaxed);
        assert_eq!(monitor.stats(), Stats { turns: 5, inbox_depth: 1, activities_run: 7, ..Stats::default() });
    }

    #[test]
    fn one_dead_loop_is_unhealthy() {
        let monitor = Monitor::new(2, UnknownOrchestrations::Wait);
        assert!(monitor.health().is_healthy());
        monitor.loop_died.store(true, Ordering::Relaxed);
        assert_eq!(monitor.health(), Health { storage_available: true, loops_alive: false });
        assert!(monitor.problem().unwrap().contains("thread"));
    }

    #[test]
    fn an_outage_of_storage_is_told_with_its_reason_and_begins_and_ends_once() {
        let monitor = Monitor::new(1, UnknownOrchestrations::Wait);
        assert!(monitor.storage.fails("the disk is full".to_owned()));
        assert!(!monitor.storage.fails("the disk is full".to_owned()));
        assert_eq!(monitor.problem().as_deref(), Some("storage is unavailable: the disk is full"));
        assert!(monitor.storage.works() && !monitor.storage.works());
        assert_eq!((monitor.problem(), monitor.health().is_healthy()), (None, true));
    }
}
