//! `instances/{id}/raiseEvent/{event}`: external events.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use engine::Message;

use super::start::label;
use crate::extract::{JsonText, Segments, instance_id, says_json};
use crate::openapi::{Ended, InstanceIdText, LabelText, MissingInstance, TooMany};
use crate::problem::Needs;
use crate::router::Shared;
use crate::{Problem, ids};

/// Raise an external event
///
/// It is kept until the instance waits for it.
#[utoipa::path(
    post, path = "/instances/{id}/raiseEvent/{event}", tag = "durable-functions", operation_id = "raiseEvent",
    params(
        ("id" = inline(InstanceIdText), Path, description = "The instance"),
        ("event" = inline(LabelText), Path, description = "The event's name"),
    ),
    request_body(content = Option<serde_json::Value>, description = "The data: any JSON, or nothing"),
    responses((status = 202, description = "It was raised"), MissingInstance, Ended, TooMany),
)]
pub(crate) async fn raise(
    State(shared): State<Arc<Shared>>,
    Segments((id, event)): Segments<(String, String)>,
    headers: HeaderMap,
    JsonText(data): JsonText,
) -> Result<StatusCode, Problem> {
    if data.is_some() {
        says_json(&headers)?;
    }
    let name = label(&event).map_err(|error| Problem::InvalidRequest(format!("event name: {error}")))?;
    let key = ids::event_key(shared.api.ids.as_ref());
    let message = Message::RaiseEvent { name, data, key, execution_id: None };
    let sent = shared.api.client.send(&instance_id(&id)?, message).await;
    sent.map_err(|error| Problem::instance(error, Needs::Unended))?;
    Ok(StatusCode::ACCEPTED)
}
