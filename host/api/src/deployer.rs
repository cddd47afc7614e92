//! What the API needs of whoever understands component files.

use std::fmt;

use async_trait::async_trait;
use store::{ComponentRecord, StorageError};

/// A file that somebody wants to deploy, unchecked.
#[derive(Clone)]
pub struct Upload {
    /// What the deployer calls it.
    pub name: String,
    /// The file.
    pub bytes: Vec<u8>,
    /// What its activities may reach: a JSON object, or none for nothing.
    pub grants: Option<String>,
}

/// Grants carry secrets, so they are left out, and so is the file.
impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, bytes, grants: _ } = self;
        f.debug_struct("Upload").field("name", name).field("length", &bytes.len()).finish_non_exhaustive()
    }
}

/// Why a file was not deployed. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeployError {
    /// The grants cannot be meant like this, or are more than the operator allows.
    #[error("{0}")]
    Grants(String),
    /// The file cannot be used.
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
