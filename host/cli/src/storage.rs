//! Where orchestrations are kept.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use api::TaskHub;
use azure::{Counted, HubName, Medium};
use clap::ValueEnum;
use store::{Backend, Clock};
use store_azure::{AzureBackend, LeaseOptions, Leases, hub};
use store_sqlite::SqliteBackend;

use crate::azure_args::AzureArgs;
use crate::exit::{Exit, Failure};
use crate::hub_facts::AzureHub;
use crate::metrics::StorageMeter;
use crate::units;

/// Which storage, and how it is used.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct StorageArgs {
    /// Where orchestrations are kept
    #[arg(long, default_value = "sqlite", value_name = "KIND")]
    store: Kind,
    /// The task hub: 3 to 45 letters and digits, a letter first. With azure, hosts of one hub share its work; with
    /// sqlite it is only what clients of Durable Functions call it, "rondo" without the flag
    #[arg(long, env = "RONDO_HUB", value_name = "NAME", required_if_eq("store", "azure"))]
    hub: Option<HubName>,
    /// How many partitions a new hub gets, 1 to 16
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u8).range(1..=16), help_heading = HEADING)]
    partitions: Option<u8>,
    /// What `rondo hub status` calls this host
    #[arg(long, default_value = "rondo", value_name = "NAME", help_heading = HEADING)]
    host_name: String,
    /// How long partitions and messages of a host that dies stay its own
    #[arg(long, default_value = "30s", value_parser = units::duration, value_name = "TIME", help_heading = HEADING)]
    lease: Duration,
    /// The longest pause between two looks into an empty queue; a start through another host waits as long
    #[arg(long, default_value = "5s", value_parser = units::duration, value_name = "TIME", help_heading = HEADING)]
    poll_max: Duration,
}

const HEADING: &str = "With --store azure";

/// Partitions of a hub that is made by the first host.
const PARTITIONS_DEFAULT: u8 = 4;

/// A shorter lease could not be renewed in time over a slow network.
const LEASE_MIN: Duration = Duration::from_secs(1);

/// Where orchestrations are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// One file on this machine
    Sqlite,
    /// Tables, queues and blobs of Azure Storage, for many hosts
    Azure,
}

/// An opened storage.
pub(crate) struct Storage {
    pub(crate) backend: Arc<dyn Backend>,
    /// Other hosts work on it as well.
    pub(crate) is_shared: bool,
    /// What `--store` calls it.
    pub(crate) kind: &'static str,
    /// The task hub, where it has a place of its own to be looked at.
    pub(crate) azure: Option<AzureHub>,
    /// Where its metrics are read.
    pub(crate) meter: StorageMeter,
}

impl StorageArgs {
    /// What clients call the task hub.
    pub(crate) fn task_hub(&self) -> TaskHub {
        self.hub.as_ref().map(|name| TaskHub::new(name.as_str())).unwrap_or_default()
    }

    /// Opens it; a task hub that is not there is made.
    pub(crate) async fn open(&self, data: &Path, clock: Arc<dyn Clock>) -> Result<Storage> {
        match self.store {
            Kind::Sqlite => {
                let backend = open_sqlite(data, clock).await?;
                let meter = StorageMeter::Sqlite(Arc::clone(&backend));
                Ok(Storage { backend, is_shared: false, kind: "sqlite", azure: None, meter })
            }
            Kind::Azure => self.open_azure(clock).await,
        }
    }

    async fn open_azure(&self, clock: Arc<dyn Clock>) -> Result<Storage> {
        if self.lease < LEASE_MIN {
            return Err(Failure::new(Exit::Usage, "--lease must be at least 1s".to_owned()).into());
        }
        let hub_name = self.hub.clone().context("--hub is missing")?;
        let args = AzureArgs { hub: hub_name.clone() };
        let counted = Arc::new(Counted::new(args.connect()?));
        let medium: Arc<dyn Medium> = Arc::clone(&counted) as _;
        let partitions = self.open_hub(&*medium, &hub_name).await?;
        // A connection of its own: leases are renewed also while everything else is slow.
        let lane = Arc::new(Counted::new(args.connect()?));
        let lease_options = LeaseOptions {
            interval: self.lease,
            renew_every: self.lease / 3,
            look_again: Duration::from_secs(1).min(self.lease / 6),
            drain_max: self.lease / 3,
            pass_max: Duration::from_secs(2).max(self.lease / 15),
            ..LeaseOptions::new(&self.host_name, &hub_name, partitions)
        };
        let leases = Leases::start(Arc::clone(&lane) as _, Arc::clone(&clock), lease_options);
        let options = store_azure::Options {
            message_visibility: self.lease,
            poll_max: self.poll_max,
            ..store_azure::Options::default()
        };
        tracing::info!(hub = hub_name.as_str(), partitions, "joined the task hub");
        let hub = AzureHub { name: hub_name.clone(), medium: Arc::clone(&medium) };
        let backend = Arc::new(AzureBackend::start(medium, hub_name, partitions, Arc::new(leases), clock, options));
        let meter = StorageMeter::Azure { media: [counted, lane], backend: Arc::clone(&backend) };
        Ok(Storage { backend, is_shared: true, kind: "azure", azure: Some(hub), meter })
    }

    /// How many partitions the hub has; makes it, or what it lacks, if need be.
    async fn open_hub(&self, medium: &dyn Medium, hub_name: &HubName) -> Result<u8> {
        hub::join(medium, hub_name, self.partitions, PARTITIONS_DEFAULT).await.context("opening the task hub")
    }
}

/// Opening may replay a write-ahead log, so it happens on a blocking thread.
async fn open_sqlite(data: &Path, clock: Arc<dyn Clock>) -> Result<Arc<SqliteBackend>> {
    let path = data.join("rondo.db");
    let opened =
        tokio::task::spawn_blocking(move || SqliteBackend::open(path, store_sqlite::Options::default(), clock)).await;
    Ok(Arc::new(opened.context("opening the database")??))
}
