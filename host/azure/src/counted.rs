//! A medium that counts its requests: what a run costs, and what makes it slow.

mod counts;

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use async_trait::async_trait;

pub use self::counts::Counts;
use crate::{
    BlobPage, Blobs, Container, ETag, Error, Key, Medium, Page, Query, Queue, QueueMessage, Queues, Receipt, Table,
    Tables, Verb, Versioned, Write,
};

/// A medium, and a count of the requests made through it, failed ones included.
#[derive(Debug, Default)]
pub struct Counted<M> {
    medium: M,
    counts: Mutex<Counts>,
}

impl<M: Medium> Counted<M> {
    /// Counts from zero.
    pub fn new(medium: M) -> Self {
        Self { medium, counts: Mutex::default() }
    }

    /// What was counted so far.
    pub fn counts(&self) -> Counts {
        *self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is behind.
    pub fn medium(&self) -> &M {
        &self.medium
    }

    fn counting(&self, add: impl FnOnce(&mut Counts)) -> &M {
        add(&mut self.counts.lock().unwrap_or_else(PoisonError::into_inner));
        &self.medium
    }
}

#[async_trait]
impl<M: Medium> Tables for Counted<M> {
    async fn create_table(&self, table: Table) -> Result<(), Error> {
        self.counting(|counts| counts.table_create += 1).create_table(table).await
    }

    async fn delete_table(&self, table: Table) -> Result<(), Error> {
        self.counting(|counts| counts.table_drop += 1).delete_table(table).await
    }

    async fn get(&self, table: Table, key: &Key) -> Result<Option<Versioned>, Error> {
        self.counting(|counts| counts.table_get += 1).get(table, key).await
    }

    async fn query(&self, table: Table, query: &Query) -> Result<Page, Error> {
        self.counting(|counts| counts.table_query += 1).query(table, query).await
    }

    async fn write(&self, table: Table, write: Write) -> Result<Option<ETag>, Error> {
        let medium = self.counting(|counts| match &write.verb {
            Verb::Insert(_) => counts.table_insert += 1,
            Verb::InsertOrReplace(_) | Verb::Replace(..) => counts.table_replace += 1,
            Verb::Merge(..) => counts.table_merge += 1,
            Verb::Delete(_) => counts.table_delete += 1,
        });
        medium.write(table, write).await
    }

    async fn transact(&self, table: Table, writes: Vec<Write>) -> Result<Vec<Option<ETag>>, Error> {
        let medium = self.counting(|counts| {
            counts.transact += 1;
            counts.transact_writes += writes.len() as u64;
        });
        medium.transact(table, writes).await
    }
}

#[async_trait]
impl<M: Medium> Queues for Counted<M> {
    async fn create_queue(&self, queue: Queue) -> Result<(), Error> {
        self.counting(|counts| counts.queue_create += 1).create_queue(queue).await
    }

    async fn delete_queue(&self, queue: Queue) -> Result<(), Error> {
        self.counting(|counts| counts.queue_drop += 1).delete_queue(queue).await
    }

    async fn put(&self, queue: Queue, text: &str, delay: Duration) -> Result<Receipt, Error> {
        self.counting(|counts| counts.queue_put += 1).put(queue, text, delay).await
    }

    async fn take(&self, queue: Queue, max: u32, visibility: Duration) -> Result<Vec<QueueMessage>, Error> {
        let taken = self.medium.take(queue, max, visibility).await;
        self.counting(|counts| match &taken {
            Ok(messages) if messages.is_empty() => counts.queue_take_empty += 1,
            Ok(messages) => {
                counts.queue_take += 1;
                counts.queue_taken += messages.len() as u64;
            }
            Err(_) => counts.queue_take += 1,
        });
        taken
    }

    async fn update(
        &self,
        queue: Queue,
        receipt: &Receipt,
        text: &str,
        visibility: Duration,
    ) -> Result<Receipt, Error> {
        self.counting(|counts| counts.queue_update += 1).update(queue, receipt, text, visibility).await
    }

    async fn delete(&self, queue: Queue, receipt: &Receipt) -> Result<(), Error> {
        self.counting(|counts| counts.queue_delete += 1).delete(queue, receipt).await
    }

    async fn peek(&self, queue: Queue, max: u32) -> Result<Vec<QueueMessage>, Error> {
        self.counting(|counts| counts.queue_peek += 1).peek(queue, max).await
    }

    async fn count(&self, queue: Queue) -> Result<u64, Error> {
        self.counting(|counts| counts.queue_count += 1).count(queue).await
    }
}

#[async_trait]
impl<M: Medium> Blobs for Counted<M> {
    async fn create_container(&self, container: Container) -> Result<(), Error> {
        self.counting(|counts| counts.container_create += 1).create_container(container).await
    }

    async fn delete_container(&self, container: Container) -> Result<(), Error> {
        self.counting(|counts| counts.container_drop += 1).delete_container(container).await
    }

    async fn put_blob(&self, container: Container, name: &str, bytes: Vec<u8>) -> Result<(), Error> {
        self.counting(|counts| counts.blob_put += 1).put_blob(container, name, bytes).await
    }

    async fn get_blob(&self, container: Container, name: &str) -> Result<Option<Vec<u8>>, Error> {
        self.counting(|counts| counts.blob_get += 1).get_blob(container, name).await
    }

    async fn delete_blob(&self, container: Container, name: &str) -> Result<(), Error> {
        self.counting(|counts| counts.blob_delete += 1).delete_blob(container, name).await
    }

    async fn list_blobs(&self, container: Container, prefix: &str, after: Option<&str>) -> Result<BlobPage, Error> {
        self.counting(|counts| counts.blob_list += 1).list_blobs(container, prefix, after).await
    }

    fn blob_url(&self, container: Container, name: &str) -> String {
        self.medium.blob_url(container, name)
    }
}
