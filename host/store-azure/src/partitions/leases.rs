//! Leases kept by a task of their own.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use azure::{Error, Medium};
use engine::EngineRevision;
use store::{Clock, kept_up};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::book::{Book, News, Terms};
use super::pass::{self, Passed};
use super::{Hold, LeaseOptions, Ownership};
use crate::{limits, steady};

/// Leases partitions for one host, as long as it lives. Dropped without [`shutdown`](Ownership::shutdown) it leaves its
/// rows as they are, and they lapse.
pub struct Leases {
    inner: Arc<Inner>,
    /// Looks and acts.
    lane: Mutex<Option<JoinHandle<()>>>,
    /// Tells the others in this process when a lease is over, even while a request hangs.
    guard: JoinHandle<()>,
}

pub(super) struct Inner {
    pub(super) medium: Arc<dyn Medium>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) options: LeaseOptions,
    /// What rows call this host.
    pub(super) id: String,
    book: Mutex<Book>,
    changed: watch::Sender<u64>,
    /// Something is held otherwise: a lease may be over at another time.
    held: Notify,
    /// There is a reason to look before the time.
    look: Notify,
    is_leaving: AtomicBool,
    /// The newest engine revision that all hosts know, by the latest look.
    shared_revision: AtomicU32,
    /// The latest looks have failed.
    failing: watch::Sender<bool>,
}

impl Leases {
    /// Begins to lease. Must be called in a tokio runtime with time enabled.
    ///
    /// No request of leases waits for another of this host unless `medium` makes it wait: give it one of its own.
    /// Storage that cannot be reached, or a hub that does not exist yet, is waited for.
    pub fn start(medium: Arc<dyn Medium>, clock: Arc<dyn Clock>, options: LeaseOptions) -> Self {
        // A host of the same name, be it this one before a restart, must not take the rows for its own.
        let id = format!("{}-{:016x}", options.host, fastrand::u64(..));
        let LeaseOptions { interval, renew_every, drain_max, .. } = options;
        let inner = Arc::new(Inner {
            medium,
            clock,
            options,
            id,
            book: Mutex::new(Book::new(Terms { interval, renew_every, drain_max })),
            changed: watch::Sender::new(0),
            held: Notify::new(),
            look: Notify::new(),
            is_leaving: AtomicBool::new(false),
            shared_revision: AtomicU32::new(EngineRevision::OLDEST.0),
            failing: watch::Sender::new(false),
        });
        let (leasing, guarding) = (inner.clone(), inner.clone());
        let lane = tokio::spawn(kept_up("lease lane", move || lane(leasing.clone())));
        let guard = tokio::spawn(kept_up("lease guard", move || guard(guarding.clone())));
        Self { inner, lane: Mutex::new(Some(lane)), guard }
    }

    /// What rows call this host.
    pub fn host_id(&self) -> &str {
        &self.inner.id
    }

    fn take_lane(&self) -> Option<JoinHandle<()>> {
        self.lane.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

#[async_trait]
impl Ownership for Leases {
    fn owns(&self, partition: u8) -> bool {
        self.inner.book().owns(partition, Instant::now())
    }

    fn state(&self) -> BTreeMap<u8, Hold> {
        self.inner.book().state()
    }

    fn engine_revision(&self) -> EngineRevision {
        EngineRevision(self.inner.shared_revision.load(Ordering::Relaxed))
    }

    fn changed(&self) -> watch::Receiver<u64> {
        self.inner.changed.subscribe()
    }

    fn failing(&self) -> Option<watch::Receiver<bool>> {
        Some(self.inner.failing.subscribe())
    }

    fn drained(&self, partition: u8) {
        if self.inner.book().drained(partition) {
            self.inner.look.notify_one();
        }
    }

    async fn shutdown(&self) {
        self.inner.change(|book, news| news.extend(book.close()));
        self.inner.is_leaving.store(true, Ordering::SeqCst);
        self.inner.look.notify_one();
        let Some(mut lane) = self.take_lane() else { return };
        // It may be in the middle of a look.
        let patience = self.inner.options.pass_max + self.inner.options.shutdown_max;
        if timeout(patience, &mut lane).await.is_err() {
            lane.abort();
        }
        self.guard.abort();
    }
}

impl Drop for Leases {
    fn drop(&mut self) {
        if let Some(lane) = self.take_lane() {
            lane.abort();
        }
        self.guard.abort();
    }
}

impl fmt::Debug for Leases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Leases").field("id", &self.inner.id).field("book", &*self.inner.book()).finish_non_exhaustive()
    }
}

