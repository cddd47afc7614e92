//! An HTTP client for activities.
//!
//! Requests go through `wasi:http`, which the host grants at deployment, host by host; everything else is refused with
//! kind `http-denied`. Orchestrations have no network: called from one, a request traps.
//!
//! Outside WebAssembly, in a test, requests fail with kind `http-unavailable`; tests replace such activities.
//!
//! ```
//! use rondo::http;
//! use rondo::prelude::*;
//! use serde::Deserialize;
//!
//! #[derive(Deserialize)]
//! struct Rate {
//!     euro: f64,
//! }
//!
//! async fn exchange_rate(ctx: ActivityContext, url: String) -> Result<f64> {
//!     let response = http::get(url).header("accept", "application/json").timeout(secs(10)).send()?;
//!     let rate: Rate = response.error_for_status()?.json()?;
//!     Ok(rate.euro)
//! }
//! ```

#[cfg(not(target_family = "wasm"))]
mod native;
mod request;
mod response;
mod url;
#[cfg(target_family = "wasm")]
mod wasi;

#[cfg(not(target_family = "wasm"))]
use native as backend;
pub use request::{Request, delete, get, patch, post, put};
pub use response::Response;
#[cfg(target_family = "wasm")]
use wasi as backend;

/// The failure kinds of this module.
pub mod kind {
    /// The deployment does not allow this host.
    pub const DENIED: &str = "http-denied";
    /// A part of the exchange took too long.
    pub const TIMEOUT: &str = "http-timeout";
    /// The server could not be found or reached.
    pub const UNREACHABLE: &str = "http-unreachable";
    /// The URL is not one that this client understands. Never retried.
    pub const INVALID_URL: &str = "http-invalid-url";
    /// The request is malformed in another way. Never retried.
    pub const INVALID_REQUEST: &str = "http-invalid-request";
    /// The response is longer than [`RESPONSE_BYTES_MAX`](super::RESPONSE_BYTES_MAX). Never retried.
    pub const TOO_LARGE: &str = "http-too-large";
    /// The server answered with an error; see [`Response::error_for_status`](super::Response::error_for_status).
    pub const STATUS: &str = "http-status";
    /// The response is not the text or the JSON it should be.
    pub const INVALID_RESPONSE: &str = "http-invalid-response";
    /// Anything else between here and the server.
    pub const FAILED: &str = "http-failed";
    /// There is no WebAssembly host.
    pub const UNAVAILABLE: &str = "http-unavailable";
}

/// The longest body that is read: as much as the host accepts as one payload.
pub const RESPONSE_BYTES_MAX: usize = 16 * 1024 * 1024;
