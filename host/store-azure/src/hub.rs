//! Making, looking at and removing a task hub.
//!
//! Hosts write the rows of the Partitions table last and all together, so that two creators that want different numbers
//! of partitions cannot both succeed. Clients of DurableTask make a hub in another order, and without what is Rondo's own:
//! whatever there is of a hub, [`join`] adds the rest.

mod create;
mod delete;
mod join;
mod status;
mod survey;
#[cfg(test)]
mod tests;

use azure::{Error, Medium, Query, Table, Versioned};
use store::StorageError;

pub use self::create::create;
pub use self::delete::delete;
pub use self::join::join;
pub use self::status::{HubStatus, InstanceCounts, PartitionStatus, QueueStatus, status};
use crate::{limits, steady};

/// Why a task hub cannot be used as asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HubError {
    /// Create it first.
    #[error("there is no such task hub")]
    NotFound,
    /// The number of partitions is fixed when a hub is made: messages of an instance would end in another queue.
    #[error("the task hub has {stored} partitions, not {asked}")]
    PartitionCount {
        /// What it has.
        stored: u8,
        /// What was asked for.
        asked: u8,
    },
    /// Ask for another number.
    #[error("{0} partitions are not possible, 1 to {max} are", max = limits::PARTITIONS_MAX)]
    Partitions(u8),
    /// The medium failed; what was done may be done again.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// How many partitions a hub has.
///
/// # Errors
/// [`HubError::NotFound`]; [`HubError::Partitions`] if it has more than can be; [`HubError::Storage`].
pub async fn open(medium: &dyn Medium) -> Result<u8, HubError> {
    let rows = partition_rows(medium).await?.len();
    let partitions = u8::try_from(rows).unwrap_or(u8::MAX);
    if partitions > limits::PARTITIONS_MAX { Err(HubError::Partitions(partitions)) } else { Ok(partitions) }
}

/// Which control queue has this name.
fn index(name: &str) -> Option<u8> {
    let (_, index) = name.rsplit_once("-control-")?;
    index.parse().ok().filter(|index| *index < limits::PARTITIONS_MAX)
}

/// The rows of the Partitions table in the order of their names; at least one.
async fn partition_rows(medium: &dyn Medium) -> Result<Vec<Versioned>, HubError> {
    let failed = |error| steady::failure("reading the partitions of a task hub", error);
    let mut rows = Vec::new();
    let mut query = Query::partition("");
    for _ in 0..limits::PAGES_MAX {
        let page = match steady::repeat(async || medium.query(Table::Partitions, &query).await).await {
            Err(Error::NotFound) => return Err(HubError::NotFound),
            page => page.map_err(failed)?,
        };
        rows.extend(page.entities);
        match page.end {
            Some(end) => query.after = Some(end),
            None => break,
        }
    }
    if rows.is_empty() { Err(HubError::NotFound) } else { Ok(rows) }
}