impl Inner {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes what is held, and tells whoever listens.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut Book, &mut Vec<(u8, News)>) -> T) -> T {
        let mut news = Vec::new();
        let answer = change(&mut self.book(), &mut news);
        if !news.is_empty() {
            self.changed.send_modify(|version| *version += 1);
            self.held.notify_one();
        }
        for (partition, news) in news {
            report(partition, news);
        }
        answer
    }

    /// Takes note of what all hosts know, and says so when that has changed.
    pub(super) fn share_revision(&self, shared: EngineRevision) {
        let before = EngineRevision(self.shared_revision.swap(shared.0, Ordering::Relaxed));
        let known = self.options.engine_revision;
        if before != shared && shared < known {
            tracing::info!(%shared, %known, "an older host shares the task hub: new executions follow the rules that it knows");
        } else if before != shared {
            tracing::info!(%shared, "every host of the task hub knows these rules: new executions follow them");
        }
    }

    pub(super) fn partition_of(&self, queue: &str) -> Option<u8> {
        let index = self.options.queues.iter().position(|known| known == queue)?;
        u8::try_from(index).ok()
    }

    fn set_failing(&self, is_failing: bool) {
        self.failing.send_if_modified(|was_failing| std::mem::replace(was_failing, is_failing) != is_failing);
    }

    fn is_leaving(&self) -> bool {
        self.is_leaving.load(Ordering::SeqCst)
    }

    /// How long to wait before the next look.
    fn pause(&self, passed: Passed) -> Duration {
        let longest = if passed.is_moving { self.options.look_again } else { self.options.renew_every };
        // Hosts that were started together do not stay in step.
        let pause = longest.mul_f64(0.9 + fastrand::f64() / 10.0);
        let drain_end = self.book().next_drain_end().map(|end| end.saturating_duration_since(Instant::now()));
        drain_end.map_or(pause, |left| left.min(pause))
    }
}

fn report(partition: u8, news: News) {
    match news {
        News::Acquired => tracing::info!(partition, "partition acquired"),
        News::Draining => tracing::debug!(partition, "partition is wanted by another host; draining"),
        News::Released => tracing::info!(partition, "partition released"),
        News::Lost => tracing::warn!(partition, "partition lost to another host"),
        News::Fenced => tracing::warn!(partition, "partition fenced: its lease is over and could not be renewed"),
    }
}

/// Looks at the rows until the host leaves.
async fn lane(inner: Arc<Inner>) {
    let mut failures = 0_u32;
    let mut conflicts = 0_u32;
    while !inner.is_leaving() {
        let passed = timeout(inner.options.pass_max, pass::pass(&inner)).await;
        let passed = passed.unwrap_or_else(|_| Err(Error::Ambiguous("no answer in time".to_owned())));
        let pause = match passed {
            Ok(passed) => {
                if failures > 0 {
                    tracing::info!(failures, "partition leases are kept again");
                }
                failures = 0;
                inner.set_failing(false);
                conflicts = if passed.has_conflict { conflicts + 1 } else { 0 };
                match conflicts {
                    0 => inner.pause(passed),
                    // Somebody else was faster: look at once, but not in a tight loop.
                    1..=limits::LEASE_CONFLICTS_MAX => steady::back_off(0),
                    _ => inner.options.look_again,
                }
            }
            Err(error) => {
                if failures == 0 {
                    tracing::warn!(%error, "partition leases cannot be kept; trying again");
                }
                failures += 1;
                // One alone may be a connection that was cut.
                inner.set_failing(failures > 1);
                steady::back_off(failures)
            }
        };
        tokio::select! {
            biased;
            () = inner.look.notified() => {}
            () = sleep(pause) => {}
        }
    }
    let left = timeout(inner.options.shutdown_max, leave(&inner)).await;
    if left.is_err() {
        tracing::warn!("partitions could not be released in time; they lapse");
    }
}

/// Tries until nothing is left.
async fn leave(inner: &Inner) {
    let mut attempt = 0;
    while !matches!(pass::leave(inner).await, Ok(true)) {
        sleep(steady::back_off(attempt)).await;
        attempt = attempt.saturating_add(1);
    }
}

/// Drops leases when they are over.
async fn guard(inner: Arc<Inner>) {
    loop {
        let next = inner.book().next_fence();
        let over = async {
            match next {
                Some(next) => sleep_until(next).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = over => inner.change(|book, news| news.extend(book.fence(Instant::now()))),
            () = inner.held.notified() => {}
        }
    }
}
