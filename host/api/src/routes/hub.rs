//! `hub`: how this host and its task hub are.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use super::health;
use crate::dto::HubStatus;
use crate::params::Params;
use crate::router::Shared;
use crate::{HubFacts, Problem};

/// Show how this host and its task hub are
#[utoipa::path(
    get, path = "/hub", tag = "rondo", operation_id = "hubStatus",
    responses((status = 200, description = "How they are", body = HubStatus)),
)]
pub(crate) async fn status(State(shared): State<Arc<Shared>>, params: Params) -> Result<Json<HubStatus>, Problem> {
    params.only(&[])?;
    let HubFacts { store, hub, worker, storage } = shared.api.hub.facts().await?;
    Ok(Json(HubStatus {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        status: health::word(&shared.api.readiness).to_owned(),
        store,
        hub,
        worker,
        storage,
    }))
}
