//! Payloads that do not fit their row: written before it, read after it.

use azure::{Container, Error};
use futures_util::{FutureExt as _, StreamExt as _, TryStreamExt as _, stream};
use store::{NewerEngineRevision, Outcome, StorageError};

use crate::core::Core;
use crate::layout::{LayoutError, Overflow};
use crate::{limits, steady};

impl Core {
    /// Stores blobs; each may be stored more than once.
    pub(crate) async fn put_large(&self, blobs: Vec<Overflow>) -> Result<(), Error> {
        let mut puts = Vec::with_capacity(blobs.len());
        for blob in &blobs {
            puts.push(self.put_blob(blob).boxed());
        }
        stream::iter(puts).buffer_unordered(limits::PARALLEL_REQUESTS_MAX).try_collect().await
    }

    async fn put_blob(&self, blob: &Overflow) -> Result<(), Error> {
        let Overflow { name, bytes } = blob;
        steady::repeat(|| self.medium.put_blob(Container::LargeMessages, name, bytes.clone())).await
    }

    /// The content of a blob.
    pub(crate) async fn large(&self, name: &str) -> Result<Vec<u8>, Unread> {
        let get = || self.medium.get_blob(Container::LargeMessages, name);
        let bytes = steady::repeat(get).await?;
        bytes.ok_or_else(|| Unread::Damaged(format!("blob {name} is missing")))
    }

    /// The address below which blobs are, as rows point at them.
    pub(crate) fn container_url(&self) -> String {
        self.medium.blob_url(Container::LargeMessages, "").trim_end_matches('/').to_owned()
    }
}

/// Why something that is stored was not read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unread {
    /// Storage failed.
    #[error(transparent)]
    Storage(#[from] Error),
    /// The blob of a message was removed: by a purge of its receiver, or by somebody who should not have.
    #[error("blob {0} is missing")]
    Gone(String),
    /// What is stored is not what was written.
    #[error("{0}")]
    Damaged(String),
    /// A newer build has begun it.
    #[error(transparent)]
    Newer(#[from] NewerEngineRevision),
}

impl Unread {
    /// Damage is a failure for good.
    pub(crate) fn into_storage(self, operation: &'static str) -> StorageError {
        match self {
            Self::Storage(error) => steady::failure(operation, error),
            Self::Gone(_) => StorageError::new(operation, Outcome::Permanent, self),
            Self::Damaged(problem) => StorageError::new(operation, Outcome::Permanent, problem),
            Self::Newer(newer) => newer.into_storage_error(operation),
        }
    }
}

impl From<LayoutError> for Unread {
    fn from(error: LayoutError) -> Self {
        Self::Damaged(error.to_string())
    }
}
