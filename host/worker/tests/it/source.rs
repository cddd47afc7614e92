//! A backend with faults in front of it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use engine::{EngineRevision, InstanceId, Message};
use store::{
    ActivityQueue, CommitError, HeldReason, MemoryBackend, OfferedActivity, Outcome, Snapshot, StorageError,
    TakenActivity, TakenId, Token, TurnCommit, WorkItem, WorkSource,
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
    /// The backend panics.
    Panic,
}

/// Passes everything on to a memory backend, but for what a test tells it.
#[derive(Debug)]
pub(crate) struct FaultySource {
    pub(crate) inner: Arc<MemoryBackend>,
    /// Faults of the next commits that are not `None`.
    commit_faults: Mutex<VecDeque<Option<Fault>>>,
    /// Whether shards poll commits themselves.
    pub(crate) commits_elsewhere: AtomicBool,
    /// Every commit waits for a permit, if set.
    commit_gate: Mutex<Option<Arc<Semaphore>>>,
    /// Fetches fail while this is set.
    pub(crate) is_down: AtomicBool,
    /// Work comes from memory, and storage is down, while this is set.
    pub(crate) works_from_memory: AtomicBool,
    pub(crate) fetches_failed: AtomicUsize,
    /// So many of the next fetches panic.
    pub(crate) fetch_panics: AtomicUsize,
    pub(crate) fetched: AtomicUsize,
    pub(crate) loads: AtomicUsize,
    pub(crate) commits: Mutex<Vec<TurnCommit>>,
    pub(crate) abandoned: Mutex<Vec<WorkItem>>,
    pub(crate) queue_faults: Arc<QueueFaults>,
}

/// What goes wrong with activities that hosts leave for each other.
#[derive(Debug, Default)]
pub(crate) struct QueueFaults {
    /// Offers fail while this is set.
    pub(crate) offers_fail: AtomicBool,
    /// So many of the next results are not delivered.
    pub(crate) finishes_fail: AtomicUsize,
}

impl FaultySource {
    pub(crate) fn new(inner: Arc<MemoryBackend>) -> Self {
        Self {
            inner,
            commit_faults: Mutex::default(),
            commits_elsewhere: AtomicBool::default(),
            commit_gate: Mutex::default(),
            is_down: AtomicBool::default(),
            works_from_memory: AtomicBool::default(),
            fetches_failed: AtomicUsize::default(),
            fetch_panics: AtomicUsize::default(),
            fetched: AtomicUsize::default(),
            loads: AtomicUsize::default(),
            commits: Mutex::default(),
            abandoned: Mutex::default(),
            queue_faults: Arc::default(),
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
        let panics = self.fetch_panics.load(Ordering::SeqCst);
        if panics > 0 {
            self.fetch_panics.store(panics - 1, Ordering::SeqCst);
            panic!("the fetch panics");
        }
        if self.is_down.load(Ordering::SeqCst) {
            self.fetches_failed.fetch_add(1, Ordering::SeqCst);
            return Err(failed("fetch", Outcome::NotDone));
        }
        let items = self.inner.fetch(max).await?;
        self.fetched.fetch_add(items.len(), Ordering::SeqCst);
        Ok(items)
    }

    fn is_available(&self) -> bool {
        !self.works_from_memory.load(Ordering::SeqCst)
    }

    fn engine_revision(&self) -> EngineRevision {
        self.inner.engine_revision()
    }

    async fn load(&self, instance_id: &InstanceId) -> Result<Option<Snapshot>, StorageError> {
        self.loads.fetch_add(1, Ordering::SeqCst);
        self.inner.load(instance_id).await
    }

    fn commits_elsewhere(&self) -> bool {
        self.commits_elsewhere.load(Ordering::SeqCst)
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
            Some(Fault::Panic) => panic!("on purpose"),
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

    fn activity_queue(&self) -> Option<Arc<dyn ActivityQueue>> {
        let inner = self.inner.activity_queue()?;
        Some(Arc::new(FaultyQueue { inner, faults: Arc::clone(&self.queue_faults) }))
    }

    async fn shutdown(&self) -> Result<(), StorageError> {
        self.inner.shutdown().await
    }
}

/// A queue with faults in front of it.
struct FaultyQueue {
    inner: Arc<dyn ActivityQueue>,
    faults: Arc<QueueFaults>,
}

#[async_trait]
impl ActivityQueue for FaultyQueue {
    async fn offer(&self, activity: OfferedActivity) -> Result<(), StorageError> {
        if self.faults.offers_fail.load(Ordering::SeqCst) {
            return Err(failed("offer", Outcome::NotDone));
        }
        self.inner.offer(activity).await
    }

    async fn take(&self, max: usize) -> Result<Vec<TakenActivity>, StorageError> {
        self.inner.take(max).await
    }

    async fn finish(&self, id: TakenId, result: Message) -> Result<(), StorageError> {
        let less = |failures: usize| failures.checked_sub(1);
        if self.faults.finishes_fail.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok() {
            return Err(failed("finish", Outcome::Unknown));
        }
        self.inner.finish(id, result).await
    }

    async fn give_back(&self, id: TakenId) -> Result<(), StorageError> {
        self.inner.give_back(id).await
    }
}

/// The same hub for a host that owns none of its instances.
#[derive(Debug)]
pub(crate) struct Helper(pub(crate) Arc<FaultySource>);

#[async_trait]
impl WorkSource for Helper {
    async fn fetch(&self, _: usize) -> Result<Vec<WorkItem>, StorageError> {
        std::future::pending().await
    }

    fn engine_revision(&self) -> EngineRevision {
        self.0.engine_revision()
    }

    async fn load(&self, instance_id: &InstanceId) -> Result<Option<Snapshot>, StorageError> {
        panic!("{instance_id} was loaded")
    }

    async fn commit(&self, commit: TurnCommit) -> Result<Token, CommitError> {
        Err(CommitError::NotOwned { instance_id: commit.instance_id })
    }

    async fn abandon(&self, _: WorkItem) -> Result<(), StorageError> {
        Ok(())
    }

    async fn hold(&self, instance_id: &InstanceId, _: Token, _: HeldReason) -> Result<Token, CommitError> {
        Err(CommitError::NotOwned { instance_id: instance_id.clone() })
    }

    fn activity_queue(&self) -> Option<Arc<dyn ActivityQueue>> {
        self.0.activity_queue()
    }

    /// The hub goes on.
    async fn shutdown(&self) -> Result<(), StorageError> {
        Ok(())
    }
}
