//! Requests.

use std::time::Duration;

use serde::Serialize;

use super::{Response, backend, kind, url};
use crate::{Error, Result};

/// A request on its way. Build it, then [`send`](Self::send) it.
#[derive(Debug)]
#[must_use = "nothing happens until it is sent"]
pub struct Request {
    pub(super) method: String,
    pub(super) url: String,
    pub(super) headers: Vec<(String, Vec<u8>)>,
    pub(super) body: Vec<u8>,
    pub(super) timeout: Option<Duration>,
    /// What went wrong while it was built.
    broken: Option<Error>,
}

/// `GET`.
pub fn get(url: impl Into<String>) -> Request {
    Request::new("GET", url)
}

/// `POST`.
pub fn post(url: impl Into<String>) -> Request {
    Request::new("POST", url)
}

/// `PUT`.
pub fn put(url: impl Into<String>) -> Request {
    Request::new("PUT", url)
}

/// `PATCH`.
pub fn patch(url: impl Into<String>) -> Request {
    Request::new("PATCH", url)
}

/// `DELETE`.
pub fn delete(url: impl Into<String>) -> Request {
    Request::new("DELETE", url)
}

impl Request {
    /// A request with any method. The URL begins with `http://` or `https://`.
    pub fn new(method: impl Into<String>, url: impl Into<String>) -> Self {
        Self {
            method: method.into(),
            url: url.into(),
            headers: Vec::new(),
            body: Vec::new(),
            timeout: None,
            broken: None,
        }
    }

    /// One more header.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into().into_bytes()));
        self
    }

    /// The body, as it is.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// The body as JSON, with the content type that says so.
    pub fn json(mut self, body: &impl Serialize) -> Self {
        match serde_json::to_vec(body) {
            Ok(body) => self.header("content-type", "application/json").body(body),
            Err(error) => {
                self.broken = Some(Error::new(crate::kind::NOT_SERIALIZABLE, error.to_string()).non_retriable());
                self
            }
        }
    }

    /// How long each of these may take: to connect, to get the first byte, to get the next one.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sends it and waits for the whole response, whatever its status is.
    ///
    /// # Errors
    /// The request is malformed, may not be sent, or got no complete response; see [`kind`].
    pub fn send(mut self) -> Result<Response> {
        if let Some(error) = self.broken.take() {
            return Err(error);
        }
        let url = url::Url::parse(&self.url).ok_or_else(|| {
            Error::new(kind::INVALID_URL, format!("not an absolute http or https URL: {:?}", self.url)).non_retriable()
        })?;
        backend::send(&self, &url)
    }
}
