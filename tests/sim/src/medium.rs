//! A host's way to an account of Azure Storage.

mod sabotaged;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use azure::fake::FakeMedium;
use azure::{
    BlobPage, Blobs, Container, ETag, Error, Key, Page, Query, Queue, QueueMessage, Queues, Receipt, Table, Tables,
    Verb, Versioned, Write,
};
use engine::InstanceId;

use self::sabotaged::Sabotaged;
use crate::link::{Link, Request};
use crate::observer::Observer;

/// What has to be reordered shows up this much later at most; the service counts in seconds.
const REORDERED_MAX: u64 = 10_000;

/// An account at the end of a link.
#[derive(Clone)]
pub(crate) struct SimMedium {
    account: Sabotaged,
    link: Arc<Link>,
    observer: Arc<Observer>,
}

impl SimMedium {
    pub(crate) fn new(account: FakeMedium, link: Arc<Link>, observer: Arc<Observer>) -> Self {
        let sabotage = observer.world.sabotage;
        Self { account: Sabotaged::new(account, sabotage), link, observer }
    }

    async fn read<T: Send + 'static>(
        &self,
        label: impl FnOnce() -> String + Send,
        read: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, Error> {
        self.link.send(Request { is_change: false, label }, read).await
    }

    async fn change<T: Send + 'static>(
        &self,
        label: impl FnOnce() -> String + Send,
        change: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, Error> {
        self.link.send(Request { is_change: true, label }, change).await
    }

    /// Has the checkers look at the instance whose row has just been written.
    fn look(observer: &Observer, table: Table, partition: &str) {
        if matches!(table, Table::Instances | Table::History)
            && let Ok(instance_id) = InstanceId::new(&dotnet::instance_of(partition))
        {
            observer.look(&instance_id);
        }
    }
}

fn name(verb: &Verb) -> &'static str {
    match verb {
        Verb::Insert(_) => "insert",
        Verb::InsertOrReplace(_) => "insert-or-replace",
        Verb::Merge(..) => "merge",
        Verb::Replace(..) => "replace",
        Verb::Delete(_) => "delete",
    }
}

/// As much of a message as tells what it is and for whom.
fn shortened(text: &str) -> String {
    text.chars().take(600).collect()
}

#[async_trait]
impl Tables for SimMedium {
    async fn create_table(&self, table: Table) -> Result<(), Error> {
        self.account.medium.create_table(table).await
    }

    async fn delete_table(&self, table: Table) -> Result<(), Error> {
        self.account.medium.delete_table(table).await
    }

    async fn get(&self, table: Table, key: &Key) -> Result<Option<Versioned>, Error> {
        let (account, wanted) = (self.account.clone(), key.clone());
        let label = || format!("get {table:?} {} {}", key.partition, key.row);
        self.read(label, async move { account.medium.get(table, &wanted).await }).await
    }

    async fn query(&self, table: Table, query: &Query) -> Result<Page, Error> {
        let (account, wanted) = (self.account.clone(), query.clone());
        let label = || format!("query {table:?} {}", query.filter.as_deref().unwrap_or_default());
        self.read(label, async move { account.medium.query(table, &wanted).await }).await
    }

    async fn write(&self, table: Table, write: Write) -> Result<Option<ETag>, Error> {
        let line = format!("{} {table:?} {} {}", name(&write.verb), write.key.partition, write.key.row);
        let (account, observer) = (self.account.clone(), Arc::clone(&self.observer));
        let change = async move {
            let partition = write.key.partition.clone();
            let answer = account.write(table, write).await;
            Self::look(&observer, table, &partition);
            answer
        };
        self.change(|| line, change).await
    }

    async fn transact(&self, table: Table, writes: Vec<Write>) -> Result<Vec<Option<ETag>>, Error> {
        let partition = writes.first().map(|write| write.key.partition.clone()).unwrap_or_default();
        let line = format!("transact {table:?} {partition} of {}", writes.len());
        let (account, observer) = (self.account.clone(), Arc::clone(&self.observer));
        let change = async move {
            let answer = account.transact(table, writes).await;
            Self::look(&observer, table, &partition);
            answer
        };
        self.change(|| line, change).await
    }
}

#[async_trait]
impl Queues for SimMedium {
    async fn create_queue(&self, queue: Queue) -> Result<(), Error> {
        self.account.medium.create_queue(queue).await
    }

    async fn delete_queue(&self, queue: Queue) -> Result<(), Error> {
        self.account.medium.delete_queue(queue).await
    }

