//! Reading a history while it grows, and while a new execution may take its place.

use engine::{EventId, EventKind, ExecutionId, HistoryEvent, InstanceId};
use store::{Client, HistoryPage, InstanceRow, StorageError};

use crate::limits::HISTORY_HEAD_EVENTS;

/// Consecutive events of one execution.
#[derive(Debug)]
pub(crate) struct Part {
    /// Whose events they are. The row may already tell of the execution that comes next.
    pub(crate) execution_id: ExecutionId,
    /// The events; none when there are none yet.
    pub(crate) events: Vec<HistoryEvent>,
    /// The event behind them; none if there is none yet.
    pub(crate) next: Option<EventId>,
}

/// At most `max` events from `from` on; fewer if they are large.
pub(crate) async fn part(
    client: &dyn Client,
    row: &InstanceRow,
    from: EventId,
    max: usize,
) -> Result<Part, StorageError> {
    let id = &row.state.instance_id;
    let HistoryPage { events, next } = client.history(id, from, max).await?;
    let execution_id = match execution_of(&events) {
        Some(execution_id) => Some(execution_id),
        // Read after the events: executions only move on, so if this is the one that was asked for, so were they.
        None if from > EventId::FIRST || max < HISTORY_HEAD_EVENTS => head(client, id).await?,
        None => None,
    };
    Ok(Part { execution_id: execution_id.unwrap_or(row.state.execution_id), events, next })
}

/// Which execution the stored history is of.
async fn head(client: &dyn Client, id: &InstanceId) -> Result<Option<ExecutionId>, StorageError> {
    // Nearly always the second event tells, and the ones after it may be large.
    for max in [2, HISTORY_HEAD_EVENTS] {
        let found = execution_of(&client.history(id, EventId::FIRST, max).await?.events);
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

fn execution_of(events: &[HistoryEvent]) -> Option<ExecutionId> {
    events.iter().find_map(|event| match &event.kind {
        EventKind::ExecutionStarted(started) => Some(started.execution_id),
        _ => None,
    })
}
