//! A medium that counts its requests: what a run costs, and what makes it slow.

mod counts;
mod kind;
mod tally;

use std::time::Duration;

use async_trait::async_trait;
use measure::{Counter, Distribution};

pub use self::counts::Counts;
pub use self::kind::{RequestKind, RequestOutcome, Service};
use self::tally::Tally;
use crate::{
    BlobPage, Blobs, Container, ETag, Error, Key, Medium, Page, Query, Queue, QueueMessage, Queues, Receipt, Table,
    Tables, Verb, Versioned, Write,
};

/// A medium, and a count of the requests made through it, failed ones included. A request is counted when it ends.
#[derive(Debug, Default)]
pub struct Counted<M> {
    medium: M,
    tally: Tally,
    transact_writes: Counter,
    queue_taken: Counter,
}

impl<M: Medium> Counted<M> {
    /// Counts from zero.
    pub fn new(medium: M) -> Self {
        Self { medium, tally: Tally::default(), transact_writes: Counter::default(), queue_taken: Counter::default() }
    }

    /// What was counted so far.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts {
            transact_writes: self.transact_writes.get(),
            queue_taken: self.queue_taken.get(),
            ..Counts::default()
        };
        for (kind, outcome, count) in self.requests() {
            match outcome {
                RequestOutcome::Empty => counts.queue_take_empty += count,
                _ => *kind.of(&mut counts) += count,
            }
        }
        counts
    }

    /// The requests so far by kind and outcome; also those that never were.
    pub fn requests(&self) -> impl Iterator<Item = (RequestKind, RequestOutcome, u64)> {
        let outcomes = |kind| RequestOutcome::ALL.map(|outcome| (kind, outcome, self.tally.get(kind, outcome)));
        RequestKind::ALL.into_iter().flat_map(outcomes)
    }

    /// How long requests to a service took so far, in seconds, whatever became of them.
    pub fn seconds(&self, service: Service) -> Distribution {
        self.tally.seconds(service)
    }

    /// What is behind.
    pub fn medium(&self) -> &M {
        &self.medium
    }
}

#[async_trait]
impl<M: Medium> Tables for Counted<M> {
    async fn create_table(&self, table: Table) -> Result<(), Error> {
        self.tally.count(RequestKind::TableCreate, self.medium.create_table(table)).await
    }

    async fn delete_table(&self, table: Table) -> Result<(), Error> {
        self.tally.count(RequestKind::TableDrop, self.medium.delete_table(table)).await
    }

    async fn get(&self, table: Table, key: &Key) -> Result<Option<Versioned>, Error> {
        self.tally.count(RequestKind::TableGet, self.medium.get(table, key)).await
    }

    async fn query(&self, table: Table, query: &Query) -> Result<Page, Error> {
        self.tally.count(RequestKind::TableQuery, self.medium.query(table, query)).await
    }

    async fn write(&self, table: Table, write: Write) -> Result<Option<ETag>, Error> {
        let kind = match &write.verb {
            Verb::Insert(_) => RequestKind::TableInsert,
            Verb::InsertOrReplace(_) | Verb::Replace(..) => RequestKind::TableReplace,
            Verb::Merge(..) => RequestKind::TableMerge,
            Verb::Delete(_) => RequestKind::TableDelete,
        };
        self.tally.count(kind, self.medium.write(table, write)).await
    }

    async fn transact(&self, table: Table, writes: Vec<Write>) -> Result<Vec<Option<ETag>>, Error> {
        self.transact_writes.add(writes.len() as u64);
        self.tally.count(RequestKind::Transact, self.medium.transact(table, writes)).await
    }
}

#[async_trait]
impl<M: Medium> Queues for Counted<M> {
    async fn create_queue(&self, queue: Queue) -> Result<(), Error> {
        self.tally.count(RequestKind::QueueCreate, self.medium.create_queue(queue)).await
    }

    async fn delete_queue(&self, queue: Queue) -> Result<(), Error> {
        self.tally.count(RequestKind::QueueDrop, self.medium.delete_queue(queue)).await
    }

    async fn put(&self, queue: Queue, text: &str, delay: Duration) -> Result<Receipt, Error> {
        self.tally.count(RequestKind::QueuePut, self.medium.put(queue, text, delay)).await
    }

    async fn take(&self, queue: Queue, max: u32, visibility: Duration) -> Result<Vec<QueueMessage>, Error> {
        let answered = |messages: &Vec<QueueMessage>| {
            self.queue_taken.add(messages.len() as u64);
            if messages.is_empty() { RequestOutcome::Empty } else { RequestOutcome::Ok }
        };
        self.tally.count_with(RequestKind::QueueTake, self.medium.take(queue, max, visibility), answered).await
    }

    async fn update(
        &self,
        queue: Queue,
        receipt: &Receipt,
        text: &str,
        visibility: Duration,
    ) -> Result<Receipt, Error> {
        self.tally.count(RequestKind::QueueUpdate, self.medium.update(queue, receipt, text, visibility)).await
    }

    async fn delete(&self, queue: Queue, receipt: &Receipt) -> Result<(), Error> {
        self.tally.count(RequestKind::QueueDelete, self.medium.delete(queue, receipt)).await
    }

    async fn peek(&self, queue: Queue, max: u32) -> Result<Vec<QueueMessage>, Error> {
        self.tally.count(RequestKind::QueuePeek, self.medium.peek(queue, max)).await
    }

    async fn count(&self, queue: Queue) -> Result<u64, Error> {
        self.tally.count(RequestKind::QueueCount, self.medium.count(queue)).await
    }
}

#[async_trait]
impl<M: Medium> Blobs for Counted<M> {
    async fn create_container(&self, container: Container) -> Result<(), Error> {
        self.tally.count(RequestKind::ContainerCreate, self.medium.create_container(container)).await
    }

    async fn delete_container(&self, container: Container) -> Result<(), Error> {
        self.tally.count(RequestKind::ContainerDrop, self.medium.delete_container(container)).await
    }

    async fn put_blob(&self, container: Container, name: &str, bytes: Vec<u8>) -> Result<(), Error> {
        self.tally.count(RequestKind::BlobPut, self.medium.put_blob(container, name, bytes)).await
    }

    async fn get_blob(&self, container: Container, name: &str) -> Result<Option<Vec<u8>>, Error> {
        self.tally.count(RequestKind::BlobGet, self.medium.get_blob(container, name)).await
    }

    async fn delete_blob(&self, container: Container, name: &str) -> Result<(), Error> {
        self.tally.count(RequestKind::BlobDelete, self.medium.delete_blob(container, name)).await
    }

    async fn list_blobs(&self, container: Container, prefix: &str, after: Option<&str>) -> Result<BlobPage, Error> {
        self.tally.count(RequestKind::BlobList, self.medium.list_blobs(container, prefix, after)).await
    }

    fn blob_url(&self, container: Container, name: &str) -> String {
        self.medium.blob_url(container, name)
    }
}
