//! A medium with a gate before its tables: open, shut (requests hang), or broken (they fail).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use azure::fake::FakeMedium;
use azure::{
    BlobPage, Blobs, Container, ETag, Error, Key, Page, Query, Queue, QueueMessage, Queues, Receipt, Table, Tables,
    Versioned, Write,
};
use tokio::sync::watch;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gate {
    Open,
    Shut,
    Broken,
}

/// One host's way to the account. Clones have the same gate.
#[derive(Clone)]
pub(crate) struct Gated {
    inner: FakeMedium,
    gate: watch::Sender<Gate>,
    requests: Arc<AtomicUsize>,
}

impl Gated {
    pub(crate) fn new(inner: FakeMedium) -> Self {
        Self { inner, gate: watch::Sender::new(Gate::Open), requests: Arc::default() }
    }

    pub(crate) fn set(&self, gate: Gate) {
        self.gate.send_replace(gate);
    }

    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }

    async fn pass(&self) -> Result<&FakeMedium, Error> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        // A service answers in some time.
        tokio::time::sleep(Duration::from_millis(10)).await;
        let mut gate = self.gate.subscribe();
        let gate = *gate.wait_for(|gate| *gate != Gate::Shut).await.unwrap();
        if gate == Gate::Broken { Err(Error::Unreachable("the gate is broken".into())) } else { Ok(&self.inner) }
    }
}

#[async_trait]
impl Tables for Gated {
    async fn create_table(&self, table: Table) -> Result<(), Error> {
        self.pass().await?.create_table(table).await
    }
    async fn delete_table(&self, table: Table) -> Result<(), Error> {
        self.pass().await?.delete_table(table).await
    }
    async fn get(&self, table: Table, key: &Key) -> Result<Option<Versioned>, Error> {
        self.pass().await?.get(table, key).await
    }
    async fn query(&self, table: Table, query: &Query) -> Result<Page, Error> {
        self.pass().await?.query(table, query).await
    }
    async fn write(&self, table: Table, write: Write) -> Result<Option<ETag>, Error> {
        self.pass().await?.write(table, write).await
    }
    async fn transact(&self, table: Table, writes: Vec<Write>) -> Result<Vec<Option<ETag>>, Error> {
        self.pass().await?.transact(table, writes).await
    }
}

#[async_trait]
impl Queues for Gated {
    async fn create_queue(&self, queue: Queue) -> Result<(), Error> {
        self.inner.create_queue(queue).await
    }
    async fn delete_queue(&self, queue: Queue) -> Result<(), Error> {
        self.inner.delete_queue(queue).await
    }
    async fn put(&self, queue: Queue, text: &str, delay: Duration) -> Result<Receipt, Error> {
        self.inner.put(queue, text, delay).await
    }
    async fn take(&self, queue: Queue, max: u32, visibility: Duration) -> Result<Vec<QueueMessage>, Error> {
        self.inner.take(queue, max, visibility).await
    }
    async fn update(&self, queue: Queue, receipt: &Receipt, text: &str, hidden: Duration) -> Result<Receipt, Error> {
        self.inner.update(queue, receipt, text, hidden).await
    }
    async fn delete(&self, queue: Queue, receipt: &Receipt) -> Result<(), Error> {
        self.inner.delete(queue, receipt).await
    }
    async fn peek(&self, queue: Queue, max: u32) -> Result<Vec<QueueMessage>, Error> {
        self.inner.peek(queue, max).await
    }
    async fn count(&self, queue: Queue) -> Result<u64, Error> {
        self.inner.count(queue).await
    }
}

#[async_trait]
impl Blobs for Gated {
    async fn create_container(&self, container: Container) -> Result<(), Error> {
        self.inner.create_container(container).await
    }
    async fn delete_container(&self, container: Container) -> Result<(), Error> {
        self.inner.delete_container(container).await
    }
    async fn put_blob(&self, container: Container, name: &str, bytes: Vec<u8>) -> Result<(), Error> {
        self.inner.put_blob(container, name, bytes).await
    }
    async fn get_blob(&self, container: Container, name: &str) -> Result<Option<Vec<u8>>, Error> {
        self.inner.get_blob(container, name).await
    }
    async fn delete_blob(&self, container: Container, name: &str) -> Result<(), Error> {
        self.inner.delete_blob(container, name).await
    }
    async fn list_blobs(&self, container: Container, prefix: &str, after: Option<&str>) -> Result<BlobPage, Error> {
        self.inner.list_blobs(container, prefix, after).await
    }
    fn blob_url(&self, container: Container, name: &str) -> String {
        self.inner.blob_url(container, name)
    }
}
