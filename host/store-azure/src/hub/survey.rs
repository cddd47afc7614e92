//! What there is of a task hub, and how many partitions follow from it.
//!
//! DurableTask makes the parts of a hub one by one, its rows and queues side by side, so a client that was interrupted,
//! or is at it this moment, leaves any of them. Hosts of ours write the rows last and all together.

use std::collections::BTreeSet;

use azure::{Error, Medium, Query, Queue, Table};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::{HubError, index, partition_rows};
use crate::{limits, steady};

/// Which partitions there is something of.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Survey {
    /// With a row in the Partitions table.
    pub(super) rows: BTreeSet<u8>,
    /// With a control queue.
    queues: BTreeSet<u8>,
    /// Whether any instance has been created.
    has_instances: bool,
}

impl Survey {
    pub(super) async fn of(medium: &dyn Medium) -> Result<Self, HubError> {
        let rows = match partition_rows(medium).await {
            Ok(rows) => rows,
            Err(HubError::NotFound) => Vec::new(),
            Err(error) => return Err(error),
        };
        if rows.len() > usize::from(limits::PARTITIONS_MAX) {
            return Err(HubError::Partitions(u8::try_from(rows.len()).unwrap_or(u8::MAX)));
        }
        let rows = rows.iter().filter_map(|row| index(&row.key.row)).collect();
        let looks = stream::iter((0..limits::PARTITIONS_MAX).map(|partition| has_queue(medium, partition)));
        let queues = looks.buffer_unordered(limits::PARALLEL_REQUESTS_MAX).try_collect::<Vec<_>>().await?;
        let queues = queues.into_iter().flatten().collect();
        Ok(Self { rows, queues, has_instances: has_instances(medium).await? })
    }

    /// How many partitions the hub has; none if there is no hub.
    pub(super) fn partitions(&self) -> Option<u8> {
        let served = count(&self.rows);
        // Rows without a gap are all there are, once instances rely on their number. Queues may be left over from another
        // hub of that name.
        if self.has_instances && served > 0 && usize::from(served) == self.rows.len() {
            return Some(served);
        }
        Some(served.max(count(&self.queues))).filter(|partitions| *partitions > 0)
    }

    /// Whether every partition has its row and its queue.
    pub(super) fn is_whole(&self) -> bool {
        let all = |indexes: &BTreeSet<u8>| (0..self.partitions().unwrap_or_default()).all(|it| indexes.contains(&it));
        !self.rows.is_empty() && all(&self.rows) && all(&self.queues)
    }
}

/// Up to the last of them.
fn count(indexes: &BTreeSet<u8>) -> u8 {
    indexes.last().map_or(0, |last| last + 1)
}

async fn has_queue(medium: &dyn Medium, partition: u8) -> Result<Option<u8>, HubError> {
    match steady::repeat(async || medium.count(Queue::Control(partition)).await).await {
        Ok(_) => Ok(Some(partition)),
        Err(Error::NotFound) => Ok(None),
        Err(error) => Err(steady::failure("looking for the queues of a task hub", error).into()),
    }
}

async fn has_instances(medium: &dyn Medium) -> Result<bool, HubError> {
    let first = Query { top: Some(1), ..Query::default() };
    match steady::repeat(async || medium.query(Table::Instances, &first).await).await {
        Ok(page) => Ok(!page.entities.is_empty()),
        Err(Error::NotFound) => Ok(false),
        Err(error) => Err(steady::failure("looking for the instances of a task hub", error).into()),
    }
}
