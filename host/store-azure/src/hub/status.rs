//! What is in a task hub, and who serves it.

use std::collections::BTreeMap;
use std::time::Duration;

use azure::{Error, Medium, Query, Queue, Table, Versioned};
use engine::Timestamp;
use futures_util::future::{try_join, try_join_all};
use store::{Outcome, StorageError};

use super::{HubError, index, partition_rows};
use crate::partitions::LeaseRow;
use crate::{limits, steady};

/// A task hub at a glance. The parts are read one after the other, and counts of queues are approximate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubStatus {
    /// In the order of their names.
    pub partitions: Vec<PartitionStatus>,
    /// Activities for any host; none if the queue is missing.
    pub work_items: Option<QueueStatus>,
    /// What is known of the instances.
    pub instances: InstanceCounts,
}

/// A control queue and who serves it, by the row in the Partitions table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionStatus {
    /// The control queue.
    pub name: String,
    /// Who serves it.
    pub owner: Option<String>,
    /// Who wants it.
    pub next_owner: Option<String>,
    /// When anybody may take it, by the clock of its owner.
    pub expires_at: Option<Timestamp>,
    /// Its owner finishes what it has in hand.
    pub is_draining: bool,
    /// None if the queue is missing.
    pub queue: Option<QueueStatus>,
}

/// How much waits in a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueStatus {
    /// About how many messages there are, invisible ones (in hand, or scheduled) included.
    pub depth: u64,
    /// How long ago the oldest of the visible ones at the front was put; none if none is visible. Where hosts keep up
    /// this is seconds.
    pub oldest_visible_age: Option<Duration>,
}

/// Instances by the text of their status, as DurableTask writes it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InstanceCounts {
    /// How many there are of each.
    pub by_status: BTreeMap<String, u64>,
    /// There are more than were counted.
    pub is_cut_off: bool,
}

/// Looks at a hub; `now` is what ages are told from.
///
/// # Errors
/// [`HubError::NotFound`], [`HubError::Storage`].
pub async fn status(medium: &dyn Medium, now: Timestamp) -> Result<HubStatus, HubError> {
    let rows = partition_rows(medium).await?;
    let partitions = try_join_all(rows.iter().map(|row| partition(medium, row, now))).await?;
    let work_items = queue(medium, Queue::WorkItems, now).await?;
    let instances = count_instances(medium).await?;
    Ok(HubStatus { partitions, work_items, instances })
}

async fn partition(medium: &dyn Medium, stored: &Versioned, now: Timestamp) -> Result<PartitionStatus, StorageError> {
    let name = stored.key.row.clone();
    let row = LeaseRow::from_entity(&stored.entity)
        .map_err(|error| StorageError::new("reading the partitions of a task hub", Outcome::Permanent, error))?;
    let queue = match index(&name) {
        Some(index) => queue(medium, Queue::Control(index), now).await?,
        None => None,
    };
    let LeaseRow { current_owner: owner, next_owner, expires_at, is_draining, .. } = row;
    Ok(PartitionStatus { name, owner, next_owner, expires_at, is_draining, queue })
}

async fn queue(medium: &dyn Medium, queue: Queue, now: Timestamp) -> Result<Option<QueueStatus>, StorageError> {
    let count = steady::repeat(async || medium.count(queue).await);
    let peek = steady::repeat(async || medium.peek(queue, limits::MESSAGES_PER_TAKE_MAX).await);
    match try_join(count, peek).await {
        Ok((depth, visible)) => {
            let oldest = visible.iter().map(|message| Timestamp::from_millis(message.inserted_at)).min();
            let oldest_visible_age = oldest.map(|oldest| now.saturating_since(oldest));
            Ok(Some(QueueStatus { depth, oldest_visible_age }))
        }
        Err(Error::NotFound) => Ok(None),
        Err(error) => Err(steady::failure("looking at a queue", error)),
    }
}

async fn count_instances(medium: &dyn Medium) -> Result<InstanceCounts, StorageError> {
    let mut counts = InstanceCounts::default();
    let mut counted = 0;
    let mut query = Query { select: vec![STATUS.to_owned()], ..Query::default() };
    for _ in 0..limits::PAGES_MAX {
        let page = match steady::repeat(async || medium.query(Table::Instances, &query).await).await {
            // It is made with the hub; somebody has removed it.
            Err(Error::NotFound) => break,
            page => page.map_err(|error| steady::failure("counting instances", error))?,
        };
        for stored in page.entities {
            let status = stored.entity.text(STATUS).ok().flatten().unwrap_or("Unknown");
            *counts.by_status.entry(status.to_owned()).or_default() += 1;
            counted += 1;
        }
        counts.is_cut_off = page.end.is_some();
        match page.end {
            Some(end) if counted < limits::INSTANCES_COUNTED_MAX => query.after = Some(end),
            _ => break,
        }
    }
    Ok(counts)
}

const STATUS: &str = "RuntimeStatus";
