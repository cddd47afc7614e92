//! A medium that knows what its host has in hand, so that nobody has to wait until that lapses.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use azure::{
    BlobPage, Blobs, Container, ETag, Error, Key, Medium, Page, Query, Queue, QueueMessage, Queues, Receipt, Table,
    Tables, Versioned, Write,
};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;

/// A medium in front of another. What was asked for is carried out even if the host that asked dies.
#[derive(Debug)]
pub(crate) struct InHand<M> {
    medium: Arc<M>,
    requests: TaskTracker,
    invisible: Arc<Mutex<Invisible>>,
}

/// The messages that are invisible by this host's doing, by their ids: where, as of which receipt, and their text.
type Invisible = HashMap<Box<str>, (Queue, Receipt, String)>;

fn locked(invisible: &Mutex<Invisible>) -> MutexGuard<'_, Invisible> {
    invisible.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes messages visible.
async fn show(medium: &impl Medium, invisible: &Mutex<Invisible>, ids: Vec<Box<str>>) {
    for id in ids {
        let Some((queue, receipt, text)) = locked(invisible).remove(&id) else { continue };
        match medium.update(queue, &receipt, &text, Duration::ZERO).await {
            Ok(_) | Err(Error::NotFound) => {}
            Err(error) => panic!("a message in hand cannot be shown: {error}"),
        }
    }
}

impl<M: Medium> InHand<M> {
    /// Of a host that has nothing yet.
    pub(crate) fn new(medium: M) -> Self {
        Self { medium: Arc::new(medium), requests: TaskTracker::new(), invisible: Arc::default() }
    }

    /// Shows what a dead host had in hand, once the last of its requests is done.
    pub(crate) async fn lapse(&self) {
        self.requests.close();
        self.requests.wait().await;
        let ids: Vec<_> = locked(&self.invisible).keys().cloned().collect();
        show(&*self.medium, &self.invisible, ids).await;
    }

    /// Begins a request that outlives whoever asks. The dead ask for nothing.
    async fn begin<T: Send + 'static>(&self, request: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
        if self.requests.is_closed() {
            return std::future::pending().await;
        }
        self.requests.spawn(request)
    }

    /// The same, to its end.
    async fn finish<T: Send + 'static>(&self, request: impl Future<Output = T> + Send + 'static) -> T {
        self.begin(request).await.await.unwrap()
    }
}

#[async_trait]
impl<M: Medium> Queues for InHand<M> {
    async fn create_queue(&self, queue: Queue) -> Result<(), Error> {
        self.medium.create_queue(queue).await
    }

    async fn delete_queue(&self, queue: Queue) -> Result<(), Error> {
        self.medium.delete_queue(queue).await
    }

    async fn put(&self, queue: Queue, text: &str, delay: Duration) -> Result<Receipt, Error> {
        let (medium, invisible, text) = (self.medium.clone(), self.invisible.clone(), text.to_owned());
        self.finish(async move {
            let receipt = medium.put(queue, &text, delay).await?;
            if !delay.is_zero() {
                locked(&invisible).insert(receipt.message_id.clone(), (queue, receipt.clone(), text));
            }
            Ok(receipt)
        })
        .await
    }

    async fn take(&self, queue: Queue, max: u32, visibility: Duration) -> Result<Vec<QueueMessage>, Error> {
        let (medium, invisible) = (self.medium.clone(), self.invisible.clone());
        let (answer, answered) = oneshot::channel();
        let (accept, accepted) = oneshot::channel();
        let request = async move {
            let taken = medium.take(queue, max, visibility).await;
            let messages = taken.iter().flatten().map(|message| {
                let receipt = message.receipt.clone();
                (receipt.message_id.clone(), (queue, receipt, message.text.clone()))
            });
            let messages: Vec<_> = messages.collect();
            let ids = messages.iter().map(|(id, _)| id.clone()).collect();
            locked(&invisible).extend(messages);
            let _ = answer.send(taken);
            // Who asked has gone away.
            if accepted.await.is_err() {
                show(&*medium, &invisible, ids).await;
            }
        };
        self.begin(request).await;
        let taken = answered.await.unwrap();
        let _ = accept.send(());
        taken
    }

    async fn update(
        &self,
        queue: Queue,
        receipt: &Receipt,
        text: &str,
        visibility: Duration,
    ) -> Result<Receipt, Error> {
        let (medium, invisible) = (self.medium.clone(), self.invisible.clone());
        let (receipt, text) = (receipt.clone(), text.to_owned());
        self.finish(async move {
            let receipt = medium.update(queue, &receipt, &text, visibility).await?;
            locked(&invisible).insert(receipt.message_id.clone(), (queue, receipt.clone(), text));
            Ok(receipt)
        })
        .await
    }

    async fn delete(&self, queue: Queue, receipt: &Receipt) -> Result<(), Error> {
        let (medium, invisible, receipt) = (self.medium.clone(), self.invisible.clone(), receipt.clone());
        self.finish(async move {
            medium.delete(queue, &receipt).await?;
            locked(&invisible).remove(&receipt.message_id);
            Ok(())
        })
        .await
    }

    async fn peek(&self, queue: Queue, max: u32) -> Result<Vec<QueueMessage>, Error> {
        self.medium.peek(queue, max).await
    }

    async fn count(&self, queue: Queue) -> Result<u64, Error> {
        self.medium.count(queue).await
    }
}

#[async_trait]
impl<M: Medium> Tables for InHand<M> {
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
        let medium = self.medium.clone();
        self.finish(async move { medium.write(table, write).await }).await
    }

    async fn transact(&self, table: Table, writes: Vec<Write>) -> Result<Vec<Option<ETag>>, Error> {
        let medium = self.medium.clone();
        self.finish(async move { medium.transact(table, writes).await }).await
    }
}

#[async_trait]
impl<M: Medium> Blobs for InHand<M> {
    async fn create_container(&self, container: Container) -> Result<(), Error> {
        self.medium.create_container(container).await
    }

    async fn delete_container(&self, container: Container) -> Result<(), Error> {
        self.medium.delete_container(container).await
    }

    async fn put_blob(&self, container: Container, name: &str, bytes: Vec<u8>) -> Result<(), Error> {
        let (medium, name) = (self.medium.clone(), name.to_owned());
        self.finish(async move { medium.put_blob(container, &name, bytes).await }).await
    }

    async fn get_blob(&self, container: Container, name: &str) -> Result<Option<Vec<u8>>, Error> {
        self.medium.get_blob(container, name).await
    }

    async fn delete_blob(&self, container: Container, name: &str) -> Result<(), Error> {
        let (medium, name) = (self.medium.clone(), name.to_owned());
        self.finish(async move { medium.delete_blob(container, &name).await }).await
    }

    async fn list_blobs(&self, container: Container, prefix: &str, after: Option<&str>) -> Result<BlobPage, Error> {
        self.medium.list_blobs(container, prefix, after).await
    }

    fn blob_url(&self, container: Container, name: &str) -> String {
        self.medium.blob_url(container, name)
    }
}
