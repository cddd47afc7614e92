//! What every operation of this backend has at hand.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use azure::{ETag, HubName, Medium};
use engine::{InstanceId, Timestamp};
use store::{Clock, InstanceRow, Outcome, StorageError};
use tokio::sync::Notify;
use tokio_util::task::TaskTracker;

use crate::activities::WorkItems;
use crate::backlog::Backlog;
use crate::dispatch::{Dispatch, Term};
use crate::health::Health;
use crate::layout::{keys, placement};
use crate::partitions::Ownership;
use crate::{Options, limits};

/// A row that this host's own client has just inserted.
pub(crate) type FreshRow = (Box<InstanceRow>, ETag);

/// Everything that the operations share.
pub(crate) struct Core {
    pub(crate) medium: Arc<dyn Medium>,
    pub(crate) hub: HubName,
    pub(crate) partitions: u8,
    pub(crate) ownership: Arc<dyn Ownership>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) options: Options,
    pub(crate) dispatch: Dispatch,
    pub(crate) work_items: WorkItems,
    pub(crate) backlog: Backlog,
    pub(crate) health: Health,
    /// Deletions that nobody waits for, but a shutdown.
    pub(crate) background: TaskTracker,
    me: Weak<Self>,
    /// Tells the process from every other, an earlier one of this host included.
    boot: String,
    sequence: AtomicU64,
    /// Commits of this process that ended without an answer.
    unfinished: Mutex<HashSet<String>>,
    /// By instance: read once, by the admission of its start.
    fresh: Mutex<HashMap<InstanceId, FreshRow>>,
    /// No revision that this process hands out to a new row is below.
    revision_floor: AtomicU64,
    last_order: AtomicU64,
    /// Something in some row was changed by this process.
    pub(crate) rows_changed: Notify,
    /// Whether a worker has asked for work. Before that, no message is taken: it would be invisible to other hosts while
    /// nobody here makes anything of it.
    ///
    /// Closed once it does. A semaphore wakes those that wait in their order, a watch channel in a random one.
    pub(crate) serves: tokio::sync::Semaphore,
    /// One for each control queue: this process has put something there.
    pub(crate) put: Vec<Notify>,
}

impl Core {
    pub(crate) fn new(
        medium: Arc<dyn Medium>,
        hub: HubName,
        partitions: u8,
        ownership: Arc<dyn Ownership>,
        clock: Arc<dyn Clock>,
        options: Options,
    ) -> Arc<Self> {
        Arc::new_cyclic(|me| Self {
            me: me.clone(),
            medium,
            hub,
            partitions,
            ownership,
            clock,
            options,
            dispatch: Dispatch::default(),
            work_items: WorkItems::default(),
            backlog: Backlog::default(),
            health: Health::default(),
            background: TaskTracker::new(),
            boot: boot(),
            sequence: AtomicU64::new(0),
            unfinished: Mutex::default(),
            fresh: Mutex::default(),
            revision_floor: AtomicU64::new(0),
            rows_changed: Notify::new(),
            serves: tokio::sync::Semaphore::new(0),
            put: (0..partitions).map(|_| Notify::new()).collect(),
            last_order: AtomicU64::new(0),
        })
    }

    /// For what goes on in the background; none while the backend is being dropped.
    pub(crate) fn shared(&self) -> Option<Arc<Self>> {
        self.me.upgrade()
    }

    /// Ends what waits, as in a crash.
    pub(crate) fn stop(&self) {
        self.dispatch.change(crate::dispatch::State::shut_down);
    }

    /// Hands out nothing any more, shows what is in hand to other hosts, and lets go of the partitions.
    pub(crate) async fn shut_down(&self) {
        self.stop();
        self.background.close();
        self.background.wait().await;
        for partition in 0..self.partitions {
            if self.ownership.owns(partition) {
                self.hand_back(partition).await;
            }
        }
        self.ownership.shutdown().await;
    }

    /// Orders deployments: later ones are greater, also within a millisecond.
    pub(crate) fn next_order(&self) -> u64 {
        let now = self.now().as_millis().saturating_mul(1_000);
        let after = |last: u64| Some(now.max(last + 1));
        let last = self.last_order.fetch_update(Ordering::Relaxed, Ordering::Relaxed, after).unwrap_or_default();
        now.max(last + 1)
    }

