//! What the API needs of whoever put the host together, to tell how it is.

use async_trait::async_trait;
use serde_json::Value;
use store::StorageError;

use crate::dto::WorkerStatus;

/// What is known of a host and its task hub.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HubFacts {
    /// The kind of storage, as `--store` has it.
    pub store: String,
    /// The task hub's name; none where the storage is the hub.
    pub hub: Option<String>,
    /// What the worker has done and has in hand; none before it runs.
    pub worker: Option<WorkerStatus>,
    /// What only this kind of storage has: its partitions and queues. A JSON object.
    pub storage: Option<Value>,
}

/// Looks at a host and its task hub.
#[async_trait]
pub trait HubView: Send + Sync + 'static {
    /// How it is now.
    async fn facts(&self) -> Result<HubFacts, StorageError>;

    /// The metrics of the host in the OpenMetrics text format. Asks nothing of storage, and takes microseconds.
    fn metrics(&self) -> String;
}
