//! `components`: deploying, listing, downloading, activating.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use store::{ComponentRecord, HeldReason, InstanceError, InstanceFilter, StorageError, limits::COMPONENT_BYTES_MAX};

use super::start::label;
use crate::dto::{Component, Deployment, Released, Releases};
use crate::extract::Segments;
use crate::limits::{GRANTS_BYTES_MAX, RELEASES_NAMED_MAX, RELEASES_PER_DEPLOYMENT_MAX};
use crate::openapi::{DigestText, FileBytes, LabelText, MissingComponent, NotDeployable};
use crate::params::Params;
use crate::router::Shared;
use crate::{Problem, Upload};

/// The grants of a deployment, as a JSON object.
const GRANTS: &str = "x-rondo-grants";

/// Deploy a component
///
/// What it offers can be started from then on, and held instances that it can cure go on.
#[utoipa::path(
    post, path = "/components", tag = "rondo", operation_id = "deploy",
    params(
        ("name" = inline(LabelText), Query, description = "What to call it"),
        ("grants" = Option<String>, Query, description = "What its activities may reach: a JSON object"),
        ("x-rondo-grants" = Option<String>, Header, description = "The same, escaped to ASCII"),
    ),
    request_body(content = inline(FileBytes), content_type = "application/octet-stream", description = "The file, under any content type"),
    responses((status = 201, description = "It is deployed", body = Deployment), NotDeployable),
)]
pub(crate) async fn deploy(
    State(shared): State<Arc<Shared>>,
    params: Params,
    request: Request,
) -> Result<(StatusCode, Json<Deployment>), Problem> {
    let params = params.only(&["name", "grants"])?;
    let name = params.parsed("name", label)?;
    let name = name.ok_or_else(|| Problem::InvalidRequest("query parameter \"name\" is needed".to_owned()))?;
    let grants = grants(&params, &request)?;
    let record = {
        // The file first: whoever is slow to send one keeps nobody else from deploying.
        let file = shared.uploads.receive(request.into_body(), COMPONENT_BYTES_MAX).await?;
        let _permit = shared.deployments.acquire().await.map_err(|error| Problem::Internal(error.to_string()))?;
        shared.api.deployer.deploy(Upload { name, bytes: file.bytes, grants }).await?
    };
    Ok((StatusCode::CREATED, Json(deployed(&shared, &record).await)))
}

/// Make a component the newest of all its names again
///
/// The same as deploying its file anew, with the grants that it has.
#[utoipa::path(
    post, path = "/components/{digest}/activate", tag = "rondo", operation_id = "activate",
    params(("digest" = inline(DigestText), Path, description = "Its digest, or the beginning of it")),
    responses((status = 200, description = "It is the newest", body = Deployment), MissingComponent, NotDeployable),
)]
pub(crate) async fn activate(
    State(shared): State<Arc<Shared>>,
    Segments(digest): Segments<String>,
    params: Params,
) -> Result<Json<Deployment>, Problem> {
    params.only(&[])?;
    let record = shared.catalog.component(&digest).await?;
    let record = {
        let _permit = shared.deployments.acquire().await.map_err(|error| Problem::Internal(error.to_string()))?;
        let bytes = shared.api.components.component_bytes(&record.digest).await?;
        let bytes = bytes.ok_or(Problem::ComponentNotFound(digest))?;
        shared.api.deployer.deploy(Upload { name: record.name, bytes, grants: Some(record.grants) }).await?
    };
    Ok(Json(deployed(&shared, &record).await))
}

/// What follows a deployment, which stands whatever becomes of this.
async fn deployed(shared: &Shared, record: &ComponentRecord) -> Deployment {
    if let Err(error) = shared.catalog.refresh().await {
        tracing::warn!(operation = error.operation, "the list of components was not read again");
    }
    let released = release_held(shared, record).await;
    tracing::info!(component = %record.digest, name = record.name, released = released.count, "component deployed");
    Deployment { component: Component::from(record), released }
}