    pub(crate) fn partition_of(&self, instance_id: &InstanceId) -> u8 {
        placement::partition_of(instance_id.as_str(), self.partitions)
    }

    pub(crate) fn key_of(instance_id: &InstanceId) -> String {
        keys::escape(instance_id.as_str())
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A number that this process uses once.
    pub(crate) fn next_number(&self) -> u64 {
        self.sequence.fetch_add(1, Ordering::Relaxed)
    }

    /// A text that no process ever uses again.
    pub(crate) fn unique(&self) -> String {
        format!("{}-{:x}", self.boot, self.next_number())
    }

    /// Whether a commit was made by another process, or by this one but without an answer: then nobody here has seen
    /// to what follows the history.
    pub(crate) fn is_unseen(&self, commit: &str) -> bool {
        self.is_foreign(commit) || self.unfinished().contains(commit)
    }

    /// Whether another process made that commit.
    fn is_foreign(&self, commit: &str) -> bool {
        self.number_of(commit).is_none()
    }

    /// Whether what that commit consumed is not known here: another process made it, or this one, which has forgotten the
    /// partition since.
    pub(crate) fn is_of_earlier_term(&self, commit: &str, term: Term) -> bool {
        self.number_of(commit).is_none_or(|number| number < term.first_commit)
    }

    /// The number of a commit of this process.
    fn number_of(&self, commit: &str) -> Option<u64> {
        let number = commit.strip_prefix(&self.boot)?.strip_prefix('-')?;
        u64::from_str_radix(number, 16).ok()
    }

    pub(crate) fn set_unfinished(&self, commit: &str) {
        let mut unfinished = self.unfinished();
        // Forgetting one costs at most a message that nobody needs: its receiver recognises it.
        if unfinished.len() >= limits::UNFINISHED_MAX {
            unfinished.clear();
        }
        unfinished.insert(commit.to_owned());
    }

    pub(crate) fn set_finished(&self, commit: &str) {
        self.unfinished().remove(commit);
    }

    fn unfinished(&self) -> MutexGuard<'_, HashSet<String>> {
        self.unfinished.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps what this host's own client has inserted for the admission of its start.
    pub(crate) fn set_fresh(&self, instance_id: InstanceId, row: FreshRow) {
        let mut fresh = self.fresh.lock().unwrap_or_else(PoisonError::into_inner);
        // Forgetting them costs one request each.
        if fresh.len() >= limits::FRESH_ROWS_MAX {
            fresh.clear();
        }
        fresh.insert(instance_id, row);
    }

    pub(crate) fn take_fresh(&self, instance_id: &InstanceId) -> Option<FreshRow> {
        self.fresh.lock().unwrap_or_else(PoisonError::into_inner).remove(instance_id)
    }

    /// The revision of a new row: above that of any earlier one of the same id. Nothing is left of those, so it is the
    /// machine's time in microseconds, and nobody commits more than one turn in each.
    pub(crate) fn first_revision(&self) -> u64 {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = u64::try_from(since_epoch.as_micros()).unwrap_or_default();
        now.max(self.revision_floor.load(Ordering::Relaxed) + 1)
    }

    /// An instance of this revision was purged.
    pub(crate) fn raise_revision_floor(&self, revision: u64) {
        self.revision_floor.fetch_max(revision, Ordering::Relaxed);
    }

    /// Refuses what begins after the shutdown.
    pub(crate) fn check_open(&self, operation: &'static str) -> Result<(), StorageError> {
        if self.dispatch.state().is_shut_down() {
            return Err(StorageError::new(operation, Outcome::NotDone, "the backend has been shut down"));
        }
        Ok(())
    }

    /// Tells a control queue's reader in this process that there is something to read.
    pub(crate) fn notify_put(&self, partition: u8) {
        if let Some(notify) = self.put.get(usize::from(partition)) {
            notify.notify_one();
        }
    }

    /// Waits for that, at most for `pause`.
    pub(crate) async fn wait_for_put(&self, partition: u8, pause: Duration) {
        let Some(notify) = self.put.get(usize::from(partition)) else { return };
        let _ = tokio::time::timeout(pause, notify.notified()).await;
    }
}

/// 64 random bits and the process id: enough to tell a few million processes apart.
fn boot() -> String {
    format!("{:016x}{:08x}", fastrand::u64(..), std::process::id())
}
