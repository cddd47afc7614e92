//! `instances/{id}/terminate`, `suspend`, `resume`, `rewind`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use engine::{Message, Payload};

use crate::Problem;
use crate::extract::{Segments, instance_id};
use crate::params::Params;
use crate::problem::Needs;
use crate::router::Shared;

type Answer = Result<StatusCode, Problem>;

/// Ends the instance; with `recurse` its open children too.
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

/// Holds back what is sent to the instance.
pub(crate) async fn suspend(
    State(shared): State<Arc<Shared>>,
    Segments(id): Segments<String>,
    params: Params,
) -> Answer {
    let params = params.only(&["reason"])?;
    send(&shared, &id, Message::Suspend { reason: reason(&params)? }, Needs::Unended).await
}

/// Delivers again.
pub(crate) async fn resume(
    State(shared): State<Arc<Shared>>,
    Segments(id): Segments<String>,
    params: Params,
) -> Answer {
    let params = params.only(&["reason"])?;
    send(&shared, &id, Message::Resume { reason: reason(&params)? }, Needs::Unended).await
}

/// Reopens a failed instance.
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
