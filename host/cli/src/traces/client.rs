//! The exporter's HTTP client: the one that Azure Storage is reached with.

use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};

use crate::limits::{CONNECT_TIMEOUT, TRACE_ANSWER_BYTES_MAX, TRACE_REQUEST_TIMEOUT};

/// Sends batches. Follows no redirects: spans go where they are told to.
#[derive(Debug)]
pub(super) struct Client(reqwest::Client);

impl Client {
    pub(super) fn new() -> reqwest::Result<Self> {
        let builder = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TRACE_REQUEST_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none());
        Ok(Self(builder.build()?))
    }
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let mut answer = self.0.execute(request.try_into()?).await?;
        let mut response = Response::builder().status(answer.status());
        if let Some(headers) = response.headers_mut() {
            *headers = std::mem::take(answer.headers_mut());
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await? {
            if body.len() + chunk.len() > TRACE_ANSWER_BYTES_MAX {
                return Err(format!("the answer exceeds {TRACE_ANSWER_BYTES_MAX} bytes").into());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(response.body(body.into())?)
    }
}
