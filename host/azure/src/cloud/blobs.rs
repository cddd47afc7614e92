//! Blobs of an account.

use async_trait::async_trait;
use azure_core::prelude::NextMarker;
use azure_storage::clients::ServiceType;
use azure_storage_blobs::prelude::{BlobClient, ContainerClient};
use futures_util::StreamExt as _;

use super::Cloud;
use super::errors::Failure;
use crate::limits::check_blob_name;
use crate::{BlobPage, Blobs, Container, Error};

/// The code of a blob that is not there, unlike its container.
const ABSENT: &[&str] = &["BlobNotFound"];

impl Cloud {
    fn container(&self, container: Container) -> ContainerClient {
        self.blobs.container_client(self.hub.container(container))
    }

    fn blob(&self, container: Container, name: &str) -> BlobClient {
        self.container(container).blob_client(name)
    }
}

#[async_trait]
impl Blobs for Cloud {
    async fn create_container(&self, container: Container) -> Result<(), Error> {
        match self.container(container).create().await.map_err(|error| Error::from(Failure::from(error))) {
            Ok(()) | Err(Error::Exists) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn delete_container(&self, container: Container) -> Result<(), Error> {
        Ok(self.container(container).delete().await.map_err(Failure::from)?)
    }

    async fn put_blob(&self, container: Container, name: &str, bytes: Vec<u8>) -> Result<(), Error> {
        check_blob_name(name)?;
        self.blob(container, name).put_block_blob(bytes).await.map_err(Failure::from)?;
        Ok(())
    }

    async fn get_blob(&self, container: Container, name: &str) -> Result<Option<Vec<u8>>, Error> {
        // The SDK asks for ranges, one request each, and is refused the first range of an empty blob.
        let url = self.blob(container, name).url().map_err(Failure::from)?;
        match self.read(ServiceType::Blob, url).await {
            Ok(bytes) => Ok(Some(bytes.into())),
            Err(failure) if failure.is_absent(ABSENT) => Ok(None),
            Err(failure) => Err(failure.into()),
        }
    }

    async fn delete_blob(&self, container: Container, name: &str) -> Result<(), Error> {
        match self.blob(container, name).delete().await.map_err(Failure::from) {
            Ok(_) => Ok(()),
            Err(failure) if failure.is_absent(ABSENT) => Ok(()),
            Err(failure) => Err(failure.into()),
        }
    }

    async fn list_blobs(&self, container: Container, prefix: &str, after: Option<&str>) -> Result<BlobPage, Error> {
        let mut request = self.container(container).list_blobs();
        if !prefix.is_empty() {
            request = request.prefix(prefix.to_owned());
        }
        if let Some(after) = after {
            request = request.marker(NextMarker::from(after.to_owned()));
        }
        let mut pages = request.into_stream();
        let Some(page) = pages.next().await else { return Ok(BlobPage::default()) };
        let page = page.map_err(Failure::from)?;
        let names = page.blobs.blobs().map(|blob| blob.name.clone()).collect();
        Ok(BlobPage { names, after: page.next_marker.map(|marker| marker.as_str().to_owned()) })
    }

    fn blob_url(&self, container: Container, name: &str) -> String {
        // The address of the account was checked, so that there always is one.
        self.blob(container, name).url().map(String::from).unwrap_or_default()
    }
}
