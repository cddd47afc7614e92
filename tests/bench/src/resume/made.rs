//! Instances with a past.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use engine::InstanceId;
use store::{MemoryBackend, SystemClock};
use tempfile::TempDir;
use wasm::LoadedComponent;
use worker::Options;

use super::kept::Kept;
use crate::client::{self, TIMEOUT, last_event, row};
use crate::host::{FILE, Host, Storage};

/// Events of a turn that takes the result of an activity and schedules the next one, or waits.
const EVENTS_PER_TURN: u64 = 4;

/// A file system in memory, where syncs cost nothing: histories are made there.
const QUICK: &str = "/dev/shm";

/// How often to ask whether the histories are complete.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Where the histories are.
pub(crate) struct Made {
    pub(crate) instances: Vec<InstanceId>,
    place: Place,
}

enum Place {
    Memory(Arc<MemoryBackend>),
    File(TempDir),
}

impl Made {
    /// Instances with histories of about these sizes, waiting for an event. No host runs them any more.
    pub(crate) async fn new(
        storage: Storage,
        folder: &Path,
        component: &LoadedComponent,
        sizes: &[u64],
    ) -> Result<Self> {
        match storage {
            Storage::Memory => {
                let memory = Arc::new(MemoryBackend::new(Arc::new(SystemClock)));
                let kept = Arc::new(Kept(memory.clone()));
                let host = Host::fed(storage, kept, memory.clone(), component.clone(), Options::default())?;
                let instances = make(&host, sizes).await?;
                host.stop().await?;
                Ok(Self { instances, place: Place::Memory(memory) })
            }
            Storage::Sqlite => {
                let quick = if Path::new(QUICK).is_dir() { PathBuf::from(QUICK) } else { folder.to_owned() };
                let quick = tempfile::tempdir_in(quick).context("making a folder for the database")?;
                let host = Host::over_file(&quick.path().join(FILE), component.clone(), Options::default())?;
                let instances = make(&host, sizes).await?;
                host.stop().await?;
                let place = tempfile::tempdir_in(folder).context("making a folder for the database")?;
                copy(quick.path(), place.path()).context("copying the database")?;
                Ok(Self { instances, place: Place::File(place) })
            }
            Storage::Fake | Storage::Azurite => bail!("histories are made in memory and in SQLite only"),
        }
    }

    /// A host that has never seen any of it.
    pub(crate) fn host(&self, component: LoadedComponent, options: Options) -> Result<Host> {
        match &self.place {
            Place::Memory(memory) => Host::running(Storage::Memory, memory.clone(), component, options),
            Place::File(folder) => Host::over_file(&folder.path().join(FILE), component, options),
        }
    }
}

/// Runs them all at the same time until each waits.
async fn make(host: &Host, sizes: &[u64]) -> Result<Vec<InstanceId>> {
    let mut instances = Vec::new();
    for (number, events) in sizes.iter().enumerate() {
        let activities = activities(*events);
        instances.push(client::start(&*host.backend, &number.to_string(), "vigil", activities.to_string()).await?);
    }
    let deadline = Instant::now() + TIMEOUT;
    for (instance_id, events) in instances.iter().zip(sizes) {
        while last_event(&row(&*host.backend, instance_id).await?) < EVENTS_PER_TURN * (activities(*events) + 1) {
            ensure!(Instant::now() < deadline, "a history of {events} events is not made");
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
    Ok(instances)
}

/// The first turn is there in any case.
fn activities(events: u64) -> u64 {
    events.div_ceil(EVENTS_PER_TURN).saturating_sub(1)
}

/// The database, with its log if it was left; the other files beside it mean nothing once nobody has it open.
fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    for name in [FILE.to_owned(), format!("{FILE}-wal")] {
        if from.join(&name).exists() {
            std::fs::copy(from.join(&name), to.join(&name))?;
        }
    }
    Ok(())
}