/// List the deployed components, newest first
#[utoipa::path(
    get, path = "/components", tag = "rondo", operation_id = "components",
    responses((status = 200, description = "All of them", body = Vec<Component>)),
)]
pub(crate) async fn list(State(shared): State<Arc<Shared>>, params: Params) -> Result<Json<Vec<Component>>, Problem> {
    params.only(&[])?;
    Ok(Json(shared.catalog.refresh().await?.iter().map(Component::from).collect()))
}

/// Download a component: the file as it was deployed
#[utoipa::path(
    get, path = "/components/{digest}", tag = "rondo", operation_id = "download",
    params(("digest" = inline(DigestText), Path, description = "Its digest, or the beginning of it")),
    responses(
        (status = 200, description = "The file", content_type = "application/wasm", body = inline(FileBytes)),
        MissingComponent,
    ),
)]
pub(crate) async fn download(
    State(shared): State<Arc<Shared>>,
    Segments(digest): Segments<String>,
    params: Params,
) -> Result<Response, Problem> {
    params.only(&[])?;
    let record = shared.catalog.component(&digest).await?;
    let room = shared.answers.room(usize::try_from(record.bytes).unwrap_or(COMPONENT_BYTES_MAX)).await?;
    let bytes = shared.api.components.component_bytes(&record.digest).await?;
    let bytes = bytes.ok_or(Problem::ComponentNotFound(digest))?;
    Ok(room.holding(bytes, "application/wasm"))
}

fn grants(params: &Params, request: &Request) -> Result<Option<String>, Problem> {
    let malformed = |problem: &str| Problem::InvalidRequest(format!("the header {GRANTS} {problem}"));
    let in_header = match request.headers().get(GRANTS) {
        Some(value) => Some(value.to_str().map_err(|_| malformed("holds more than ASCII: escape it as JSON does"))?),
        None => None,
    };
    let Some(text) = in_header.or(params.text("grants")?) else { return Ok(None) };
    if text.len() > GRANTS_BYTES_MAX {
        return Err(malformed(&format!("exceeds {GRANTS_BYTES_MAX} bytes")));
    }
    match serde_json::from_str(text) {
        Ok(serde_json::Value::Object(_)) => Ok(Some(text.to_owned())),
        Ok(_) | Err(_) => Err(malformed("must be a JSON object")),
    }
}

/// Pins held instances that the component can cure to it, and lets them go on.
async fn release_held(shared: &Shared, record: &ComponentRecord) -> Releases {
    let mut releases = Releases::default();
    for name in &record.orchestrations {
        if let Err(error) = release_held_of(shared, record, name, &mut releases).await {
            tracing::warn!(operation = error.operation, name, "held instances were not all released");
            releases.incomplete = Some(format!("{error}: deploy the same file again to go on"));
        }
    }
    releases
}

async fn release_held_of(
    shared: &Shared,
    record: &ComponentRecord,
    name: &str,
    releases: &mut Releases,
) -> Result<(), StorageError> {
    let mut filter = InstanceFilter { name: Some(name.to_owned()), held: true, ..InstanceFilter::default() };
    loop {
        let page = shared.api.client.list(&filter).await?;
        for row in page.rows {
            let Some(held) = row.held.filter(HeldReason::is_for_want_of_a_component) else { continue };
            if releases.count >= RELEASES_PER_DEPLOYMENT_MAX as u64 {
                releases.incomplete = Some("there are more: deploy the same file again to go on".to_owned());
                return Ok(());
            }
            let id = row.state.instance_id;
            match shared.api.client.release(&id, Some(record.digest)).await {
                Ok(()) => {
                    releases.count += 1;
                    if releases.instances.len() < RELEASES_NAMED_MAX {
                        releases.instances.push(Released { instance_id: id.to_string(), held: held.code });
                    }
                }
                Err(InstanceError::Storage(error)) => return Err(error),
                // It was purged or has moved on since it was listed.
                Err(_) => {}
            }
        }
        let Some(continuation) = page.continuation else { return Ok(()) };
        filter.continuation = Some(continuation);
    }
}
