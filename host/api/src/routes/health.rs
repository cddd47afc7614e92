//! `health/live` and `health/ready`: for supervisors and load balancers.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::Serialize;
use utoipa::ToSchema;

use crate::guard::{Granted, Permission};
use crate::paths;
use crate::router::Shared;
use crate::{Phase, Readiness};

/// What needs no key.
pub(crate) const PATHS: [&str; 2] = ["/rondo/health/live", "/rondo/health/ready"];

/// Whether a request for this path, as a client writes it, is about how the host is.
pub fn is_health(path: &str) -> bool {
    PATHS.contains(&path) || paths::canonical_path(path).is_some_and(|path| PATHS.contains(&path.as_str()))
}

/// In a word.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    /// `live`; or `starting`, `ready`, `unhealthy` or `stopping`.
    status: &'static str,
    /// Why it is `unhealthy`; only for those who may read.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

/// Tell whether the process runs
#[utoipa::path(
    get, path = "/health/live", tag = "rondo", operation_id = "live",
    responses((status = 200, description = "It runs", body = Health)),
)]
pub(crate) async fn live() -> Json<Health> {
    Json(Health { status: "live", problem: None })
}

/// Tell whether the host takes work
#[utoipa::path(
    get, path = "/health/ready", tag = "rondo", operation_id = "ready",
    responses(
        (status = 200, description = "It does", body = Health),
        (status = 503, description = "It does not", body = Health),
    ),
)]
pub(crate) async fn ready(
    State(shared): State<Arc<Shared>>,
    Extension(Granted(permission)): Extension<Granted>,
) -> (StatusCode, Json<Health>) {
    let readiness = &shared.api.readiness;
    let status = word(readiness);
    let code = if status == READY { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let may_know = matches!(permission, Some(Permission::Full | Permission::Read));
    let problem = if may_know && status == UNHEALTHY { readiness.problem() } else { None };
    (code, Json(Health { status, problem }))
}

const READY: &str = "ready";
const UNHEALTHY: &str = "unhealthy";

/// How the host is, in a word.
pub(super) fn word(readiness: &Readiness) -> &'static str {
    match readiness.phase() {
        Phase::Starting => "starting",
        Phase::Ready if readiness.problem().is_some() => UNHEALTHY,
        Phase::Ready => READY,
        Phase::Stopping => "stopping",
    }
}
