//! `instances/{id}/restart`: once more with the same input.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

use super::instances::existing;
use super::start::Begin;
use super::wait::Patience;
use crate::caller::Caller;
use crate::dto::Started;
use crate::extract::{Segments, instance_id};
use crate::openapi::{Conflicts, InstanceIdText, MissingInstance, TooMany};
use crate::params::Params;
use crate::router::Shared;
use crate::{Problem, ids};

/// Start an orchestration once more, with the input that an instance had
///
/// On the newest component that offers it. Under the same id only once that instance has ended.
#[utoipa::path(
    post, path = "/instances/{id}/restart", tag = "durable-functions", operation_id = "restart",
    params(
        ("id" = inline(InstanceIdText), Path, description = "The instance"),
        ("restartWithNewInstanceId" = Option<bool>, Query, description = "Under a fresh random id; true without it"),
        ("timeout" = Option<f64>, Query, minimum = 0, description = "With pollingInterval: wait for the end so many seconds"),
        ("pollingInterval" = Option<f64>, Query, minimum = 0, description = "With timeout: seconds; the end is noticed at once"),
    ),
    responses(
        (status = 202, description = "It will run", body = Started),
        (status = 200, description = "It ended in time: its output if it completed, else its status", body = serde_json::Value),
        MissingInstance, Conflicts, TooMany,
    ),
)]
pub(crate) async fn restart(
    State(shared): State<Arc<Shared>>,
    caller: Caller,
    Segments(id): Segments<String>,
    params: Params,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let under_new_id = params.flag("restartWithNewInstanceId")?.unwrap_or(true);
    let patience = Patience::of(&params)?;
    let row = existing(&shared, &instance_id(&id)?).await?;
    shared.catalog.offering(&row.state.name).await?;
    let id = if under_new_id { ids::instance_id(shared.api.ids.as_ref()) } else { row.state.instance_id };
    let begin = Begin {
        version: row.state.version,
        tags: row.state.tags,
        ..Begin::new(id, row.state.name, row.state.input, &headers)
    };
    begin.accept(&shared, &caller, patience).await
}
