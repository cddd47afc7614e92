//! Looking at instances.

use engine::{EventId, HistoryEvent, InstanceId};
use store::{InstanceRow, StorageError};

use crate::core::Core;
use crate::large::Unread;
use crate::load::Stored;
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

    /// See [`store::Client::history`].
    pub(crate) async fn history(
        &self,
        instance_id: &InstanceId,
        from: EventId,
        max: usize,
    ) -> Result<Vec<HistoryEvent>, StorageError> {
        self.check_open("history")?;
        let read = async {
            let Stored { sentinel, events, .. } = self.read_history(&Self::key_of(instance_id)).await?;
            let Some(sentinel) = sentinel else { return Ok(Vec::new()) };
            let (sentinel, _) = self.sentinel_of(sentinel).await?;
            self.decode(&sentinel, events).await
        };
        let events = read.await.map_err(|error: Unread| error.into_storage("history"))?;
        Ok(events.into_iter().filter(|event| event.id >= from).take(max).collect())
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
