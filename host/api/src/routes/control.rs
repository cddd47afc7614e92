//! `instances/{id}/terminate`, `suspend`, `resume`, `rewind`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use engine::{Message, Payload};

use crate::Problem;
use crate::extract::{Segments, instance_id};
use crate::openapi::{Ended, InstanceIdText, MissingInstance, NotFailed, TooMany};
use crate::params::Params;
use crate::problem::Needs;
use crate::router::Shared;

type Answer = Result<StatusCode, Problem>;

/// End an instance
#[utoipa::path(
    post, path = "/instances/{id}/terminate", tag = "durable-functions", operation_id = "terminate",
    params(
        ("id" = inline(InstanceIdText), Path, description = "The instance"),
        ("reason" = Option<String>, Query, description = "Plain text, kept in the history"),
        ("recurse" = Option<bool>, Query, description = "Its open children, too"),
    ),
    responses((status = 202, description = "It was told"), MissingInstance, Ended, TooMany),
)]
pub(crate) async fn terminate(
    State(shared): State<Arc<Shared>>,
    Segments(id): Segments<String>,
    params: Params,
) -> Answer {
    let params = params.only(&["reason", "recurse"])?;
    let recurse = params.flag("recurse")?.unwrap_or(false);
    let message = Message::Terminate { reason: reason(&params)?, recurse, execution_id: None };
    send(&shared, &id, message, Needs::Unended).await
}

/// Hold back what is sent to an instance
#[utoipa::path(
    post, path = "/instances/{id}/suspend", tag = "durable-functions", operation_id = "suspend",
    params(
        ("id" = inline(InstanceIdText), Path, description = "The instance"),
        ("reason" = Option<String>, Query, description = "Plain text, kept in the history"),
    ),
    responses((status = 202, description = "It was told"), MissingInstance, Ended, TooMany),
)]
pub(crate) async fn suspend(
    State(shared): State<Arc<Shared>>,
    Segments(id): Segments<String>,
    params: Params,
) -> Answer {
    let params = params.only(&["reason"])?;
    send(&shared, &id, Message::Suspend { reason: reason(&params)? }, Needs::Unended).await
}

/// Let a suspended instance go on
#[utoipa::path(
    post, path = "/instances/{id}/resume", tag = "durable-functions", operation_id = "resume",
    params(
        ("id" = inline(InstanceIdText), Path, description = "The instance"),
        ("reason" = Option<String>, Query, description = "Plain text, kept in the history"),
    ),
    responses((status = 202, description = "It was told"), MissingInstance, Ended, TooMany),
)]
pub(crate) async fn resume(
    State(shared): State<Arc<Shared>>,
    Segments(id): Segments<String>,
    params: Params,
) -> Answer {
    let params = params.only(&["reason"])?;
    send(&shared, &id, Message::Resume { reason: reason(&params)? }, Needs::Unended).await
}

/// Reopen a failed instance
#[utoipa::path(
    post, path = "/instances/{id}/rewind", tag = "durable-functions", operation_id = "rewind",
    params(
        ("id" = inline(InstanceIdText), Path, description = "The instance"),
        ("reason" = Option<String>, Query, description = "Plain text, kept in the history"),
    ),
    responses((status = 202, description = "It was told"), MissingInstance, Ended, NotFailed, TooMany),
)]
pub(crate) async fn rewind(
    State(shared): State<Arc<Shared>>,
    Segments(id): Segments<String>,
    params: Params,
) -> Answer {
    let params = params.only(&["reason"])?;
    send(&shared, &id, Message::Rewind { reason: reason(&params)? }, Needs::Failed).await
}

/// Plain text, stored as it is.
fn reason(params: &Params) -> Result<Option<Payload>, Problem> {
    Ok(params.text("reason")?.map(Payload::from))
}

async fn send(shared: &Shared, id: &str, message: Message, needs: Needs) -> Answer {
    let sent = shared.api.client.send(&instance_id(id)?, message).await;
    sent.map_err(|error| Problem::instance(error, needs))?;
    Ok(StatusCode::ACCEPTED)
}
