//! `instances/{id}/history`: the events as they are recorded.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use engine::EventId;

use super::instances::existing;
use crate::Problem;
use crate::dto::{Event, HistoryPage};
use crate::extract::{Segments, instance_id};
use crate::limits::HISTORY_EVENTS_PER_PAGE;
use crate::params::Params;
use crate::router::Shared;

/// One page from `from` on, at most `top` events.
pub(crate) async fn history(
    State(shared): State<Arc<Shared>>,
    Segments(id): Segments<String>,
    params: Params,
) -> Result<Json<HistoryPage>, Problem> {
    let params = params.only(&["from", "top"])?;
    let id = instance_id(&id)?;
    let from = EventId(params.number("from")?.unwrap_or_default()).max(EventId::FIRST);
    let top = params.number("top")?.and_then(|top| usize::try_from(top).ok()).filter(|top| *top > 0);
    let max = top.unwrap_or(HISTORY_EVENTS_PER_PAGE).min(HISTORY_EVENTS_PER_PAGE);
    let row = existing(&shared, &id).await?;
    let events = shared.api.client.history(&id, from, max).await?;
    let next = (events.len() == max).then(|| events.last().map(|event| event.id.next().0)).flatten();
    Ok(Json(HistoryPage {
        instance_id: id.to_string(),
        execution_id: row.state.execution_id.to_string(),
        events: events.iter().map(Event::from).collect(),
        next,
    }))
}
