//! `health/live` and `health/ready`: for supervisors and load balancers.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::Phase;
use crate::router::Shared;

/// What needs no key.
pub(crate) const PATHS: [&str; 2] = ["/rondo/health/live", "/rondo/health/ready"];

pub(crate) async fn live() -> Json<Value> {
    Json(json!({"status": "live"}))
}

pub(crate) async fn ready(State(shared): State<Arc<Shared>>) -> (StatusCode, Json<Value>) {
    let (code, status) = match shared.api.readiness.phase() {
        Phase::Starting => (StatusCode::SERVICE_UNAVAILABLE, "starting"),
        Phase::Ready if !shared.api.readiness.is_healthy() => (StatusCode::SERVICE_UNAVAILABLE, "unhealthy"),
        Phase::Ready => (StatusCode::OK, "ready"),
        Phase::Stopping => (StatusCode::SERVICE_UNAVAILABLE, "stopping"),
    };
    (code, Json(json!({"status": status})))
}
