//! Task hubs, in this process and in the emulator.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use azure::fake::FakeAccount;
use azure::{Account, ConnectOptions, Counted, Counts, HubName, Medium, connect};
use store::{Clock as _, SystemClock};
use store_azure::{Always, AzureBackend, Options, hub};

/// As many as a hub has unless somebody asks for another number.
pub(crate) const PARTITIONS: u8 = 4;

/// A task hub that nobody else uses.
pub(crate) struct Hub {
    pub(crate) name: HubName,
    medium: Arc<dyn Medium>,
    counts: Box<dyn Fn() -> Counts + Send + Sync>,
}

impl Hub {
    /// One whose storage costs nothing but processor time: it is in this process.
    pub(crate) async fn in_memory() -> Result<Self> {
        let name = new_name()?;
        let account = FakeAccount::new(Arc::new(|| SystemClock.now().as_millis()));
        Self::make(account.medium(&name), name).await
    }

    /// One in the account of that connection string.
    pub(crate) async fn in_account(connection_string: &str) -> Result<Self> {
        let name = new_name()?;
        Self::make(connected(connection_string, &name)?, name).await
    }

    async fn make(medium: impl Medium, name: HubName) -> Result<Self> {
        hub::create(&medium, &name, PARTITIONS).await.context("making a task hub")?;
        let medium = Arc::new(Counted::new(medium));
        let counted = Arc::clone(&medium);
        Ok(Self { name, medium, counts: Box::new(move || counted.counts()) })
    }

    /// The requests that were made through its own medium so far.
    pub(crate) fn counts(&self) -> Counts {
        (self.counts)()
    }

    /// The way to its storage.
    pub(crate) fn medium(&self) -> Arc<dyn Medium> {
        Arc::clone(&self.medium)
    }

    /// A host that owns all partitions, or merely a client. Its requests go through `medium`, or the hub's own.
    pub(crate) fn backend(&self, medium: Option<Arc<dyn Medium>>, is_host: bool, options: Options) -> AzureBackend {
        let medium = medium.unwrap_or_else(|| Arc::clone(&self.medium));
        let ownership = Arc::new(Always::new(if is_host { PARTITIONS } else { 0 }));
        AzureBackend::start(medium, self.name.clone(), PARTITIONS, ownership, Arc::new(SystemClock), options)
    }

    pub(crate) async fn delete(self) -> Result<()> {
        hub::delete(&*self.medium).await.context("removing the task hub")
    }
}

/// A way to a hub by which its requests can be told from others'.
pub(crate) fn connected(connection_string: &str, hub: &HubName) -> Result<impl Medium + use<>> {
    let account = Account::parse(connection_string).context("reading the connection string")?;
    connect(&account, hub, &ConnectOptions::default()).context("connecting to the account")
}

fn new_name() -> Result<HubName> {
    HubName::new(&azurite::unique_hub()).context("naming a task hub")
}
