//! What the API needs of the backend.

use async_trait::async_trait;
use engine::{Digest, EventId, InstanceId, Message};
use store::{
    Client, CreateError, CreateInstance, HistoryPage, InstanceError, InstanceFilter, InstancePage, InstanceRow,
    PurgeFilter, StorageError,
};

use crate::backend::{OPERATION_BYTES, SqliteBackend};
use crate::list;
use crate::ops::{deliver, hold, purge};
use crate::rows::{history, instance};
use crate::transaction::Encoded;

/// Instances purged in one transaction; others can write in between.
const PURGE_PAGE_MAX: usize = 256;

#[async_trait]
impl Client for SqliteBackend {
    async fn create(&self, instance: CreateInstance) -> Result<(), CreateError> {
        let start = Encoded::new(Message::Start(Box::new(instance.start.clone())));
        // The input is written twice: into the row and into the message.
        let bytes = OPERATION_BYTES + 2 * start.body.len();
        let backlog_max = self.options.backlog_messages_max;
        self.writer.write("create", bytes, move |tx| Ok(deliver::create(tx, &instance, &start, backlog_max)?)).await?
    }

    async fn send(&self, instance_id: &InstanceId, message: Message) -> Result<(), InstanceError> {
        let id = instance_id.clone();
        let encoded = Encoded::new(message);
        let backlog_max = self.options.backlog_messages_max;
        let bytes = OPERATION_BYTES + encoded.body.len();
        self.writer.write("send", bytes, move |tx| deliver::send(tx, &id, &encoded, backlog_max)).await?
    }

    async fn get(&self, instance_id: &InstanceId) -> Result<Option<InstanceRow>, StorageError> {
        let id = instance_id.clone();
        let read = move |connection: &_| Ok(instance::find_any(connection, &id)?.map(|(row, _)| row));
        self.readers.read("get", read).await
    }

    async fn history(&self, instance_id: &InstanceId, from: EventId, max: usize) -> Result<HistoryPage, StorageError> {
        let id = instance_id.clone();
        let page = self.readers.read("history", move |connection| match instance::number_of(connection, &id)? {
            Some(number) => history::page(connection, number, &id, from, max),
            None => Ok(HistoryPage::default()),
        });
        page.await
    }

    async fn list(&self, filter: &InstanceFilter) -> Result<InstancePage, StorageError> {
        let query = list::Query::new(filter)?;
        self.readers.read("list", move |connection| query.run(connection)).await
    }

    async fn purge(&self, instance_id: &InstanceId) -> Result<(), InstanceError> {
        let id = instance_id.clone();
        self.writer.write("purge", OPERATION_BYTES, move |tx| purge::purge(tx, &id)).await?
    }

    async fn purge_matching(&self, filter: &PurgeFilter) -> Result<u64, StorageError> {
        let mut purged = 0;
        let mut after = Some(0);
        while let Some(number) = after {
            let page_filter = filter.clone();
            let candidates = move |connection: &_| purge::candidates(connection, &page_filter, number, PURGE_PAGE_MAX);
            let (ids, next) = self.readers.read("purge_matching", candidates).await?;
            after = next;
            if !ids.is_empty() {
                let filter = filter.clone();
                let bytes = OPERATION_BYTES * ids.len();
                purged += self
                    .writer
                    .write("purge_matching", bytes, move |tx| Ok(purge::purge_page(tx, &ids, &filter)?))
                    .await?;
            }
        }
        Ok(purged)
    }

    async fn release(&self, instance_id: &InstanceId, component: Option<Digest>) -> Result<(), InstanceError> {
        let id = instance_id.clone();
        self.writer.write("release", OPERATION_BYTES, move |tx| hold::release(tx, &id, component)).await?
    }

    async fn changed(&self, instance_id: &InstanceId, seen: u64) -> Result<Option<InstanceRow>, StorageError> {
        // Begun before the row is read: a change in between is not missed.
        let mut watcher = self.shared.watchers.watch(instance_id);
        let mut row = self.get(instance_id).await?;
        while row.as_ref().is_some_and(|row| row.revision <= seen) {
            row = match watcher.changed().await {
                Some(row) => Some(*row),
                None => self.get(instance_id).await?,
            };
        }
        Ok(row)
    }
}
