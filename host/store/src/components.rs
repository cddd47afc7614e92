//! Deployed components: blobs by digest, and which one is active for a name.

use std::fmt;

use async_trait::async_trait;
use engine::{Digest, Timestamp};

use crate::StorageError;

/// What is recorded of a deployed component beside its bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct ComponentRecord {
    /// The SHA-256 of the file.
    pub digest: Digest,
    /// What the deployer called it; the file's stem by default.
    pub name: String,
    /// The file's length.
    pub bytes: u64,
    /// When it was deployed; deploying the same bytes again moves this.
    pub deployed_at: Timestamp,
    /// Its orchestrations.
    pub orchestrations: Vec<String>,
    /// Its activities.
    pub activities: Vec<String>,
    /// What its activities may reach, as the deployer wrote it (JSON); the backend does not look inside.
    pub grants: String,
}

/// Grants carry secrets, so they are left out.
impl fmt::Debug for ComponentRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { digest, name, bytes, deployed_at, orchestrations, activities, grants: _ } = self;
        f.debug_struct("ComponentRecord")
            .field("digest", digest)
            .field("name", name)
            .field("bytes", bytes)
            .field("deployed_at", deployed_at)
            .field("orchestrations", orchestrations)
            .field("activities", activities)
            .finish_non_exhaustive()
    }
}

/// The backend's view of components. New instances of a name run on the component that was deployed last for it.
#[async_trait]
pub trait Components: Send + Sync + 'static {
    /// Stores a component and makes it the newest of all its names. Deploying the same bytes again updates the record.
    async fn deploy(&self, record: ComponentRecord, bytes: Vec<u8>) -> Result<(), StorageError>;

    /// Every component, newest first.
    async fn components(&self) -> Result<Vec<ComponentRecord>, StorageError>;

    /// The bytes of one.
    async fn component_bytes(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StorageError>;
}
