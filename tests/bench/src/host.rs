//! A host without its API: storage, guests, worker.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use async_trait::async_trait;
use azurite::Azurite;
use engine::{ActivityTask, Digest, Execution, Failure, Guest, GuestError, Payload};
use serde::Serialize;
use store::{Backend, MemoryBackend, SystemClock, WorkSource};
use store_sqlite::SqliteBackend;
use wasm::{Engines, Grants, LoadedComponent};
use worker::{Options, Runtime, Unprepared, Worker};

use crate::hub::Hub;
use crate::process;

/// What the database is called.
pub(crate) const FILE: &str = "bench.db";

/// Where the state goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Storage {
    Memory,
    Sqlite,
    /// Azure Storage in this process: what the host does when storage takes no time.
    Fake,
    /// Azure Storage as the emulator has it.
    Azurite,
}

impl Storage {
    /// What tables call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Sqlite => "sqlite",
            Self::Fake => "fake",
            Self::Azurite => "azurite",
        }
    }

    /// How often to ask whether all have ended: what that adds to a run's time must be within its noise.
    pub(crate) fn look_every(self) -> Duration {
        match self {
            Self::Memory | Self::Sqlite => Duration::from_millis(5),
            // Each look goes through all rows of a table.
            Self::Fake => Duration::from_millis(20),
            Self::Azurite => Duration::from_millis(100),
        }
    }
}

/// A running host.
pub(crate) struct Host {
    pub(crate) storage: Storage,
    pub(crate) backend: Arc<dyn Backend>,
    /// The same, where it counts its transactions.
    sqlite: Option<Arc<SqliteBackend>>,
    /// What it serves, where that has to be cleared away.
    hub: Option<Hub>,
    /// The emulator, which has nobody else to serve.
    azurite: Option<Azurite>,
    pub(crate) worker: Worker,
}

impl Host {
    /// One on a storage of that kind, empty; its file, if it has one, is in `folder`.
    pub(crate) async fn start(storage: Storage, folder: &Path) -> Result<Self> {
        match storage {
            Storage::Memory => Self::over(storage, Arc::new(MemoryBackend::new(Arc::new(SystemClock)))).await,
            Storage::Sqlite => Self::over_file(&folder.join(FILE), workload().await?, Options::default()),
            Storage::Fake => Self::over_hub(storage, Hub::in_memory().await?, None).await,
            Storage::Azurite => {
                let azurite = tokio::task::spawn_blocking(Azurite::start).await.context("starting the emulator")??;
                let hub = Hub::in_account(&azurite.connection_string()).await?;
                Self::over_hub(storage, hub, Some(azurite)).await
            }
        }
    }

    async fn over_hub(storage: Storage, hub: Hub, azurite: Option<Azurite>) -> Result<Self> {
        let backend = Arc::new(hub.backend(None, true, store_azure::Options::default()));
        Ok(Self { hub: Some(hub), azurite, ..Self::over(storage, backend).await? })
    }

    /// One on a storage that somebody else clears away.
    pub(crate) async fn over(storage: Storage, backend: Arc<dyn Backend>) -> Result<Self> {
        Self::running(storage, backend, workload().await?, Options::default())
    }

    /// One on a file, empty or not.
    pub(crate) fn over_file(file: &Path, component: LoadedComponent, options: Options) -> Result<Self> {
        let open = SqliteBackend::open(file, store_sqlite::Options::default(), Arc::new(SystemClock));
        let sqlite = Arc::new(open.context("opening the database")?);
        let host = Self::running(Storage::Sqlite, sqlite.clone(), component, options)?;
        Ok(Self { sqlite: Some(sqlite), ..host })
    }

    /// One that runs this component as `options` say.
    pub(crate) fn running(
        storage: Storage,
        backend: Arc<dyn Backend>,
        component: LoadedComponent,
        options: Options,
    ) -> Result<Self> {
        Self::fed(storage, backend.clone(), backend, component, options)
    }

    /// One whose work comes by another way than its clients.
    pub(crate) fn fed(
        storage: Storage,
        source: Arc<dyn WorkSource>,
        backend: Arc<dyn Backend>,
        component: LoadedComponent,
        options: Options,
    ) -> Result<Self> {
        let runtime = Arc::new(OneComponent { component, grants: Grants::default() });
        let worker = Worker::start(options, source, runtime, Arc::new(SystemClock));
        let worker = worker.context("starting threads")?;
        Ok(Self { storage, backend, sqlite: None, hub: None, azurite: None, worker })
    }

    /// What the file has cost so far, where there is one; each of its transactions is one sync of the disk.
    pub(crate) fn file_stats(&self) -> Option<store_sqlite::Stats> {
        self.sqlite.as_ref().map(|sqlite| sqlite.stats())
    }

    /// Requests to storage so far, where there are any.
    pub(crate) fn requests(&self) -> Option<u64> {
        self.hub.as_ref().map(|hub| hub.counts().total())
    }

    /// What the emulator has used of the processor so far, where there is one.
    pub(crate) fn emulator_cpu(&self) -> Result<Option<Duration>> {
        let process = self.azurite.as_ref().and_then(Azurite::pid);
        process.map(|process| process::cpu_of(&process.to_string())).transpose()
    }

    pub(crate) async fn stop(self) -> Result<()> {
        self.worker.shutdown().await.context("stopping")?;
        match self.hub {
            Some(hub) => hub.delete().await,
            None => Ok(()),
        }
    }
}

/// The component that all benchmarks run, compiled.
pub(crate) async fn workload() -> Result<LoadedComponent> {
    let file = std::fs::read(e2e::guest("workload")?).context("reading the workload")?;
    let load = tokio::task::spawn_blocking(move || {
        let engines = Engines::new(wasm::Options::default()).context("starting the WebAssembly engine")?;
        engines.load(&file).context("loading the workload")
    });
    load.await.context("loading the workload")?
}

/// The emulator that tests use, which others may be using too.
pub(crate) async fn emulator() -> Result<Azurite> {
    tokio::task::spawn_blocking(azurite::shared).await.context("starting the emulator")?
}

/// Runs the guests of one component.
struct OneComponent {
    component: LoadedComponent,
    grants: Grants,
}

#[async_trait]
impl Runtime for OneComponent {
    async fn prepare(&self, _: &str, _: Option<Digest>) -> Result<(), Unprepared> {
        Ok(())
    }

    fn start(&self, execution: &Execution, _: Option<Digest>) -> Result<(Box<dyn Guest>, Digest), GuestError> {
        Ok((self.component.start(execution)?, self.component.digest()))
    }

    async fn run_activity(&self, task: &ActivityTask, _: Option<Digest>) -> Result<Option<Payload>, Failure> {
        self.component.run_activity(task, &self.grants).await
    }
}