    async fn put(&self, queue: Queue, text: &str, delay: Duration) -> Result<Receipt, Error> {
        let rates = self.observer.world.plan.rates;
        let is_twice = self.link.draws(rates.duplicate);
        let reordered = if self.link.draws(rates.reorder) { self.link.draw_ms(REORDERED_MAX) } else { Duration::ZERO };
        if is_twice || !reordered.is_zero() {
            self.observer.world.count(|figures| figures.message_faults += 1);
        }
        let delay = Duration::from_secs((delay + reordered).as_secs());
        let line = || {
            let twice = if is_twice { " twice" } else { "" };
            format!("put {queue:?} in {delay:?}{twice}: {}", shortened(text))
        };
        let (account, text) = (self.account.clone(), text.to_owned());
        let change = async move {
            if is_twice {
                account.put(queue, &text, delay).await?;
            }
            account.put(queue, &text, delay).await
        };
        self.change(line, change).await
    }

    async fn take(&self, queue: Queue, max: u32, visibility: Duration) -> Result<Vec<QueueMessage>, Error> {
        let (account, link) = (self.account.clone(), Arc::clone(&self.link));
        let take = async move {
            let messages = account.medium.take(queue, max, visibility).await?;
            for QueueMessage { receipt, text, .. } in &messages {
                link.world
                    .trace
                    .say(link.who, || format!("takes {queue:?} {}: {}", receipt.message_id, shortened(text)));
            }
            Ok(messages)
        };
        // An idle look changes nothing.
        let is_idle = self.account.medium.peek(queue, 1).await?.is_empty();
        let label = || format!("take {queue:?}");
        if is_idle { self.read(label, take).await } else { self.change(label, take).await }
    }

    async fn update(
        &self,
        queue: Queue,
        receipt: &Receipt,
        text: &str,
        visibility: Duration,
    ) -> Result<Receipt, Error> {
        let (account, owned, new) = (self.account.clone(), receipt.clone(), text.to_owned());
        let label = || format!("update {queue:?} {} for {visibility:?}: {}", receipt.message_id, shortened(text));
        self.change(label, async move { account.update(queue, &owned, &new, visibility).await }).await
    }

    async fn delete(&self, queue: Queue, receipt: &Receipt) -> Result<(), Error> {
        let (account, owned) = (self.account.clone(), receipt.clone());
        let label = || format!("delete {queue:?} {}", receipt.message_id);
        self.change(label, async move { account.delete(queue, &owned).await }).await
    }

    async fn peek(&self, queue: Queue, max: u32) -> Result<Vec<QueueMessage>, Error> {
        let account = self.account.clone();
        self.read(|| format!("peek {queue:?}"), async move { account.medium.peek(queue, max).await }).await
    }

    async fn count(&self, queue: Queue) -> Result<u64, Error> {
        let account = self.account.clone();
        self.read(|| format!("count {queue:?}"), async move { account.medium.count(queue).await }).await
    }
}

#[async_trait]
impl Blobs for SimMedium {
    async fn create_container(&self, container: Container) -> Result<(), Error> {
        self.account.medium.create_container(container).await
    }

    async fn delete_container(&self, container: Container) -> Result<(), Error> {
        self.account.medium.delete_container(container).await
    }

    async fn put_blob(&self, container: Container, name: &str, bytes: Vec<u8>) -> Result<(), Error> {
        let (account, owned) = (self.account.clone(), name.to_owned());
        let put = async move { account.medium.put_blob(container, &owned, bytes).await };
        self.change(|| format!("put-blob {name}"), put).await
    }

    async fn get_blob(&self, container: Container, name: &str) -> Result<Option<Vec<u8>>, Error> {
        let (account, owned) = (self.account.clone(), name.to_owned());
        self.read(|| format!("get-blob {name}"), async move { account.medium.get_blob(container, &owned).await }).await
    }

    async fn delete_blob(&self, container: Container, name: &str) -> Result<(), Error> {
        let (account, owned) = (self.account.clone(), name.to_owned());
        let delete = async move { account.delete_blob(container, &owned).await };
        self.change(|| format!("delete-blob {name}"), delete).await
    }

    async fn list_blobs(&self, container: Container, prefix: &str, after: Option<&str>) -> Result<BlobPage, Error> {
        let (account, prefix, after) = (self.account.clone(), prefix.to_owned(), after.map(str::to_owned));
        let label = format!("list-blobs {prefix}");
        let list = async move { account.list_blobs(container, &prefix, after.as_deref()).await };
        self.read(|| label, list).await
    }

    fn blob_url(&self, container: Container, name: &str) -> String {
        self.account.medium.blob_url(container, name)
    }
}
