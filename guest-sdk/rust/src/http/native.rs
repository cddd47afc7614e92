//! No network outside a WebAssembly host: what a test would reach must be the test's decision.

use super::url::Url;
use super::{Request, Response, kind};
use crate::{Error, Result};

/// Always fails.
pub(super) fn send(request: &Request, _: &Url<'_>) -> Result<Response> {
    let message =
        format!("{} {} needs a WebAssembly host; replace the activity in a test", request.method, request.url);
    Err(Error::new(kind::UNAVAILABLE, message).non_retriable())
}
