//! A backend with faults in front of it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use engine::InstanceId;
use store::{
    CommitError, HeldReason, MemoryBackend, Outcome, Snapshot, StorageError, Token, TurnCommit, WorkItem, WorkSource,
};
use tokio::sync::Semaphore;

/// What happens to one commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is done, but its reply is lost.
    LostReply,
    /// It is not done, and nobody can tell.
    LostRequest,
    /// It is refused for now.
    NotDone,
    /// It is refused for good.
    Permanent,
}

/// Passes everything on to a memory backend, but for what a test tells it.
#[derive(Debug)]
pub(crate) struct FaultySource {
    pub(crate) inner: Arc<MemoryBackend>,
    /// Faults of the next commits that are not `None`.
    commit_faults: Mutex<VecDeque<Option<Fault>>>,
    /// Every commit waits for a permit, if set.
    commit_gate: Mutex<Option<Arc<Semaphore>>>,
    /// Fetches fail while this is set.
    pub(crate) is_down: AtomicBool,
    pub(crate) fetches_failed: AtomicUsize,
    pub(crate) fetched: AtomicUsize,
    pub(crate) loads: AtomicUsize,
    pub(crate) commits: Mutex<Vec<TurnCommit>>,
    pub(crate) abandoned: Mutex<Vec<WorkItem>>,
}

impl FaultySource {
    pub(crate) fn new(inner: Arc<MemoryBackend>) -> Self {
        Self {
            inner,
            commit_faults: Mutex::default(),
            commit_gate: Mutex::default(),
            is_down: AtomicBool::default(),
            fetches_failed: AtomicUsize::default(),
            fetched: AtomicUsize::default(),
            loads: AtomicUsize::default(),
            commits: Mutex::default(),
            abandoned: Mutex::default(),
        }
    }

    /// What happens to the next commits, in order.
    pub(crate) fn fail_commits(&self, faults: impl IntoIterator<Item = Option<Fault>>) {
        self.commit_faults.lock().unwrap().extend(faults);
    }

    /// From now on every commit waits for a permit.
    pub(crate) fn gate_commits(&self) -> Arc<Semaphore> {
        let gate = Arc::new(Semaphore::new(0));
        *self.commit_gate.lock().unwrap() = Some(Arc::clone(&gate));
        gate
    }

    pub(crate) fn commits_of(&self, instance: &str) -> usize {
        self.commits.lock().unwrap().iter().filter(|commit| commit.instance_id.as_str() == instance).count()
    }
}

fn failed(operation: &'static str, outcome: Outcome) -> StorageError {
    StorageError::new(operation, outcome, "injected")
}

#[async_trait]
impl WorkSource for FaultySource {
    async fn fetch(&self, max: usize) -> Result<Vec<WorkItem>, StorageError> {
        if self.is_down.load(Ordering::SeqCst) {
            self.fetches_failed.fetch_add(1, Ordering::SeqCst);
            return Err(failed("fetch", Outcome::NotDone));
        }
        let items = self.inner.fetch(max).await?;
        self.fetched.fetch_add(items.len(), Ordering::SeqCst);
        Ok(items)
    }

    async fn load(&self, instance_id: &InstanceId) -> Result<Option<Snapshot>, StorageError> {
        self.loads.fetch_add(1, Ordering::SeqCst);
        self.inner.load(instance_id).await
    }

    async fn commit(&self, commit: TurnCommit) -> Result<Token, CommitError> {
        self.commits.lock().unwrap().push(commit.clone());
        let gate = self.commit_gate.lock().unwrap().clone();
        if let Some(gate) = gate {
            gate.acquire().await.unwrap().forget();
        }
        let fault = self.commit_faults.lock().unwrap().pop_front().flatten();
        match fault {
            None => self.inner.commit(commit).await,
            Some(Fault::LostReply) => {
                self.inner.commit(commit).await?;
                Err(failed("commit", Outcome::Unknown).into())
            }
            Some(Fault::LostRequest) => Err(failed("commit", Outcome::Unknown).into()),
            Some(Fault::NotDone) => Err(failed("commit", Outcome::NotDone).into()),
            Some(Fault::Permanent) => Err(failed("commit", Outcome::Permanent).into()),
        }
    }

    async fn abandon(&self, work: WorkItem) -> Result<(), StorageError> {
        self.abandoned.lock().unwrap().push(work.clone());
        self.inner.abandon(work).await
    }

    async fn hold(&self, instance_id: &InstanceId, token: Token, reason: HeldReason) -> Result<Token, CommitError> {
        self.inner.hold(instance_id, token, reason).await
    }

    async fn shutdown(&self) -> Result<(), StorageError> {
        self.inner.shutdown().await
    }
}
