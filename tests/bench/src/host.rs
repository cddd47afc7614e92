//! A host without its API: storage, guests, worker.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use async_trait::async_trait;
use engine::{ActivityTask, Digest, Execution, Failure, Guest, GuestError, Payload};
use serde::Serialize;
use store::{Backend, MemoryBackend, SystemClock};
use store_sqlite::SqliteBackend;
use wasm::{Engines, Grants, LoadedComponent};
use worker::{Options, Runtime, Worker};

/// Where the state goes.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Storage {
    Memory,
    Sqlite,
}

/// A running host.
pub(crate) struct Host {
    pub(crate) storage: Storage,
    pub(crate) backend: Arc<dyn Backend>,
    /// The same, where it counts its transactions.
    sqlite: Option<Arc<SqliteBackend>>,
    pub(crate) worker: Worker,
}

impl Host {
    pub(crate) async fn start(storage: Storage, folder: &Path) -> Result<Self> {
        let clock = Arc::new(SystemClock);
        let sqlite = match storage {
            Storage::Memory => None,
            Storage::Sqlite => {
                let file = folder.join("bench.db");
                let open = SqliteBackend::open(file, store_sqlite::Options::default(), clock.clone());
                Some(Arc::new(open.context("opening the database")?))
            }
        };
        let backend: Arc<dyn Backend> = match &sqlite {
            Some(sqlite) => sqlite.clone(),
            None => Arc::new(MemoryBackend::new(clock.clone())),
        };
        let file = std::fs::read(e2e::guest("workload")?).context("reading the workload")?;
        let component = tokio::task::spawn_blocking(move || {
            let engines = Engines::new(wasm::Options::default()).context("starting the WebAssembly engine")?;
            engines.load(&file).context("loading the workload")
        })
        .await
        .context("loading the workload")??;
        let runtime = Arc::new(OneComponent { component, grants: Grants::default() });
        let worker = Worker::start(Options::default(), backend.clone(), runtime, clock).context("starting threads")?;
        Ok(Self { storage, backend, sqlite, worker })
    }

    /// Write transactions so far: each is one sync of the disk.
    pub(crate) fn transactions(&self) -> Option<u64> {
        self.sqlite.as_ref().map(|sqlite| sqlite.stats().transactions)
    }

    pub(crate) async fn stop(self) -> Result<()> {
        self.worker.shutdown().await.context("stopping")
    }
}

/// Runs the guests of one component.
struct OneComponent {
    component: LoadedComponent,
    grants: Grants,
}

#[async_trait]
impl Runtime for OneComponent {
    async fn prepare(&self, _: &str, _: Option<Digest>) -> Result<(), String> {
        Ok(())
    }

    fn start(&self, execution: &Execution, _: Option<Digest>) -> Result<(Box<dyn Guest>, Digest), GuestError> {
        Ok((self.component.start(execution)?, self.component.digest()))
    }

    async fn run_activity(&self, task: &ActivityTask, _: Option<Digest>) -> Result<Option<Payload>, Failure> {
        self.component.run_activity(task, &self.grants).await
    }
}
