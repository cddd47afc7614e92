//! Requests of our own, where the SDK's client for them is of no use; sent and signed like its own.

use azure_core::headers::Headers;
use azure_core::{Context, Method, Url};
use azure_storage::clients::{ServiceType, finalize_request};
use bytes::Bytes;

use super::Cloud;
use super::errors::Failure;

impl Cloud {
    /// The whole answer to a request without a body.
    pub(super) async fn read(&self, service: ServiceType, url: Url) -> Result<Bytes, Failure> {
        let mut request = finalize_request(url, Method::Get, Headers::new(), None)?;
        let mut context = Context::new();
        let answer = self.pipeline.send(context.insert(service), &mut request).await?;
        Ok(answer.into_body().collect().await?)
    }
}
