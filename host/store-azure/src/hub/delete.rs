//! Removing a task hub.

use azure::{Container, Error, Medium, Queue, Table};
use store::StorageError;

use super::HubError;
use crate::{limits, steady};

/// Removes a hub with everything in it: instances, histories, messages, components. Hosts that serve it lose their
/// partitions at their next look. What was interrupted is finished by doing it again.
///
/// # Errors
/// [`HubError::NotFound`] if nothing of it was there; [`HubError::Storage`].
pub async fn delete(medium: &dyn Medium) -> Result<(), HubError> {
    let mut found = 0_usize;
    // Partitions first: what is half removed is no hub any more, and nobody serves it.
    for table in [Table::Partitions, Table::Instances, Table::History, Table::Components] {
        found += was_there(steady::repeat(async || medium.delete_table(table).await).await)?;
    }
    for queue in (0..limits::PARTITIONS_MAX).map(Queue::Control).chain([Queue::WorkItems]) {
        found += was_there(steady::repeat(async || medium.delete_queue(queue).await).await)?;
    }
    for container in [Container::LargeMessages, Container::Components, Container::Leases, Container::AppLease] {
        found += was_there(steady::repeat(async || medium.delete_container(container).await).await)?;
    }
    if found == 0 { Err(HubError::NotFound) } else { Ok(()) }
}

/// One if something was removed, or may have been.
fn was_there(answer: Result<(), Error>) -> Result<usize, StorageError> {
    match answer {
        Ok(()) => Ok(1),
        Err(Error::NotFound) => Ok(0),
        Err(error) => Err(steady::failure("removing a task hub", error)),
    }
}
