//! Looking at instances.

use engine::InstanceId;
use store::{InstanceRow, StorageError};

use crate::core::Core;
use crate::large::Unread;
use crate::steady;

impl Core {
    /// See [`store::Client::get`].
    pub(crate) async fn get(&self, instance_id: &InstanceId) -> Result<Option<InstanceRow>, StorageError> {
        self.check_open("get")?;
        let stored = self.read_row(&Self::key_of(instance_id)).await.map_err(|error| steady::failure("get", error))?;
        let Some(stored) = stored else { return Ok(None) };
        let row = match self.row_of(stored.clone()).await {
            Ok((row, _)) => Ok(row),
            Err(Unread::Damaged(_)) if self.is_being_removed(instance_id).await => return Ok(None),
            Err(unread) => Self::shown_instead(stored, unread),
        };
        row.map(Some).map_err(|error| error.into_storage("get"))
    }

    /// See [`store::Client::changed`].
    pub(crate) async fn changed(
        &self,
        instance_id: &InstanceId,
        seen: u64,
    ) -> Result<Option<InstanceRow>, StorageError> {
        loop {
            let changed = self.rows_changed.notified();
            let row = self.get(instance_id).await?;
            if row.as_ref().is_none_or(|row| row.revision > seen) {
                return Ok(row);
            }
            let _ = tokio::time::timeout(self.options.watch_every, changed).await;
        }
    }
}
