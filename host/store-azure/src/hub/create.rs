//! Making a task hub.

use azure::{Container, Error, HubName, Medium, Queue, Table, Verb, Write};
use store::StorageError;

use super::{HubError, open};
use crate::partitions::LeaseRow;
use crate::{limits, steady};

/// Makes a hub of 1 to 16 partitions, or what is missing of it. Doing it again changes nothing.
///
/// # Errors
/// [`HubError::PartitionCount`] if it exists with another number of partitions, then nothing was changed;
/// [`HubError::Partitions`], [`HubError::Storage`].
pub async fn create(medium: &dyn Medium, hub: &HubName, partitions: u8) -> Result<(), HubError> {
    if !(1..=limits::PARTITIONS_MAX).contains(&partitions) {
        return Err(HubError::Partitions(partitions));
    }
    let is_complete = has(medium, partitions).await?;
    for table in [Table::Instances, Table::History, Table::Components, Table::Partitions] {
        done(steady::repeat(async || medium.create_table(table).await).await)?;
    }
    for container in [Container::LargeMessages, Container::Components] {
        done(steady::repeat(async || medium.create_container(container).await).await)?;
    }
    for queue in (0..partitions).map(Queue::Control).chain([Queue::WorkItems]) {
        done(steady::repeat(async || medium.create_queue(queue).await).await)?;
    }
    if is_complete {
        return Ok(());
    }
    let rows = (0..partitions).map(|partition| Write {
        key: LeaseRow::key(&hub.queue(Queue::Control(partition))),
        verb: Verb::Insert(LeaseRow::default().to_entity()),
    });
    let rows: Vec<Write> = rows.collect();
    done(steady::repeat(async || medium.transact(Table::Partitions, rows.clone()).await).await)?;
    // Somebody else may have been faster, and have had another number in mind.
    has(medium, partitions).await.map(drop)
}

/// Whether there are that many partitions; no if there are none.
async fn has(medium: &dyn Medium, asked: u8) -> Result<bool, HubError> {
    match open(medium).await {
        Ok(stored) if stored == asked => Ok(true),
        Ok(stored) => Err(HubError::PartitionCount { stored, asked }),
        Err(HubError::NotFound) => Ok(false),
        Err(error) => Err(error),
    }
}

/// What exists already is as good as made.
fn done<T>(answer: Result<T, Error>) -> Result<(), StorageError> {
    match answer {
        Ok(_) | Err(Error::Exists) => Ok(()),
        Err(error) => Err(steady::failure("making a task hub", error)),
    }
}
