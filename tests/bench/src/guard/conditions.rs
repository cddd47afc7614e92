//! A medium that can be told to forget the conditions of writes.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use azure::{
    BlobPage, Blobs, Condition, Container, ETag, Error, Key, Medium, Page, Query, Queue, QueueMessage, Queues, Receipt,
    Table, Tables, Verb, Versioned, Write,
};

/// A medium whose conditions on etags may be taken out on the way: those of instances and of histories.
pub(super) struct Conditions {
    pub(super) medium: Arc<dyn Medium>,
    pub(super) are_kept: bool,
}

impl Conditions {
    fn treated(&self, table: Table, write: Write) -> Write {
        if self.are_kept || !matches!(table, Table::Instances | Table::History) {
            return write;
        }
        let verb = match write.verb {
            Verb::Merge(entity, _) => Verb::Merge(entity, Condition::Any),
            Verb::Replace(entity, _) => Verb::Replace(entity, Condition::Any),
            Verb::Delete(_) => Verb::Delete(Condition::Any),
            verb @ (Verb::Insert(_) | Verb::InsertOrReplace(_)) => verb,
        };
        Write { verb, ..write }
    }
}

#[async_trait]
impl Tables for Conditions {
    async fn create_table(&self, table: Table) -> Result<(), Error> {
        self.medium.create_table(table).await
    }

    async fn delete_table(&self, table: Table) -> Result<(), Error> {
        self.medium.delete_table(table).await
    }

    async fn get(&self, table: Table, key: &Key) -> Result<Option<Versioned>, Error> {
        self.medium.get(table, key).await
    }

    async fn query(&self, table: Table, query: &Query) -> Result<Page, Error> {
        self.medium.query(table, query).await
    }

    async fn write(&self, table: Table, write: Write) -> Result<Option<ETag>, Error> {
        self.medium.write(table, self.treated(table, write)).await
    }

    async fn transact(&self, table: Table, writes: Vec<Write>) -> Result<Vec<Option<ETag>>, Error> {
        let writes = writes.into_iter().map(|write| self.treated(table, write)).collect();
        self.medium.transact(table, writes).await
    }
}

#[async_trait]
impl Queues for Conditions {
    async fn create_queue(&self, queue: Queue) -> Result<(), Error> {
        self.medium.create_queue(queue).await
    }

    async fn delete_queue(&self, queue: Queue) -> Result<(), Error> {
        self.medium.delete_queue(queue).await
    }

    async fn put(&self, queue: Queue, text: &str, delay: Duration) -> Result<Receipt, Error> {
        self.medium.put(queue, text, delay).await
    }

    async fn take(&self, queue: Queue, max: u32, visibility: Duration) -> Result<Vec<QueueMessage>, Error> {
        self.medium.take(queue, max, visibility).await
    }

    async fn update(
        &self,
        queue: Queue,
        receipt: &Receipt,
        text: &str,
        visibility: Duration,
    ) -> Result<Receipt, Error> {
        self.medium.update(queue, receipt, text, visibility).await
    }

    async fn delete(&self, queue: Queue, receipt: &Receipt) -> Result<(), Error> {
        self.medium.delete(queue, receipt).await
    }

    async fn peek(&self, queue: Queue, max: u32) -> Result<Vec<QueueMessage>, Error> {
        self.medium.peek(queue, max).await
    }

    async fn count(&self, queue: Queue) -> Result<u64, Error> {
        self.medium.count(queue).await
    }
}

#[async_trait]
impl Blobs for Conditions {
    async fn create_container(&self, container: Container) -> Result<(), Error> {
        self.medium.create_container(container).await
    }

    async fn delete_container(&self, container: Container) -> Result<(), Error> {
        self.medium.delete_container(container).await
    }

    async fn put_blob(&self, container: Container, name: &str, bytes: Vec<u8>) -> Result<(), Error> {
        self.medium.put_blob(container, name, bytes).await
    }

    async fn get_blob(&self, container: Container, name: &str) -> Result<Option<Vec<u8>>, Error> {
        self.medium.get_blob(container, name).await
    }

    async fn delete_blob(&self, container: Container, name: &str) -> Result<(), Error> {
        self.medium.delete_blob(container, name).await
    }

    async fn list_blobs(&self, container: Container, prefix: &str, after: Option<&str>) -> Result<BlobPage, Error> {
        self.medium.list_blobs(container, prefix, after).await
    }

    fn blob_url(&self, container: Container, name: &str) -> String {
        self.medium.blob_url(container, name)
    }
}
