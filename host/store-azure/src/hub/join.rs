//! Finding a task hub, whatever there is of it, and adding what is missing.

use azure::{HubName, Medium};

use super::HubError;
use super::create::complete;
use super::survey::Survey;
use crate::limits;

/// Finds a hub, made by hosts of Rondo or by clients of DurableTask, and adds what it lacks; makes one if there is none.
/// Answers how many partitions it has.
///
/// * `asked`: how many it must have; none: as many as it has.
/// * `otherwise`: how many a new hub has if nobody asks.
///
/// # Errors
/// [`HubError::PartitionCount`] if it has another number than was asked for, then nothing was changed;
/// [`HubError::Partitions`], [`HubError::Storage`].
pub async fn join(medium: &dyn Medium, hub: &HubName, asked: Option<u8>, otherwise: u8) -> Result<u8, HubError> {
    let mut survey = Survey::of(medium).await?;
    for _ in 0..limits::HUB_LOOKS_MAX {
        if survey.is_whole() || survey == Survey::default() {
            break;
        }
        // Somebody may be making it at this moment.
        tokio::time::sleep(limits::HUB_LOOK_PAUSE).await;
        let again = Survey::of(medium).await?;
        if again == survey {
            break;
        }
        survey = again;
    }
    let partitions = survey.partitions().or(asked).unwrap_or(otherwise);
    complete(medium, hub, survey, asked.unwrap_or(partitions)).await
}
