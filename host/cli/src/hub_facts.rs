//! What the API tells of this host and its task hub.

use std::sync::{Arc, OnceLock};

use api::dto::WorkerStatus;
use api::{Guard, HubFacts, HubView};
use async_trait::async_trait;
use azure::{HubName, Medium};
use store::{Clock, Outcome, StorageError};
use store_azure::hub::{self, HubError};
use worker::{Monitor, Stats};

use crate::commands::hub::view;
use crate::listen::Room;
use crate::metrics::{EdgeNumbers, Snapshot, StorageMeter};
use crate::traces::Traces;

/// A task hub on Azure Storage, to look at.
#[derive(Clone)]
pub(crate) struct AzureHub {
    pub(crate) name: HubName,
    pub(crate) medium: Arc<dyn Medium>,
}

/// This host.
pub(crate) struct LocalHub {
    pub(crate) store: &'static str,
    pub(crate) azure: Option<AzureHub>,
    pub(crate) meter: StorageMeter,
    /// None: no traces are wanted.
    pub(crate) traces: Option<Traces>,
    pub(crate) clock: Arc<dyn Clock>,
    /// Who counts wrong keys.
    pub(crate) guard: Guard,
    /// Who counts connections.
    pub(crate) room: Arc<Room>,
    /// Set once the worker runs.
    pub(crate) monitor: OnceLock<Monitor>,
}

#[async_trait]
impl HubView for LocalHub {
    async fn facts(&self) -> Result<HubFacts, StorageError> {
        let storage = match &self.azure {
            Some(AzureHub { name, medium }) => {
                let status = hub::status(&**medium, self.clock.now()).await.map_err(storage_error)?;
                Some(view::json(name.as_str(), &status))
            }
            None => None,
        };
        Ok(HubFacts {
            store: self.store.to_owned(),
            hub: self.azure.as_ref().map(|azure| azure.name.as_str().to_owned()),
            worker: self.monitor.get().map(|monitor| worker_status(&monitor.stats())),
            storage,
        })
    }

    fn metrics(&self) -> String {
        let spans = self.traces.as_ref().map(Traces::counts).unwrap_or_default();
        let edge = EdgeNumbers {
            wrong_keys: self.guard.wrong_keys(),
            connections_open: self.room.open(),
            connections_closed: self.room.closed(),
        };
        Snapshot::take(edge, &self.meter, self.monitor.get(), spans, self.clock.now()).text()
    }
}

fn storage_error(error: HubError) -> StorageError {
    match error {
        HubError::Storage(error) => error,
        // The hub was deleted below a running host, as a rule.
        other => StorageError::new("looking at the task hub", Outcome::NotDone, other),
    }
}

fn worker_status(stats: &Stats) -> WorkerStatus {
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    WorkerStatus {
        turns: stats.turns,
        commits: stats.commits,
        commits_stale: stats.commits_stale,
        activities_run: stats.activities_run,
        activities_failed: stats.activities_failed,
        activities_running: count(stats.activities_running),
        activities_waiting: count(stats.activities_waiting),
        instances_warm: count(stats.instances_warm),
        instances_busy: count(stats.instances_busy),
    }
}
