//! `instances/{id}/history/stream`: the events as they are recorded, by server-sent events.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::sse::{KeepAlive, Sse};
use axum::response::{IntoResponse, Response};

use super::instances::existing;
use crate::Problem;
use crate::extract::{Segments, instance_id};
use crate::follow::{Position, follow};
use crate::limits::{FOLLOW_KEEP_ALIVE, STREAMS_AT_ONCE_MAX};
use crate::openapi::{InstanceIdText, MissingInstance, PositionText, TooMany};
use crate::params::Params;
use crate::router::Shared;

/// Sent by a reader that comes back: the id of the last message that it has.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// One message, as readers of server-sent events see it.
#[derive(utoipa::ToSchema)]
#[allow(dead_code, reason = "it stands for its members")]
struct MessageText {
    /// execution, history, problem or end; other kinds may follow
    event: Option<String>,
    /// JSON
    data: Option<String>,
    /// What Last-Event-ID takes
    id: Option<String>,
    /// Milliseconds until a reader is to come back after it has lost the connection
    retry: Option<u64>,
}

/// Follow a history
///
/// Messages are `execution` (its id, before its first event), `history` (one event; its id is what `Last-Event-ID`
/// takes), `problem` (a problem document, before the connection is closed), and `end` (the status; nothing follows).
/// When the instance continues as new, the events of its next execution follow.
#[utoipa::path(
    get, path = "/instances/{id}/history/stream", tag = "rondo", operation_id = "followHistory",
    params(
        ("id" = inline(InstanceIdText), Path, description = "The instance"),
        ("last-event-id" = inline(Option<PositionText>), Header, description = "The id of the last message that the reader has"),
    ),
    responses(
        (status = 200, description = "Messages until the instance ends", content_type = "text/event-stream", body = inline(MessageText)),
        (status = 204, description = "The reader has everything, and nothing will follow"),
        MissingInstance, TooMany,
    ),
)]
pub(crate) async fn stream(
    State(shared): State<Arc<Shared>>,
    Segments(id): Segments<String>,
    params: Params,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    params.only(&[])?;
    let id = instance_id(&id)?;
    let position = match headers.get(LAST_EVENT_ID).map(|value| value.to_str().unwrap_or_default()) {
        None | Some("") => None,
        Some(text) => Some(Position::parse(text)?),
    };
    let row = existing(&shared, &id).await?;
    if position.is_some_and(|position| position.is_the_end_of(&row)) {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let permit = Arc::clone(&shared.streams).try_acquire_owned();
    let permit = permit.map_err(|_| Problem::TooManyStreams { limit: STREAMS_AT_ONCE_MAX })?;
    let messages = Sse::new(follow(Arc::clone(&shared), id, position, permit));
    let messages = messages.keep_alive(KeepAlive::new().interval(FOLLOW_KEEP_ALIVE).text("still here"));
    // Proxies that collect an answer before they pass it on would make following pointless.
    let headers = [(header::CACHE_CONTROL, "no-store"), (HeaderName::from_static("x-accel-buffering"), "no")];
    Ok((headers, messages).into_response())
}
