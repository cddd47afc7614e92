//! What is stored, read without any host.

use std::collections::HashMap;
use std::sync::Arc;

use azure::{Account, Cloud, ConnectOptions, Key, Table, Tables as _};
use engine::{HistoryEvent, RuntimeStatus};
use futures_util::{StreamExt as _, stream};
use serde_json::Value;
use store::{Client as _, InstanceFilter, InstanceRow, SystemClock, whole_history};
use store_azure::{Always, AzureBackend, Options};

use super::world::{ACCOUNT, World};

/// Requests under way at the same time.
const READS_AT_ONCE: usize = 16;

/// Status and output in the stored row of an instance.
pub(crate) fn status_and_output(world: &World, id: &str) -> (String, Value) {
    let key = Key { partition: id.to_owned(), row: String::new() };
    let row = world.block_on(async { cloud(world).get(Table::Instances, &key).await.unwrap() });
    let row = row.unwrap_or_else(|| panic!("{id} has no row")).entity;
    let text = |column| row.text(column).unwrap().unwrap_or_default().to_owned();
    (text("RuntimeStatus"), serde_json::from_str(&text("Output")).unwrap_or_default())
}

/// A connection to the account without a proxy. Needs a runtime.
pub(crate) fn cloud(world: &World) -> Cloud {
    let account = world.account();
    let variable = |name: &str| (name == ACCOUNT).then(|| account.clone());
    let account = Account::from_env(&variable).unwrap();
    azure::connect(&account, &world.hub.parse().unwrap(), &ConnectOptions::default()).unwrap()
}

/// Reads a hub as a host does that serves no partition.
pub(crate) struct Reader<'a> {
    world: &'a World,
    backend: AzureBackend,
}

/// All that is stored of an instance.
pub(crate) struct Stored {
    pub(crate) row: InstanceRow,
    pub(crate) history: Vec<HistoryEvent>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(world: &'a World) -> Self {
        let backend = world.block_on(async {
            let (medium, hub) = (Arc::new(cloud(world)), world.hub.parse().unwrap());
            let nothing = Arc::new(Always::new(0));
            AzureBackend::start(medium, hub, 1, nothing, Arc::new(SystemClock), Options::default())
        });
        Self { world, backend }
    }

    /// The ids of instances that have not ended.
    pub(crate) fn open(&self) -> Vec<String> {
        use RuntimeStatus::{Pending, Running, Suspended};
        let rows = self.world.block_on(self.rows(vec![Pending, Running, Suspended]));
        rows.into_iter().map(|row| row.state.instance_id.to_string()).collect()
    }

    /// Every instance with its history, by id.
    pub(crate) fn all(&self) -> HashMap<String, Stored> {
        self.world.block_on(async {
            let with_history = |row: InstanceRow| async {
                let id = row.state.instance_id.clone();
                let history = whole_history(&self.backend, &id).await.unwrap();
                (id.to_string(), Stored { row, history })
            };
            stream::iter(self.rows(Vec::new()).await).map(with_history).buffer_unordered(READS_AT_ONCE).collect().await
        })
    }

    async fn rows(&self, statuses: Vec<RuntimeStatus>) -> Vec<InstanceRow> {
        let mut filter = InstanceFilter { statuses, ..InstanceFilter::default() };
        let mut rows = Vec::new();
        loop {
            let page = self.backend.list(&filter).await.unwrap();
            rows.extend(page.rows);
            filter.continuation = page.continuation;
            if filter.continuation.is_none() {
                return rows;
            }
        }
    }
}
