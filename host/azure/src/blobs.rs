//! Blobs: bytes by name.

use async_trait::async_trait;

use crate::Error;

/// A container of the task hub. The medium knows what it is called there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Container {
    /// `{hub}-largemessages`: payloads that do not fit a row or a message.
    LargeMessages,
    /// `{hub}-components`; Rondo's own.
    Components,
    /// `{hub}-leases`: of clients of DurableTask that keep partitions in blobs. Never written.
    Leases,
    /// `{hub}-applease`: every client of DurableTask makes one. Never written.
    AppLease,
}

/// A page of blob names in alphabetical order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BlobPage {
    /// The names.
    pub names: Vec<String>,
    /// Where the next page begins; none after the last.
    pub after: Option<String>,
}

/// Blob requests. Each call is one request.
#[async_trait]
pub trait Blobs: Send + Sync + 'static {
    /// Makes a container. One that exists is fine.
    async fn create_container(&self, container: Container) -> Result<(), Error>;

    /// Removes a container with all that is in it.
    async fn delete_container(&self, container: Container) -> Result<(), Error>;

    /// Writes a whole blob, replacing any of that name.
    ///
    /// # Errors
    /// [`Error::Refused`] for a name that is not found again under it: a segment that is empty or ends with a dot, a
    /// backslash, a control character.
    async fn put_blob(&self, container: Container, name: &str, bytes: Vec<u8>) -> Result<(), Error>;

    /// Reads a whole blob.
    async fn get_blob(&self, container: Container, name: &str) -> Result<Option<Vec<u8>>, Error>;

    /// Removes a blob; none of that name is fine.
    async fn delete_blob(&self, container: Container, name: &str) -> Result<(), Error>;

    /// One page of the names that begin with `prefix`.
    async fn list_blobs(&self, container: Container, prefix: &str, after: Option<&str>) -> Result<BlobPage, Error>;

    /// The address of a blob, as readers of the DurableTask layout expect it in a row. No request.
    fn blob_url(&self, container: Container, name: &str) -> String;
}
