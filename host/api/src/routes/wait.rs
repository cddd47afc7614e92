//! `instances/{id}/wait`: a long poll.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use engine::InstanceId;
use store::InstanceRow;

use super::instances::existing;
use crate::Problem;
use crate::dto::InstanceStatus;
use crate::extract::{Segments, instance_id};
use crate::limits::{WAIT_DEFAULT, WAIT_MAX};
use crate::params::Params;
use crate::router::Shared;

/// Answers 200 once the instance has ended, 202 when the time is over or the host stops.
///
/// With `seen`, a revision from an earlier answer, it answers 202 as soon as there is a later one, too.
pub(crate) async fn wait(
    State(shared): State<Arc<Shared>>,
    Segments(id): Segments<String>,
    params: Params,
) -> Result<(StatusCode, Json<InstanceStatus>), Problem> {
    let params = params.only(&["timeout_ms", "seen"])?;
    let timeout = params.number("timeout_ms")?.map_or(WAIT_DEFAULT, Duration::from_millis).min(WAIT_MAX);
    let seen = params.number("seen")?;
    let row = until(&shared, instance_id(&id)?, timeout, seen).await?;
    let code = if row.state.status.is_terminal() { StatusCode::OK } else { StatusCode::ACCEPTED };
    Ok((code, Json(InstanceStatus::of(&row, true))))
}

async fn until(shared: &Shared, id: InstanceId, timeout: Duration, seen: Option<u64>) -> Result<InstanceRow, Problem> {
    let mut row = existing(shared, &id).await?;
    let timed_out = tokio::time::sleep(timeout);
    tokio::pin!(timed_out);
    let is_news = |row: &InstanceRow| row.state.status.is_terminal() || seen.is_some_and(|seen| row.revision > seen);
    while !is_news(&row) {
        tokio::select! {
            changed = shared.api.client.changed(&id, row.revision) => {
                row = changed?.ok_or_else(|| Problem::InstanceNotFound(id.clone()))?;
            }
            () = &mut timed_out => break,
            () = shared.api.readiness.stopping() => break,
        }
    }
    Ok(row)
}
