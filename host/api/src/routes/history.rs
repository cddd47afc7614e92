//! `instances/{id}/history`: the events as they are recorded.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use engine::EventId;
use engine::limits::HISTORY_EVENTS_MAX;

use super::instances::existing;
use crate::answers::to_json;
use crate::dto::HistoryPage;
use crate::extract::{Segments, instance_id};
use crate::journal::Part;
use crate::limits::{HISTORY_EVENTS_PER_PAGE, PAGE_ROOM_BYTES};
use crate::openapi::{InstanceIdText, MissingInstance};
use crate::params::Params;
use crate::router::Shared;
use crate::{Problem, journal};

/// Show a history page by page, as it is recorded
#[utoipa::path(
    get, path = "/instances/{id}/history", tag = "rondo", operation_id = "history",
    params(
        ("id" = inline(InstanceIdText), Path, description = "The instance"),
        ("from" = Option<u64>, Query, description = "The page's first event; 1 without it"),
        ("top" = Option<u64>, Query, description = "At most so many events; never more than 1000, and fewer where they are large"),
    ),
    responses((status = 200, description = "One page", body = HistoryPage), MissingInstance),
)]
pub(crate) async fn history(
    State(shared): State<Arc<Shared>>,
    Segments(id): Segments<String>,
    params: Params,
) -> Result<Response, Problem> {
    let params = params.only(&["from", "top"])?;
    let id = instance_id(&id)?;
    // No history is longer, so what begins later is empty.
    let from = params.number("from")?.unwrap_or_default().min(HISTORY_EVENTS_MAX + 1);
    let from = EventId(from).max(EventId::FIRST);
    let top = params.number("top")?.and_then(|top| usize::try_from(top).ok()).filter(|top| *top > 0);
    let max = top.unwrap_or(HISTORY_EVENTS_PER_PAGE).min(HISTORY_EVENTS_PER_PAGE);
    let room = shared.answers.room(PAGE_ROOM_BYTES).await?;
    let row = existing(&shared, &id).await?;
    let Part { execution_id, events, next } = journal::part(&*shared.api.client, &row, from, max).await?;
    let (instance_id, execution_id) = (id.to_string(), execution_id.to_string());
    let page = HistoryPage { instance_id, execution_id, events, next: next.map(|next| next.0) };
    Ok(room.json(to_json(&page)?))
}
