//! What is in the account.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use azure::{Account, Blobs as _, Cloud, ConnectOptions, Container, Query, Queue, Queues as _, Table, Tables as _};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use store::{Client as _, InstanceFilter, InstanceRow, SystemClock, whole_history};
use store_azure::{Always, AzureBackend, Options};
use tokio::runtime::Runtime;

use super::{Instances, Stored};

/// Requests under way at the same time.
const READS_AT_ONCE: usize = 16;

/// The variable that names the account.
const ACCOUNT: &str = "AZURE_STORAGE_CONNECTION_STRING";

/// A hub, read as a host does that serves no partition.
pub struct AzureStored<'a> {
    runtime: &'a Runtime,
    cloud: Arc<Cloud>,
    backend: AzureBackend,
}

/// What only live instances need.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct AzureLeftovers {
    /// Messages in any queue, visible or not.
    pub messages: u64,
    /// Rows of histories.
    pub history_rows: usize,
    /// Rows of instances.
    pub instance_rows: usize,
    /// Payloads that did not fit a row.
    pub blobs: usize,
}

impl<'a> AzureStored<'a> {
    /// Connects, without a proxy.
    ///
    /// # Errors
    /// The connection string or the hub's name is none.
    pub fn new(runtime: &'a Runtime, connection_string: &str, hub: &str) -> Result<Self> {
        let variable = |name: &str| (name == ACCOUNT).then(|| connection_string.to_owned());
        let account = Account::from_env(&variable).context("reading the connection string")?;
        let _inside = runtime.enter();
        let hub: azure::HubName = hub.parse().context("reading the hub's name")?;
        let cloud = Arc::new(azure::connect(&account, &hub, &ConnectOptions::default()).context("connecting")?);
        let nothing = Arc::new(Always::new(0));
        let backend = AzureBackend::start(cloud.clone(), hub, 1, nothing, Arc::new(SystemClock), Options::default());
        Ok(Self { runtime, cloud, backend })
    }

    /// Every instance.
    ///
    /// # Errors
    /// Something cannot be read.
    pub fn instances(&self) -> Result<Instances> {
        self.runtime.block_on(async {
            let with_history = |row: InstanceRow| async {
                let id = row.state.instance_id.clone();
                let history = whole_history(&self.backend, &id).await;
                let history = history.with_context(|| format!("reading the history of {id}"))?;
                anyhow::Ok((id.to_string(), Stored { row, history }))
            };
            stream::iter(self.rows().await?).map(with_history).buffer_unordered(READS_AT_ONCE).try_collect().await
        })
    }

    /// Counts what is there.
    ///
    /// # Errors
    /// Something cannot be read.
    pub fn leftovers(&self, partitions: u8) -> Result<AzureLeftovers> {
        self.runtime.block_on(async {
            let mut messages = self.cloud.count(Queue::WorkItems).await?;
            for partition in 0..partitions {
                messages += self.cloud.count(Queue::Control(partition)).await?;
            }
            let (mut blobs, mut after) = (0, None);
            loop {
                let page = self.cloud.list_blobs(Container::LargeMessages, "", after.as_deref()).await?;
                (blobs, after) = (blobs + page.names.len(), page.after);
                if after.is_none() {
                    break;
                }
            }
            let (history_rows, instance_rows) =
                (self.count_rows(Table::History).await?, self.count_rows(Table::Instances).await?);
            Ok(AzureLeftovers { messages, history_rows, instance_rows, blobs })
        })
    }

    async fn count_rows(&self, table: Table) -> Result<usize> {
        let mut query = Query { select: vec!["PartitionKey".to_owned()], ..Query::default() };
        let mut count = 0;
        loop {
            let page = self.cloud.query(table, &query).await?;
            count += page.entities.len();
            query.after = page.end;
            if query.after.is_none() {
                return Ok(count);
            }
        }
    }

    async fn rows(&self) -> Result<Vec<InstanceRow>> {
        let mut filter = InstanceFilter::default();
        let mut rows = Vec::new();
        loop {
            let page = self.backend.list(&filter).await?;
            rows.extend(page.rows);
            filter.continuation = page.continuation;
            if filter.continuation.is_none() {
                return Ok(rows);
            }
        }
    }
}
