//! What handlers take out of a request, with problems instead of the framework's own refusals.

use std::sync::Arc;

use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use engine::{InstanceId, Payload, limits};
use serde::de::{DeserializeOwned, IgnoredAny};

use crate::Problem;
use crate::router::Shared;

/// The variable parts of the path, decoded.
#[derive(Debug)]
pub(crate) struct Segments<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Segments<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Path::<T>::from_request_parts(parts, state).await {
            Ok(Path(segments)) => Ok(Self(segments)),
            Err(rejection) => Err(Problem::InvalidRequest(rejection.body_text())),
        }
    }
}

/// An instance id as a client wrote it.
pub(crate) fn instance_id(text: &str) -> Result<InstanceId, Problem> {
    InstanceId::new(text).map_err(|error| Problem::InvalidRequest(format!("instance id: {error}")))
}

/// A body of JSON, kept as the text it is; none for an empty body.
#[derive(Debug)]
pub(crate) struct JsonText(pub(crate) Option<Payload>);

impl FromRequest<Arc<Shared>> for JsonText {
    type Rejection = Problem;

    async fn from_request(request: Request, shared: &Arc<Shared>) -> Result<Self, Problem> {
        let received = shared.inputs.receive(request.into_body(), limits::PAYLOAD_BYTES_MAX).await?;
        let bytes = received.bytes;
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self(None));
        }
        let malformed = |error: &dyn std::fmt::Display| {
            Problem::InvalidRequest(format!("the body is not JSON: {error}; a text needs quotation marks"))
        };
        let text = std::str::from_utf8(&bytes).map_err(|error| malformed(&error))?;
        serde_json::from_str::<IgnoredAny>(text).map_err(|error| malformed(&error))?;
        Ok(Self(Some(Payload::from(text))))
    }
}

/// Refuses a body that does not say that it is JSON, as Durable Functions does for events.
pub(crate) fn says_json(headers: &HeaderMap) -> Result<(), Problem> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if media_type == "application/json" || media_type.ends_with("+json") {
        return Ok(());
    }
    Err(Problem::InvalidRequest("the header content-type must be application/json".to_owned()))
}
