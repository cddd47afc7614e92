//! The backend as a whole.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use azure::{HubName, Medium};
use engine::{Digest, EngineRevision, EventId, InstanceId, Message};
use store::{
    ActivityQueue, Client, Clock, CommitError, ComponentRecord, Components, CreateError, CreateInstance, HeldReason,
    HistoryPage, InstanceError, InstanceFilter, InstancePage, InstanceRow, PurgeFilter, Snapshot, StorageError, Token,
    TurnCommit, WorkItem, WorkSource, kept_up, limits as store_limits,
};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::activities::AzureActivities;
use crate::core::Core;
use crate::partitions::Ownership;
use crate::{Options, pump, renewer};

/// One host's view of a task hub on Azure Storage. Dropping it is like a crash.
pub struct AzureBackend {
    core: Arc<Core>,
    /// Readers of the queues, and whoever keeps messages invisible; they end with this.
    _tasks: JoinSet<()>,
}

impl AzureBackend {
    /// From the first [`WorkSource::fetch`] on, reads the queues of the partitions that `ownership` says are this host's.
    /// Must be called on a tokio runtime. The hub must have been created.
    pub fn start(
        medium: Arc<dyn Medium>,
        hub: HubName,
        partitions: u8,
        ownership: Arc<dyn Ownership>,
        clock: Arc<dyn Clock>,
        options: Options,
    ) -> Self {
        let core = Core::new(medium, hub, partitions, ownership, clock, options);
        let mut tasks = JoinSet::new();
        for partition in 0..partitions {
            let core = Arc::clone(&core);
            tasks.spawn(kept_up("pump", move || pump::run(Arc::clone(&core), partition)));
        }
        let renewing = Arc::clone(&core);
        tasks.spawn(kept_up("renewer", move || renewer::run(Arc::clone(&renewing))));
        let watching = Arc::clone(&core);
        tasks.spawn(kept_up("leases", move || watch_leases(Arc::clone(&watching))));
        Self { core, _tasks: tasks }
    }

    /// How many messages of its control queues this host has received and not yet deleted, those that keep a wake-up
    /// included. Compare with the depth of the queues in [`crate::hub::status`].
    pub fn messages_received(&self) -> usize {
        self.core.dispatch.state().known()
    }
}

/// Passes on what the leases tell of storage.
async fn watch_leases(core: Arc<Core>) {
    let Some(mut failing) = core.ownership.failing() else { return };
    loop {
        let is_failing = *failing.borrow_and_update();
        core.health.set_leases_failing(is_failing);
        if failing.changed().await.is_err() {
            return;
        }
    }
}

impl Drop for AzureBackend {
    fn drop(&mut self) {
        self.core.stop();
    }
}

impl fmt::Debug for AzureBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AzureBackend").field("hub", &self.core.hub.as_str()).finish_non_exhaustive()
    }
}

#[async_trait]
impl WorkSource for AzureBackend {
    async fn fetch(&self, max: usize) -> Result<Vec<WorkItem>, StorageError> {
        let core = &self.core;
        if !core.serves.is_closed() {
            core.serves.close();
        }
        let max = max.clamp(1, store_limits::WORK_ITEMS_PER_FETCH_MAX);
        loop {
            // Created before looking: a change in between is not missed.
            let (changed, health_changed) = (core.dispatch.changed(), core.health.changed.notified());
            // That storage is available again is an answer without items.
            if !core.dispatch.state().is_shut_down()
                && let Some(news) = core.health.news()
            {
                return news.map(|()| Vec::new());
            }
            let (items, next_at, is_shut_down) = {
                let mut state = core.dispatch.state();
                let is_served = |partition| core.ownership.owns(partition);
                let items = state.take(max, core.now(), Instant::now(), is_served);
                (items, state.next_ready_at(is_served), state.is_shut_down())
            };
            if !items.is_empty() || is_shut_down {
                return Ok(items);
            }
            let due = async {
                match next_at {
                    Some(at) => core.clock.sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                () = changed => {}
                () = health_changed => {}
                () = due => {}
            }
        }
    }

    fn is_available(&self) -> bool {
        self.core.health.problem().is_none()
    }

    fn engine_revision(&self) -> EngineRevision {
        self.core.ownership.engine_revision()
    }

    async fn load(&self, instance_id: &InstanceId) -> Result<Option<Snapshot>, StorageError> {
        self.core.load(instance_id).await
    }

    async fn commit(&self, commit: TurnCommit) -> Result<Token, CommitError> {
        self.core.commit(commit).await
    }

    async fn abandon(&self, work: WorkItem) -> Result<(), StorageError> {
        self.core.check_open("abandon")?;
        let ready_at = self.core.now().saturating_add(store_limits::ABANDONED_REST);
        let ids: Vec<_> = work.messages.iter().map(|envelope| envelope.id).collect();
        self.core.dispatch.change(|state| state.given_back(&work.instance_id, &ids, ids.is_empty(), ready_at));
        Ok(())
    }

    async fn hold(&self, instance_id: &InstanceId, token: Token, reason: HeldReason) -> Result<Token, CommitError> {
        self.core.hold(instance_id, token, reason).await
    }

    async fn shutdown(&self) -> Result<(), StorageError> {
        self.core.shut_down().await;
        Ok(())
    }

    fn activity_queue(&self) -> Option<Arc<dyn ActivityQueue>> {
        Some(Arc::new(AzureActivities(Arc::clone(&self.core))))
    }
}

#[async_trait]
impl Client for AzureBackend {
    async fn create(&self, instance: CreateInstance) -> Result<(), CreateError> {
        self.core.create(instance).await
    }

    async fn send(&self, instance_id: &InstanceId, message: Message) -> Result<(), InstanceError> {
        self.core.send(instance_id, message).await
    }

    async fn get(&self, instance_id: &InstanceId) -> Result<Option<InstanceRow>, StorageError> {
        self.core.get(instance_id).await
    }

    async fn history(&self, instance_id: &InstanceId, from: EventId, max: usize) -> Result<HistoryPage, StorageError> {
        self.core.history(instance_id, from, max).await
    }

    async fn list(&self, filter: &InstanceFilter) -> Result<InstancePage, StorageError> {
        self.core.list(filter).await
    }

    async fn purge(&self, instance_id: &InstanceId) -> Result<(), InstanceError> {
        self.core.purge(instance_id).await
    }

    async fn purge_matching(&self, filter: &PurgeFilter) -> Result<u64, StorageError> {
        self.core.purge_matching(filter).await
    }

    async fn release(&self, instance_id: &InstanceId, component: Option<Digest>) -> Result<(), InstanceError> {
        self.core.release(instance_id, component).await
    }

    async fn changed(&self, instance_id: &InstanceId, seen: u64) -> Result<Option<InstanceRow>, StorageError> {
        self.core.changed(instance_id, seen).await
    }
}

#[async_trait]
impl Components for AzureBackend {
    async fn deploy(&self, record: ComponentRecord, bytes: Vec<u8>) -> Result<(), StorageError> {
        self.core.deploy(record, bytes).await
    }

    async fn components(&self) -> Result<Vec<ComponentRecord>, StorageError> {
        self.core.components().await
    }

    async fn component_bytes(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StorageError> {
        self.core.component_bytes(digest).await
    }
}
