//! A storage that outlives the worker on it.

use std::sync::Arc;

use async_trait::async_trait;
use engine::{EngineRevision, InstanceId};
use store::{
    ActivityQueue, Backend, CommitError, HeldReason, Snapshot, StorageError, Token, TurnCommit, WorkItem, WorkSource,
};

/// The same, but a worker that stops does not shut it: what is in memory stays for the next worker.
pub(super) struct Kept(pub(super) Arc<dyn Backend>);

#[async_trait]
impl WorkSource for Kept {
    async fn fetch(&self, max: usize) -> Result<Vec<WorkItem>, StorageError> {
        self.0.fetch(max).await
    }

    fn is_available(&self) -> bool {
        self.0.is_available()
    }

    fn engine_revision(&self) -> EngineRevision {
        self.0.engine_revision()
    }

    async fn load(&self, instance_id: &InstanceId) -> Result<Option<Snapshot>, StorageError> {
        self.0.load(instance_id).await
    }

    async fn commit(&self, commit: TurnCommit) -> Result<Token, CommitError> {
        self.0.commit(commit).await
    }

    async fn abandon(&self, work: WorkItem) -> Result<(), StorageError> {
        self.0.abandon(work).await
    }

    async fn hold(&self, instance_id: &InstanceId, token: Token, reason: HeldReason) -> Result<Token, CommitError> {
        self.0.hold(instance_id, token, reason).await
    }

    fn activity_queue(&self) -> Option<Arc<dyn ActivityQueue>> {
        self.0.activity_queue()
    }

    async fn shutdown(&self) -> Result<(), StorageError> {
        Ok(())
    }
}
