//! `instances/{id}/terminate`, `suspend`, `resume`, `rewind`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
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
    send(&shared, &id, Message::Resume { reason: reason(&params)? }, Needs::Unended).await
}

/// Reopen a failed instance
///
/// A client whose header accept names application/json and not application/problem+json gets the detail of a problem as
/// a JSON string: the JavaScript client of Durable Functions shows nothing else.
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
    headers: HeaderMap,
) -> Result<StatusCode, Response> {
    let rewound = async {
        let message = Message::Rewind { reason: reason(&params)? };
        send(&shared, &id, message, Needs::Failed).await
    };
    rewound.await.map_err(|problem: Problem| problem.for_reader(&headers))
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
