//! `/metrics`: numbers for a monitoring system.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::Problem;
use crate::params::Params;
use crate::router::Shared;

/// What a key for the metrics is enough for.
pub(crate) const PATH: &str = "/metrics";

/// What Prometheus calls the format.
const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Show the metrics of this host
#[utoipa::path(
    get, path = "/metrics", tag = "rondo", operation_id = "metrics",
    responses((
        status = 200, description = "In the OpenMetrics text format",
        body = String, content_type = "application/openmetrics-text",
    )),
)]
pub(crate) async fn metrics(State(shared): State<Arc<Shared>>, params: Params) -> Result<Response, Problem> {
    params.only(&[])?;
    Ok(([(header::CONTENT_TYPE, CONTENT_TYPE)], shared.api.hub.metrics()).into_response())
}
