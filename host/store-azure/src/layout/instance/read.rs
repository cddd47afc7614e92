//! Reading the row.

use azure::{Entity, Value};
use engine::{EventId, InstanceState, Payload, Timestamp};
use store::InstanceRow;

use super::super::columns::{ABSENT, Reader};
use super::super::json::{FailureDetails, ParentInstance};
use super::super::{LayoutError, message, overflow};
use super::{NULL, held_of, id_of, last_event_of, status_of};

/// The columns that hold the address of their blob.
const LINKED: [&str; 2] = ["Input", "Output"];

/// The columns whose values are in blobs, with the names of those. Their texts go back by [`put_back`].
///
/// `container_url`: the address of the container for large payloads.
pub(crate) fn blob_columns(entity: &Entity, container_url: &str) -> Vec<(String, String)> {
    let mut columns = overflow::blob_columns(entity);
    // Of a merged row, the address of an older value may have stayed behind.
    let absent = entity.text(ABSENT).ok().flatten().unwrap_or_default();
    // DurableTask has nothing but the address, and so had this program once.
    for column in LINKED {
        if columns.iter().all(|(named, _)| named != column)
            && absent.split(',').all(|absent| absent != column)
            && let Some(Value::Text(text)) = entity.0.get(column)
            && let Some(blob) = overflow::blob_of_url(text, container_url)
        {
            columns.push((column.to_owned(), blob));
        }
    }
    columns
}

/// Puts back the value of a column from the content of its blob, named `blob_name`.
///
/// # Errors
/// The blob is no compressed text, or too large, or no start message though its name says so.
pub(crate) fn put_back(entity: &mut Entity, column: &str, blob_name: &str, blob: &[u8]) -> Result<(), LayoutError> {
    // Of a client's whole start message, the input is the instance's.
    if !overflow::is_start(blob_name) {
        return overflow::put_back(entity, column, blob);
    }
    match message::input_of_start(&overflow::gunzip_text(blob)?)? {
        Some(input) => entity.set(column, Value::Text(input.as_str().to_owned())),
        None => drop(entity.0.remove(column)),
    }
    Ok(())
}

/// Reads the row with that partition key, after the texts of its [`blob_columns`] were put back. Also one that a
/// DurableTask client wrote.
pub(crate) fn row_of(instance_id_key: &str, entity: &Entity) -> Result<InstanceRow, LayoutError> {
    let row = Reader::new(entity)?;
    // Without it the row is not ours, and DurableTask has texts for what is not there.
    let is_ours = entity.0.contains_key(ABSENT);
    let present = |text: &&str, filler: &str| is_ours || *text != filler;
    let created_at = row.required_time("CreatedTime")?;
    let failure = row.json::<FailureDetails>("RondoFailure")?.map(FailureDetails::read);
    let state = InstanceState {
        instance_id: id_of(instance_id_key)?,
        execution_id: row.execution("ExecutionId")?,
        name: row.required_text("Name")?.to_owned(),
        version: row.text("Version")?.filter(|text| present(text, "")).map(str::to_owned),
        status: status_of("RuntimeStatus", row.required_text("RuntimeStatus")?)?,
        input: row.payload("Input")?,
        output: row.payload("Output")?,
        failure,
        custom_status: row.text("CustomStatus")?.filter(|text| present(text, NULL)).map(Payload::from),
        tags: row.json("Tags")?.unwrap_or_default(),
        parent: row.json::<ParentInstance>("RondoParent")?.map(ParentInstance::read).transpose()?,
        created_at,
        updated_at: row.time("LastUpdatedTime")?.unwrap_or(created_at),
        completed_at: row.time("CompletedTime")?,
        scheduled_start: row.time("ScheduledStartTime")?,
        component: row.parsed("RondoComponent", |digest| digest.parse().ok())?,
        generation: row.int("RondoGeneration")?.unwrap_or_default(),
        first_execution: row.parsed("RondoFirstExecution", |id| id.parse().ok())?,
    };
    let last_event: Option<EventId> = row.long("RondoLastEvent")?.and_then(last_event_of);
    let wake_at: Option<Timestamp> = row.exact_time("RondoWakeAt")?;
    let revision = row.long("RondoRevision")?.unwrap_or_default();
    Ok(InstanceRow { state, held: held_of(&row)?, last_event, revision, wake_at })
}
