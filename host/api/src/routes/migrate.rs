//! `instances/{id}/migrate`: another component for an instance, and the end of a hold.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use super::instances::existing;
use crate::Problem;
use crate::dto::InstanceStatus;
use crate::extract::{Segments, instance_id};
use crate::openapi::{Conflicts, DigestText, Ended, InstanceIdText, MissingInstance, TooMany};
use crate::params::Params;
use crate::problem::Needs;
use crate::router::Shared;

/// Move an instance to another component, and end a hold
#[utoipa::path(
    post, path = "/instances/{id}/migrate", tag = "rondo", operation_id = "migrate",
    params(
        ("id" = inline(InstanceIdText), Path, description = "The instance"),
        ("component" = inline(Option<DigestText>), Query, description = "The digest, or its beginning; without it the newest that offers the orchestration"),
    ),
    responses(
        (status = 202, description = "It goes on", body = InstanceStatus),
        MissingInstance, Conflicts, Ended, TooMany,
    ),
)]
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
