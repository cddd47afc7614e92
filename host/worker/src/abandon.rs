//! Giving work back to storage that does not take it at once.

use store::{WorkItem, WorkSource};
use tokio::sync::Semaphore;

use crate::backoff::Backoff;
use crate::{fields, limits};

/// Abandons a work item, for as long as it takes: nobody else can hand its messages out before, and an outage may last.
/// What bounds the work is the pause between two tries, and `gate`, through which only so many requests go at a time.
pub(crate) async fn give_back(source: &dyn WorkSource, work: WorkItem, gate: &Semaphore) {
    let mut attempt = 0_u32;
    loop {
        tokio::time::sleep(Backoff::STORAGE.before(attempt)).await;
        let abandoned = {
            let _permit = gate.acquire().await;
            source.abandon(work.clone()).await
        };
        match abandoned {
            Ok(()) => return,
            Err(error) if error.is_transient() => {
                attempt = attempt.saturating_add(1);
                if attempt == limits::ABANDON_ATTEMPTS_TOLD {
                    tracing::warn!(
                        { fields::INSTANCE_ID } = %work.instance_id,
                        { fields::MESSAGES } = work.messages.len(),
                        { fields::ERROR } = %error,
                        "messages could not be given back to storage yet; it is tried until storage takes them"
                    );
                }
            }
            Err(error) => {
                tracing::warn!(
                    { fields::INSTANCE_ID } = %work.instance_id,
                    { fields::MESSAGES } = work.messages.len(),
                    { fields::ERROR } = %error,
                    "messages could not be given back to storage; they return with a restart"
                );
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use async_trait::async_trait;
    use engine::{EngineRevision, InstanceId};
    use futures_util::future::join_all;
    use store::{CommitError, HeldReason, Outcome, Snapshot, StorageError, Token, TurnCommit, WorkItem, WorkSource};

    use super::*;

    /// Takes work back after so many failures.
    #[derive(Default)]
    struct Down {
        failures: usize,
        asked: AtomicUsize,
        at_once: AtomicUsize,
        most_at_once: AtomicUsize,
    }

    #[async_trait]
    impl WorkSource for Down {
        async fn abandon(&self, _: WorkItem) -> Result<(), StorageError> {
            let at_once = self.at_once.fetch_add(1, Ordering::SeqCst) + 1;
            self.most_at_once.fetch_max(at_once, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(10)).await;
            self.at_once.fetch_sub(1, Ordering::SeqCst);
            if self.asked.fetch_add(1, Ordering::SeqCst) < self.failures {
                return Err(StorageError::new("abandon", Outcome::NotDone, "down"));
            }
            Ok(())
        }

        async fn fetch(&self, _: usize) -> Result<Vec<WorkItem>, StorageError> {
            unreachable!()
        }

        fn engine_revision(&self) -> EngineRevision {
            EngineRevision::NEWEST
        }

        async fn load(&self, _: &InstanceId) -> Result<Option<Snapshot>, StorageError> {
            unreachable!()
        }

        async fn commit(&self, _: TurnCommit) -> Result<Token, CommitError> {
            unreachable!()
        }

        async fn hold(&self, _: &InstanceId, _: Token, _: HeldReason) -> Result<Token, CommitError> {
            unreachable!()
        }

        async fn shutdown(&self) -> Result<(), StorageError> {
            unreachable!()
        }
    }

    fn work() -> WorkItem {
        WorkItem { instance_id: InstanceId::new("a").unwrap(), messages: Vec::new() }
    }

    #[tokio::test(start_paused = true)]
    async fn work_is_given_back_however_long_storage_is_down() {
        let down = Down { failures: 500, ..Down::default() };
        let begun = tokio::time::Instant::now();
        give_back(&down, work(), &Semaphore::new(1)).await;
        assert_eq!(down.asked.load(Ordering::SeqCst), 501);
        assert!(begun.elapsed() > Duration::from_mins(15), "it is not asked all the time");
    }

    #[tokio::test(start_paused = true)]
    async fn only_so_much_is_given_back_at_once() {
        let down = Down { failures: 300, ..Down::default() };
        let gate = Semaphore::new(3);
        join_all((0..100).map(|_| give_back(&down, work(), &gate))).await;
        assert_eq!((down.asked.load(Ordering::SeqCst), down.most_at_once.load(Ordering::SeqCst)), (400, 3));
    }
}
