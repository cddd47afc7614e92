//! `instances/{id}/terminate`, `suspend`, `resume`, `rewind`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use engine::{EngineRevision, EventId, EventKind, InstanceId, Message, Payload, RuntimeStatus};
use store::InstanceError;

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
        ("recurse" = Option<bool>, Query, description = "Its children and theirs, too, even if it has ended itself; but for detached ones"),
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
    let answer = send(&shared, &id, message, Needs::Unended).await?;
    let_go_to_end(&shared, &instance_id(&id)?).await?;
    Ok(answer)
}

/// Lets an instance go that is held for want of a component: nothing is handed out of one that is held, and to end it
/// takes no component. It is no fault if it has moved on meanwhile.
async fn let_go_to_end(shared: &Shared, id: &InstanceId) -> Result<(), Problem> {
    let client = &shared.api.client;
    let held = client.get(id).await?.and_then(|row| row.held);
    if !held.is_some_and(|held| held.is_for_want_of_a_component()) {
        return Ok(());
    }
    match client.release(id, None).await {
        Err(InstanceError::Storage(error)) => Err(error.into()),
        Ok(()) | Err(_) => Ok(()),
    }
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
    send(&shared, &id, Message::Suspend { reason: reason(&params)?, execution_id: None }, Needs::Unended).await
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
    send(&shared, &id, Message::Resume { reason: reason(&params)?, execution_id: None }, Needs::Unended).await
}

/// Reopen a failed instance
///
/// It goes on as it was before the turn that was told of the newest failed activity or child whose failure the instance
/// ended with, or else before the turn that failed; with `toEvent`, before the turn of that event. What was decided since
/// then counts as never having happened, and may be decided again: a compensation that had been completed may run twice.
/// Activities and children that failed since then run again; results of what had been scheduled before stay.
///
/// A client whose header accept names application/json and not application/problem+json gets the detail of a problem as
/// a JSON string: the JavaScript client of Durable Functions shows nothing else.
#[utoipa::path(
    post, path = "/instances/{id}/rewind", tag = "durable-functions", operation_id = "rewind",
    params(
        ("id" = inline(InstanceIdText), Path, description = "The instance"),
        ("reason" = Option<String>, Query, description = "Plain text, kept in the history"),
        ("toEvent" = Option<u64>, Query, description = "The number of an event in the history"),
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
        let reason = reason(&params)?;
        let to_event = params.parsed("toEvent", str::parse::<u64>)?.map(EventId);
        if let Some(event) = to_event {
            check_rewind_to(&shared, &instance_id(&id)?, event).await?;
        }
        let message = Message::Rewind { reason, execution_id: None, asker: None, to_event };
        send(&shared, &id, message, Needs::Failed).await
    };
    rewound.await.map_err(|problem: Problem| problem.for_reader(&headers))
}

/// Says so when a failed instance could make nothing of an event to be rewound to; of others something else is said.
async fn check_rewind_to(shared: &Shared, id: &InstanceId, event: EventId) -> Result<(), Problem> {
    let client = &shared.api.client;
    let Some(row) = client.get(id).await?.filter(|row| row.state.status == RuntimeStatus::Failed) else {
        return Ok(());
    };
    if event < EventId::FIRST || row.last_event.is_none_or(|last| event > last) {
        let last = row.last_event.map_or(0, |last| last.0);
        return Err(Problem::InvalidRequest(format!(
            "query parameter \"toEvent\": the history has events 1 to {last}"
        )));
    }
    let first = client.history(id, EventId::FIRST, 2).await?;
    let is_of_oldest_rules = first.events.iter().any(|event| match &event.kind {
        EventKind::ExecutionStarted(started) => started.engine_revision == EngineRevision::OLDEST,
        _ => false,
    });
    if is_of_oldest_rules {
        let why = "the instance began on an earlier version, whose histories can be rewound only without it";
        return Err(Problem::InvalidRequest(format!("query parameter \"toEvent\": {why}")));
    }
    Ok(())
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
