//! The reference backend, in memory: one lock around plain maps.

mod activities;
mod hand_out;
mod hub;
mod instance;
mod messages;
mod queries;
mod turns;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use engine::{Digest, EngineRevision, EventId, InstanceId, Message};
use tokio::sync::Notify;

use self::activities::Activities;
use self::hub::Hub;
use crate::{
    ActivityQueue, Client, Clock, CommitError, ComponentRecord, Components, CreateError, CreateInstance, HeldReason,
    HistoryPage, InstanceError, InstanceFilter, InstancePage, InstanceRow, Outcome, PurgeFilter, Snapshot,
    StorageError, Token, TurnCommit, WorkItem, WorkSource, limits,
};

/// A backend that forgets everything when it is dropped. Deterministic as far as its clock is.
///
/// Work is handed out in the order in which instances became ready. Several workers may fetch from one.
pub struct MemoryBackend {
    shared: Arc<Shared>,
    has_activity_queue: bool,
}

/// The hub, and what tells of its changes.
struct Shared {
    clock: Arc<dyn Clock>,
    hub: Mutex<Hub>,
    changed: Notify,
}

impl MemoryBackend {
    /// An empty task hub.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self::over(Hub::new(limits::BACKLOG_MESSAGES_MAX), clock)
    }

    /// The same with another limit than [`limits::BACKLOG_MESSAGES_MAX`].
    #[must_use]
    pub fn with_backlog_messages_max(self, backlog_messages_max: usize) -> Self {
        self.shared.hub().backlog_messages_max = backlog_messages_max;
        self
    }

    /// The same with a [`WorkSource::activity_queue`], for workers that share it.
    #[must_use]
    pub fn with_activity_queue(self) -> Self {
        Self { has_activity_queue: true, ..self }
    }

    /// A backend over a copy of what is stored in this one, as after a restart of the process. This one is shut down.
    #[must_use]
    pub fn restart(&self) -> Self {
        let hub = self.shared.hub().restart();
        self.shared.changed.notify_waiters();
        Self { has_activity_queue: self.has_activity_queue, ..Self::over(hub, self.shared.clock.clone()) }
    }

    fn over(hub: Hub, clock: Arc<dyn Clock>) -> Self {
        let shared = Shared { clock, hub: Mutex::new(hub), changed: Notify::new() };
        Self { shared: Arc::new(shared), has_activity_queue: false }
    }
}

impl Shared {
    /// Changes are made in one go under this lock, and nothing in there panics between two of them.
    fn hub(&self) -> MutexGuard<'_, Hub> {
        self.hub.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open_hub(&self, operation: &'static str) -> Result<MutexGuard<'_, Hub>, StorageError> {
        let hub = self.hub();
        if hub.is_shut_down {
            return Err(StorageError::new(operation, Outcome::NotDone, "the backend has been shut down"));
        }
        Ok(hub)
    }

    /// Changes the hub and tells whoever waits for changes, of rows or of work.
    fn change<T, E: From<StorageError>>(
        &self,
        operation: &'static str,
        change: impl FnOnce(&mut Hub) -> Result<T, E>,
    ) -> Result<T, E> {
        let answer = change(&mut *self.open_hub(operation)?);
        self.changed.notify_waiters();
        answer
    }
}

impl fmt::Debug for MemoryBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryBackend").finish_non_exhaustive()
    }
}

#[async_trait]
impl WorkSource for MemoryBackend {
    async fn fetch(&self, max: usize) -> Result<Vec<WorkItem>, StorageError> {
        let max = max.clamp(1, limits::WORK_ITEMS_PER_FETCH_MAX);
        loop {
            // Created before looking: a change in between is not missed.
            let changed = self.shared.changed.notified();
            let next_at = {
                let mut hub = self.shared.hub();
                let items = hub.take_ready(max, self.shared.clock.now());
                if !items.is_empty() || hub.is_shut_down {
                    return Ok(items);
                }
                hub.next_ready_at()
            };
            match next_at {
                Some(at) => tokio::select! {
                    () = changed => (),
                    () = self.shared.clock.sleep_until(at) => (),
                },
                None => changed.await,
            }
        }
    }

    fn engine_revision(&self) -> EngineRevision {
        EngineRevision::NEWEST
    }

