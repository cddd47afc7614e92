//! Deployed components.

use async_trait::async_trait;
use engine::Digest;
use store::{ComponentRecord, Components, Outcome, StorageError, limits};

use crate::backend::{OPERATION_BYTES, SqliteBackend};
use crate::rows::component;

#[async_trait]
impl Components for SqliteBackend {
    async fn deploy(&self, record: ComponentRecord, bytes: Vec<u8>) -> Result<(), StorageError> {
        if bytes.len() > limits::COMPONENT_BYTES_MAX {
            let problem = format!("{} bytes exceed the limit of {}", bytes.len(), limits::COMPONENT_BYTES_MAX);
            return Err(StorageError::new("deploy", Outcome::Permanent, problem));
        }
        let size = OPERATION_BYTES + bytes.len();
        let deploy =
            move |tx: &mut crate::transaction::Transaction<'_>| Ok(component::write(tx.connection, &record, &bytes)?);
        self.writer.write("deploy", size, deploy).await
    }

    async fn components(&self) -> Result<Vec<ComponentRecord>, StorageError> {
        self.readers.read("components", component::list).await
    }

    async fn component_bytes(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StorageError> {
        let digest = *digest;
        self.readers.read("component_bytes", move |connection| Ok(component::file(connection, &digest)?)).await
    }
}
