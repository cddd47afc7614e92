//! What the API needs of whoever understands component files.

use async_trait::async_trait;
use store::{ComponentRecord, StorageError};

/// A file that somebody wants to deploy, unchecked.
#[derive(Debug, Clone)]
pub struct Upload {
    /// What the deployer calls it.
    pub name: String,
    /// The file.
    pub bytes: Vec<u8>,
    /// What its activities may reach: a JSON object, or none for nothing.
    pub grants: Option<String>,
}

/// Why a file was not deployed. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeployError {
    /// The file or its grants cannot be used.
    #[error("{problem}")]
    NotDeployable {
        /// What is wrong with it.
        problem: String,
        /// What to do about it.
        remedy: String,
    },
    /// The medium failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Checks, prepares and stores component files.
#[async_trait]
pub trait Deployer: Send + Sync + 'static {
    /// After `Ok` the component is stored and serves new instances of its names.
    async fn deploy(&self, upload: Upload) -> Result<ComponentRecord, DeployError>;
}
