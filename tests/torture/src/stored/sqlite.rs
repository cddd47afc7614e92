//! What is in the file.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use rusqlite::{Connection, OpenFlags};
use store::{Client as _, InstanceFilter, SystemClock, WorkSource as _};
use store_sqlite::{Options, SqliteBackend};
use tokio::runtime::Runtime;

use super::{Instances, Stored};

/// Every instance in the data folder of a host that does not run.
///
/// # Errors
/// Somebody has the file open, or it cannot be read.
pub fn sqlite(runtime: &Runtime, data: &Path) -> Result<Instances> {
    runtime.block_on(async {
        let backend = SqliteBackend::open(data.join("rondo.db"), Options::default(), Arc::new(SystemClock))?;
        let mut found = Instances::new();
        let mut filter = InstanceFilter::default();
        loop {
            let page = backend.list(&filter).await?;
            for row in page.rows {
                let id = row.state.instance_id;
                let snapshot = backend.load(&id).await?.with_context(|| format!("{id} is gone"))?;
                anyhow::ensure!(snapshot.damage.is_none(), "{id}: {:?}", snapshot.damage);
                found.insert(id.to_string(), Stored { row: snapshot.row, history: snapshot.history });
            }
            filter.continuation = page.continuation;
            if filter.continuation.is_none() {
                break;
            }
        }
        backend.shutdown().await?;
        Ok(found)
    })
}

/// Rows that only live instances need.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct SqliteLeftovers {
    /// Messages that nobody has taken in.
    pub messages: u64,
    /// Instances that wait for a time or for activities.
    pub waiting: u64,
    /// Rows of any kind that belong to an instance, live or not.
    pub of_instances: u64,
}

/// Counts them in the data folder of a host that does not run.
///
/// # Errors
/// The file cannot be read.
pub fn sqlite_leftovers(data: &Path) -> Result<SqliteLeftovers> {
    let connection = Connection::open_with_flags(data.join("rondo.db"), OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let count = |from: &str| -> Result<u64> {
        let sql = format!("SELECT count(*) FROM {from}");
        let count: i64 =
            connection.query_row(&sql, [], |row| row.get(0)).with_context(|| format!("counting {from}"))?;
        u64::try_from(count).context("a count below 0")
    };
    let mut leftovers = SqliteLeftovers {
        messages: count("inbox")?,
        waiting: count("instances WHERE wake_at_ms IS NOT NULL OR has_open_activities = 1")?,
        of_instances: 0,
    };
    for table in ["instances", "inputs", "outputs", "custom_statuses", "history", "inbox"] {
        leftovers.of_instances += count(table)?;
    }
    Ok(leftovers)
}
