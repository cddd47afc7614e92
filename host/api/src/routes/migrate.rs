//! `instances/{id}/migrate`: another component for an instance, and the end of a hold.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use super::instances::existing;
use crate::Problem;
use crate::dto::InstanceStatus;
use crate::extract::{Segments, instance_id};
use crate::params::Params;
use crate::problem::Needs;
use crate::router::Shared;

/// Pins the instance to `component`, or to the newest that offers its orchestration, and lets it go on.
pub(crate) async fn migrate(
    State(shared): State<Arc<Shared>>,
    Segments(id): Segments<String>,
    params: Params,
) -> Result<(StatusCode, Json<InstanceStatus>), Problem> {
    let params = params.only(&["component"])?;
    let id = instance_id(&id)?;
    let row = existing(&shared, &id).await?;
    // Another host may have deployed a newer one.
    shared.catalog.refresh().await?;
    let component = shared.catalog.choose(&row.state.name, params.text("component")?).await?;
    let released = shared.api.client.release(&id, Some(component.digest)).await;
    released.map_err(|error| Problem::instance(error, Needs::Unended))?;
    let row = existing(&shared, &id).await?;
    Ok((StatusCode::ACCEPTED, Json(InstanceStatus::of(&row, true))))
}