    async fn load(&self, instance_id: &InstanceId) -> Result<Option<Snapshot>, StorageError> {
        let hub = self.shared.open_hub("load")?;
        Ok(hub.instances.get(instance_id).map(|instance| Snapshot {
            token: instance.token(),
            row: instance.row.clone(),
            history: instance.history.clone(),
            damage: None,
            taken_in: Vec::new(),
            is_unfinished: false,
        }))
    }

    async fn commit(&self, commit: TurnCommit) -> Result<Token, CommitError> {
        let now = self.shared.clock.now();
        self.shared.change("commit", |hub| hub.commit(commit, now))
    }

    /// Done at once.
    fn commits_elsewhere(&self) -> bool {
        true
    }

    async fn abandon(&self, work: WorkItem) -> Result<(), StorageError> {
        let ready_at = self.shared.clock.now().saturating_add(limits::ABANDONED_REST);
        self.shared.change("abandon", |hub| {
            hub.give_back(&work.instance_id, work.messages.iter().map(|envelope| envelope.id), ready_at);
            Ok(())
        })
    }

    async fn hold(&self, instance_id: &InstanceId, token: Token, reason: HeldReason) -> Result<Token, CommitError> {
        self.shared.change("hold", |hub| hub.hold(instance_id, token, reason))
    }

    fn activity_queue(&self) -> Option<Arc<dyn ActivityQueue>> {
        self.has_activity_queue.then(|| Arc::new(Activities(Arc::clone(&self.shared))) as Arc<dyn ActivityQueue>)
    }

    async fn shutdown(&self) -> Result<(), StorageError> {
        self.shared.hub().is_shut_down = true;
        self.shared.changed.notify_waiters();
        Ok(())
    }
}

#[async_trait]
impl Client for MemoryBackend {
    async fn create(&self, instance: CreateInstance) -> Result<(), CreateError> {
        self.shared.change("create", |hub| hub.create(instance))
    }

    async fn send(&self, instance_id: &InstanceId, message: Message) -> Result<(), InstanceError> {
        self.shared.change("send", |hub| hub.send(instance_id, message))
    }

    async fn get(&self, instance_id: &InstanceId) -> Result<Option<InstanceRow>, StorageError> {
        let hub = self.shared.open_hub("get")?;
        Ok(hub.instances.get(instance_id).map(|instance| instance.row.clone()))
    }

    async fn history(&self, instance_id: &InstanceId, from: EventId, max: usize) -> Result<HistoryPage, StorageError> {
        let hub = self.shared.open_hub("history")?;
        let events = hub.instances.get(instance_id).map(|instance| instance.history.as_slice()).unwrap_or_default();
        Ok(HistoryPage::cut(events.iter().cloned(), from, max))
    }

    async fn list(&self, filter: &InstanceFilter) -> Result<InstancePage, StorageError> {
        self.shared.open_hub("list")?.list(filter)
    }

    async fn purge(&self, instance_id: &InstanceId) -> Result<(), InstanceError> {
        self.shared.change("purge", |hub| hub.purge(instance_id))
    }

    async fn purge_matching(&self, filter: &PurgeFilter) -> Result<u64, StorageError> {
        self.shared.change("purge_matching", |hub| Ok(hub.purge_matching(filter)))
    }

    async fn release(&self, instance_id: &InstanceId, component: Option<Digest>) -> Result<(), InstanceError> {
        self.shared.change("release", |hub| hub.release(instance_id, component))
    }

    async fn changed(&self, instance_id: &InstanceId, seen: u64) -> Result<Option<InstanceRow>, StorageError> {
        loop {
            let changed = self.shared.changed.notified();
            let row = self.get(instance_id).await?;
            if row.as_ref().is_none_or(|row| row.revision > seen) {
                return Ok(row);
            }
            changed.await;
        }
    }
}

#[async_trait]
impl Components for MemoryBackend {
    async fn deploy(&self, record: ComponentRecord, bytes: Vec<u8>) -> Result<(), StorageError> {
        self.shared.change("deploy", |hub| hub.deploy(record, bytes))
    }

    async fn components(&self) -> Result<Vec<ComponentRecord>, StorageError> {
        let hub = self.shared.open_hub("components")?;
        Ok(hub.components.iter().rev().map(|(record, _)| record.clone()).collect())
    }

    async fn component_bytes(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StorageError> {
        let hub = self.shared.open_hub("component_bytes")?;
        Ok(hub.components.iter().find(|(record, _)| record.digest == *digest).map(|(_, bytes)| bytes.clone()))
    }
}
