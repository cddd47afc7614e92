//! Blobs of the fake.

use std::collections::BTreeMap;
use std::ops::Bound;

use async_trait::async_trait;

use super::FakeMedium;
use crate::limits::check_blob_name;
use crate::{BlobPage, Blobs, Container, Error};

/// The blobs of a container by name.
pub(super) type Bytes = BTreeMap<String, Vec<u8>>;

impl FakeMedium {
    fn container<R>(&self, container: Container, then: impl FnOnce(&mut Bytes) -> R) -> Result<R, Error> {
        self.state().containers.get_mut(&self.hub.container(container)).map(then).ok_or(Error::NotFound)
    }
}

/// What is left of a name in the address of its blob.
fn addressed(name: &str) -> String {
    let segments = name.trim_matches('/').split('/').filter(|segment| !matches!(*segment, "." | ".."));
    segments.collect::<Vec<_>>().join("/")
}

#[async_trait]
impl Blobs for FakeMedium {
    async fn create_container(&self, container: Container) -> Result<(), Error> {
        self.state().containers.entry(self.hub.container(container)).or_default();
        Ok(())
    }

    async fn delete_container(&self, container: Container) -> Result<(), Error> {
        self.state().containers.remove(&self.hub.container(container)).map(drop).ok_or(Error::NotFound)
    }

    async fn put_blob(&self, container: Container, name: &str, bytes: Vec<u8>) -> Result<(), Error> {
        check_blob_name(name)?;
        self.container(container, |blobs| drop(blobs.insert(name.to_owned(), bytes)))
    }

    async fn get_blob(&self, container: Container, name: &str) -> Result<Option<Vec<u8>>, Error> {
        self.container(container, |blobs| blobs.get(&addressed(name)).cloned())
    }

    async fn delete_blob(&self, container: Container, name: &str) -> Result<(), Error> {
        self.container(container, |blobs| drop(blobs.remove(&addressed(name))))
    }

    async fn list_blobs(&self, container: Container, prefix: &str, after: Option<&str>) -> Result<BlobPage, Error> {
        let page_rows = self.page_rows();
        let begin = after.unwrap_or(prefix);
        self.container(container, |blobs| {
            let range = blobs.range::<str, _>((Bound::Included(begin), Bound::Unbounded));
            let mut found = range.map(|(name, _)| name).take_while(|name| name.starts_with(prefix));
            let names: Vec<String> = found.by_ref().take(page_rows).cloned().collect();
            BlobPage { names, after: found.next().cloned() }
        })
    }

    fn blob_url(&self, container: Container, name: &str) -> String {
        format!("https://fake.blob.core.windows.net/{}/{name}", self.hub.container(container))
    }
}
