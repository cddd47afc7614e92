//! Writing the row.

use azure::Entity;
use engine::{Failure, InstanceState, Payload};
use store::InstanceRow;

use super::super::Row;
use super::super::columns::Writer;
use super::super::json::{self, FailureDetails, ParentInstance, Typing};
use super::super::overflow::Naming;
use super::{NULL, held_text, last_event_number};

/// The whole row: merged over any older row of that id it reads back exactly. What is absent has no column, or, where
/// DurableTask has a text for nothing, that; so over the row of an execution that ended, it has to replace that row.
///
/// `blob_url`: the address of a blob of the container for large payloads.
pub(crate) fn full_row(
    row: &InstanceRow,
    hub: &str,
    instance_key: &str,
    salt: u32,
    blob_url: &dyn Fn(&str) -> String,
) -> Row {
    let InstanceRow { state, held, last_event: _, revision: _, wake_at: _ } = row;
    let InstanceState {
        // In the key.
        instance_id: _,
        execution_id,
        name,
        version,
        status,
        input,
        output,
        failure,
        custom_status,
        tags,
        parent,
        created_at,
        // By `touched`.
        updated_at: _,
        completed_at,
        scheduled_start,
        component,
        generation,
        first_execution,
    } = state;
    let text = |payload: &Option<Payload>| payload.as_ref().map(|payload| payload.as_str().to_owned());
    let mut columns = touched(row);
    columns
        .text("ExecutionId", execution_id.to_string())
        .text("Name", name)
        .text("RuntimeStatus", status.name())
        .text("TaskHubName", hub)
        .time("CreatedTime", *created_at)
        .merged_text("Version", version.as_deref(), "")
        .text_or_absent("Input", text(input), None)
        .text_or_absent("Output", text(output), failure.as_ref().map(shown).as_deref())
        .merged_text("CustomStatus", text(custom_status), NULL)
        .json("Tags", json::tags(tags))
        .json("RondoFailure", failure.as_ref().map(|failure| FailureDetails::new(failure, Typing::Plain)).as_ref())
        .json("RondoParent", parent.as_ref().map(|parent| ParentInstance::new(parent, Typing::Plain)).as_ref())
        .text("RondoComponent", component.map_or_else(String::new, |digest| digest.to_string()))
        .int("RondoGeneration", *generation)
        .text("RondoFirstExecution", first_execution.map_or_else(String::new, |id| id.to_string()))
        .text("RondoHeld", held_text(held.as_ref()));
    for (column, time) in [("CompletedTime", completed_at), ("ScheduledStartTime", scheduled_start)] {
        match time {
            Some(time) => columns.time(column, *time),
            None => columns.absent(column),
        };
    }
    let naming = Naming { instance_key, row_key: "", event_type: None, salt };
    columns.finish_merged(naming, &["Input", "Output"], blob_url)
}

/// What a turn that nobody could see changes: to be merged over the row.
pub(crate) fn touch(row: &InstanceRow) -> Entity {
    touched(row).into_entity()
}

fn touched(row: &InstanceRow) -> Writer {
    let mut columns = Writer::default();
    columns
        .time("LastUpdatedTime", row.state.updated_at)
        .long("RondoRevision", row.revision)
        .long("RondoLastEvent", last_event_number(row.last_event))
        .exact_time("RondoWakeAt", row.wake_at);
    columns
}

/// What readers of DurableTask see as the output of a failed instance.
fn shown(failure: &Failure) -> String {
    format!("{}: {}", failure.kind, failure.message)
}
