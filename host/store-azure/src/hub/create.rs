//! Making a task hub.

use azure::{Container, Error, HubName, Medium, Queue, Table, Verb, Write};
use store::StorageError;

use super::HubError;
use super::survey::Survey;
use crate::partitions::LeaseRow;
use crate::{limits, steady};

/// Makes a hub of 1 to 16 partitions, or what is missing of it. Doing it again changes nothing.
///
/// # Errors
/// [`HubError::PartitionCount`] if it exists with another number of partitions, then nothing was changed;
/// [`HubError::Partitions`], [`HubError::Storage`].
pub async fn create(medium: &dyn Medium, hub: &HubName, partitions: u8) -> Result<(), HubError> {
    let survey = Survey::of(medium).await?;
    complete(medium, hub, survey, partitions).await.map(drop)
}

/// Adds to what was found whatever a hub of so many partitions lacks. Answers their number.
pub(super) async fn complete(
    medium: &dyn Medium,
    hub: &HubName,
    found: Survey,
    partitions: u8,
) -> Result<u8, HubError> {
    if !(1..=limits::PARTITIONS_MAX).contains(&partitions) {
        return Err(HubError::Partitions(partitions));
    }
    if let Some(stored) = found.partitions().filter(|stored| *stored != partitions) {
        return Err(HubError::PartitionCount { stored, asked: partitions });
    }
    for table in [Table::Instances, Table::History, Table::Components, Table::Partitions] {
        done(steady::repeat(async || medium.create_table(table).await).await)?;
    }
    for container in [Container::LargeMessages, Container::Components] {
        done(steady::repeat(async || medium.create_container(container).await).await)?;
    }
    for queue in (0..partitions).map(Queue::Control).chain([Queue::WorkItems]) {
        done(steady::repeat(async || medium.create_queue(queue).await).await)?;
    }
    let missing = (0..partitions).filter(|partition| !found.rows.contains(partition));
    let rows = missing.map(|partition| Write {
        key: LeaseRow::key(&hub.queue(Queue::Control(partition))),
        verb: Verb::Insert(LeaseRow::default().to_entity()),
    });
    let rows: Vec<Write> = rows.collect();
    if rows.is_empty() {
        return Ok(partitions);
    }
    // All together: of several that make a hub of different numbers of partitions, one succeeds.
    match steady::repeat(async || medium.transact(Table::Partitions, rows.clone()).await).await {
        Ok(_) => return Ok(partitions),
        Err(Error::Exists) => {}
        Err(error) => return Err(steady::failure("making a task hub", error).into()),
    }
    // Somebody else was faster, and may have had another number in mind; or is a client of DurableTask, which writes them
    // one by one.
    tokio::time::sleep(limits::HUB_LOOK_PAUSE).await;
    let rows = Survey::of(medium).await?.rows;
    if rows.iter().copied().eq(0..partitions) {
        return Ok(partitions);
    }
    Err(HubError::PartitionCount { stored: u8::try_from(rows.len()).unwrap_or(u8::MAX), asked: partitions })
}

/// What exists already is as good as made.
fn done<T>(answer: Result<T, Error>) -> Result<(), StorageError> {
    match answer {
        Ok(_) | Err(Error::Exists) => Ok(()),
        Err(error) => Err(steady::failure("making a task hub", error)),
    }
}
