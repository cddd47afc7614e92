//! `openapi.json`: what calls there are.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::Problem;
use crate::params::Params;
use crate::router::Shared;

/// The OpenAPI document of all calls
#[utoipa::path(
    get, path = "/openapi.json", tag = "rondo", operation_id = "openApi",
    responses((status = 200, description = "An OpenAPI 3.1 document", body = serde_json::Value)),
)]
pub(crate) async fn openapi(State(shared): State<Arc<Shared>>, params: Params) -> Result<Response, Problem> {
    params.only(&[])?;
    let content_type = [(header::CONTENT_TYPE, "application/json")];
    Ok((content_type, Arc::clone(&shared.document).to_string()).into_response())
}
