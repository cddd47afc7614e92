//! Fetches work and hands it to the shards.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures_util::FutureExt as _;
use futures_util::future::join_all;
use store::{Outcome, StorageError, WorkItem, WorkSource, limits::WORK_ITEMS_PER_FETCH_MAX, panic_text};
use tokio::sync::{Semaphore, mpsc, watch};

use crate::abandon::give_back;
use crate::backoff::Backoff;
use crate::routing::shard_of;
use crate::{Monitor, fields, limits};

/// One loop for all shards. A shard whose inbox is full stops it: that is how load reaches the backend's queue.
pub(crate) struct FetchLoop {
    pub(crate) source: Arc<dyn WorkSource>,
    pub(crate) shards: Vec<mpsc::Sender<WorkItem>>,
    pub(crate) monitor: Monitor,
}

impl FetchLoop {
    /// Runs until `stop` says so, and gives back what no shard has taken. When the sender of `stop` is dropped, it ends
    /// without that.
    pub(crate) async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut failures = 0;
        let mut empties = 0;
        loop {
            let fetched = tokio::select! {
                biased;
                _ = stop.changed() => return,
                fetched = self.fetch() => fetched,
            };
            let pause = match fetched {
                Ok(items) => {
                    if self.source.is_available() {
                        self.available(&mut failures);
                    }
                    empties = if items.is_empty() { empties + 1 } else { 0 };
                    if let Err(left) = self.route(items, &mut stop).await {
                        if *stop.borrow() {
                            self.give_back(left).await;
                        }
                        return;
                    }
                    Backoff::EMPTY_FETCH.before(empties)
                }
                Err(error) => {
                    self.unavailable(&mut failures, &error);
                    Backoff::STORAGE.before(failures)
                }
            };
            if !pause.is_zero() {
                tokio::select! {
                    biased;
                    _ = stop.changed() => return,
                    () = tokio::time::sleep(pause) => {}
                }
            }
        }
    }

    /// A panic of the backend is a failure of it: the next fetch may succeed.
    async fn fetch(&self) -> Result<Vec<WorkItem>, StorageError> {
        AssertUnwindSafe(self.source.fetch(WORK_ITEMS_PER_FETCH_MAX)).catch_unwind().await.unwrap_or_else(|panic| {
            self.monitor.panics.fetch_add(1, Ordering::Relaxed);
            let problem = format!("the host panicked: {}", panic_text(&*panic));
            Err(StorageError { operation: "fetch", outcome: Outcome::Unknown, source: problem.into() })
        })
    }

    /// Hands items to their shards; answers with those that are left when it is told to stop, or a shard is gone.
    async fn route(&self, items: Vec<WorkItem>, stop: &mut watch::Receiver<bool>) -> Result<(), Vec<WorkItem>> {
        let mut items = items.into_iter();
        while let Some(item) = items.next() {
            let index = shard_of(&item.instance_id, self.shards.len());
            let shard = &self.shards[index];
            let permit = tokio::select! {
                biased;
                permit = shard.reserve() => permit.ok(),
                _ = stop.changed() => None,
            };
            match permit {
                Some(permit) => {
                    self.monitor.shards[index].inbox_depth.fetch_add(1, Ordering::Relaxed);
                    permit.send(item);
                }
                None => return Err(std::iter::once(item).chain(items).collect()),
            }
        }
        Ok(())
    }

    async fn give_back(&self, items: Vec<WorkItem>) {
        let gate = Semaphore::new(limits::ABANDONS_AT_ONCE_MAX);
        let given_back = join_all(items.into_iter().map(|item| give_back(&*self.source, item, &gate)));
        if tokio::time::timeout(limits::GIVE_BACK_MAX, given_back).await.is_err() {
            tracing::warn!("messages could not be given back before the shutdown; they return with a restart");
        }
    }

    fn unavailable(&self, failures: &mut u32, error: &StorageError) {
        *failures = failures.saturating_add(1);
        if self.monitor.storage.fails(error.source.to_string()) {
            tracing::error!({ fields::ERROR } = %error, cause = %error.source, "storage is unavailable");
        }
    }

    fn available(&self, failures: &mut u32) {
        if self.monitor.storage.works() {
            tracing::info!(failed_fetches = *failures, "storage is available again");
        }
        *failures = 0;
    }
}
