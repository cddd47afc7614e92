//! A medium that fails as a script says: one host's way to the account.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use azure::{
    BlobPage, Blobs, Condition, Container, ETag, Error, Key, Medium, Page, Query, Queue, QueueMessage, Queues, Receipt,
    Table, Tables, Verb, Versioned, Write,
};
use tokio::sync::watch;

/// What happens to one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It never reaches the service.
    Refuse,
    /// The service is busy.
    Throttle,
    /// It is carried out, and its answer is lost.
    LoseReply,
    /// From before it on, no request of this host gets anywhere until [`Faulty::let_go`].
    StopBefore,
    /// The same, but this one is carried out first.
    StopAfter,
    /// Nothing, but [`Faulty::fired`] tells.
    Tell,
}

impl Fault {
    /// Whether the host gets no further by itself.
    pub(crate) fn is_stop(self) -> bool {
        matches!(self, Self::StopBefore | Self::StopAfter)
    }
}

/// Which request a fault is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum When {
    /// The one of that number among those that change something, from 1, counted from the arming on.
    Number(usize),
    /// The one of that number, from 1, among those whose line in [`Faulty::changes`] contains this.
    Says(&'static str, usize),
}

/// A medium in front of another. Clones are the same.
#[derive(Debug, Clone)]
pub(crate) struct Faulty<M> {
    medium: M,
    latency: Duration,
    ignores_if_match: bool,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    script: Mutex<Script>,
    is_stopped: watch::Sender<bool>,
    has_fired: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct Script {
    armed: Option<(When, Fault)>,
    /// Requests that change something, each as a line, since the arming.
    changes: Vec<String>,
}

impl<M: Medium + Clone> Faulty<M> {
    /// Without faults. Every request takes `latency`.
    pub(crate) fn new(medium: M, latency: Duration) -> Self {
        Self { medium, latency, ignores_if_match: false, shared: Arc::default() }
    }

    /// Takes the guard away: instance rows are written whatever is there, as the reference provider does by default.
    pub(crate) fn without_if_match(self) -> Self {
        Self { ignores_if_match: true, ..self }
    }

    /// Lets one request fail, once. Numbers begin anew.
    pub(crate) fn arm(&self, when: When, fault: Fault) {
        *self.script() = Script { armed: Some((when, fault)), changes: Vec::new() };
    }

    /// Requests that changed something, or tried to, since the arming.
    pub(crate) fn changes(&self) -> Vec<String> {
        self.script().changes.clone()
    }

    /// Answers once the fault has come to pass.
    pub(crate) async fn fired(&self) {
        let mut has_fired = self.shared.has_fired.subscribe();
        has_fired.wait_for(|has_fired| *has_fired).await.unwrap();
    }

    /// No request gets anywhere any more.
    pub(crate) fn stop(&self) {
        self.shared.is_stopped.send_replace(true);
    }

    /// What was stopped goes on.
    pub(crate) fn let_go(&self) {
        self.shared.is_stopped.send_replace(false);
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        self.shared.script.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The way to the service, which may be blocked.
    async fn pass(&self) -> &M {
        if !self.latency.is_zero() {
            tokio::time::sleep(self.latency).await;
        }
        self.going().await;
        &self.medium
    }

    async fn going(&self) {
        let mut is_stopped = self.shared.is_stopped.subscribe();
        is_stopped.wait_for(|is_stopped| !*is_stopped).await.unwrap();
    }

    fn fault(&self, line: String) -> Option<Fault> {
        let mut script = self.script();
        script.changes.push(line);
        let is_meant = match &script.armed {
            Some((When::Number(number), _)) => script.changes.len() == *number,
            Some((When::Says(text, number), _)) => {
                let count = script.changes.iter().filter(|line| line.contains(text)).count();
                count == *number && script.changes.last().is_some_and(|line| line.contains(text))
            }
            None => false,
        };
        let fault = script.armed.take_if(|_| is_meant).map(|(_, fault)| fault);
        if fault.is_some_and(Fault::is_stop) {
            self.stop();
        }
        if fault.is_some() {
            self.shared.has_fired.send_replace(true);
        }
        fault
    }

    /// Carries out a request that changes something.
    async fn change<T>(
        &self,
        line: String,
        request: impl Future<Output = Result<T, Error>> + Send,
    ) -> Result<T, Error> {
        self.pass().await;
        match self.fault(line) {
            None | Some(Fault::Tell) => request.await,
            Some(Fault::Refuse) => Err(Error::Unreachable("the script says so".to_owned())),
            Some(Fault::Throttle) => Err(Error::Throttled { retry_after: None }),
            Some(Fault::LoseReply) => {
                let _ = request.await;
                Err(Error::Ambiguous("the script says so".to_owned()))
            }
            Some(Fault::StopBefore) => {
                self.going().await;
                request.await
            }
            Some(Fault::StopAfter) => {
                let answer = request.await;
                self.going().await;
                answer
            }
        }
    }

    /// The write, or what becomes of it without the guard.
    async fn guarded(&self, table: Table, write: Write) -> Result<Option<ETag>, Error> {
        let (Verb::Insert(entity) | Verb::Merge(entity, _)) = &write.verb else {
            return self.medium.write(table, write).await;
        };
        if table != Table::Instances || !self.ignores_if_match {
            return self.medium.write(table, write).await;
        }
        let insert = Write { key: write.key.clone(), verb: Verb::Insert(entity.clone()) };
        match self.medium.write(table, insert).await {
            Err(Error::Exists) => {
                let merge = Verb::Merge(entity.clone(), Condition::Any);
                self.medium.write(table, Write { key: write.key, verb: merge }).await
            }
            answer => answer,
        }
    }
}

fn verb(verb: &Verb) -> &'static str {
    match verb {
        Verb::Insert(_) => "insert",
        Verb::InsertOrReplace(_) => "insert-or-replace",
        Verb::Merge(..) => "merge",
        Verb::Replace(..) => "replace",
        Verb::Delete(_) => "delete",
    }
}

#[async_trait]
impl<M: Medium + Clone> Tables for Faulty<M> {
    async fn create_table(&self, table: Table) -> Result<(), Error> {
        self.pass().await.create_table(table).await
    }

    async fn delete_table(&self, table: Table) -> Result<(), Error> {
        self.pass().await.delete_table(table).await
    }

    async fn get(&self, table: Table, key: &Key) -> Result<Option<Versioned>, Error> {
        self.pass().await.get(table, key).await
    }

    async fn query(&self, table: Table, query: &Query) -> Result<Page, Error> {
        self.pass().await.query(table, query).await
    }

    async fn write(&self, table: Table, write: Write) -> Result<Option<ETag>, Error> {
        let line = format!("{} {table:?} {} {}", verb(&write.verb), write.key.partition, write.key.row);
        self.change(line, self.guarded(table, write)).await
    }

    async fn transact(&self, table: Table, writes: Vec<Write>) -> Result<Vec<Option<ETag>>, Error> {
        let partition = writes.first().map(|write| write.key.partition.as_str()).unwrap_or_default();
        let line = format!("transact {table:?} {partition} of {}", writes.len());
        self.change(line, self.medium.transact(table, writes)).await
    }
}

#[async_trait]
impl<M: Medium + Clone> Queues for Faulty<M> {
    async fn create_queue(&self, queue: Queue) -> Result<(), Error> {
        self.pass().await.create_queue(queue).await
    }

    async fn delete_queue(&self, queue: Queue) -> Result<(), Error> {
        self.pass().await.delete_queue(queue).await
    }

    async fn put(&self, queue: Queue, text: &str, delay: Duration) -> Result<Receipt, Error> {
        self.change(format!("put {queue:?} in {delay:?}"), self.medium.put(queue, text, delay)).await
    }

    async fn take(&self, queue: Queue, max: u32, visibility: Duration) -> Result<Vec<QueueMessage>, Error> {
        self.going().await;
        // An idle look changes nothing, and has no number.
        if self.medium.peek(queue, 1).await?.is_empty() {
            return self.pass().await.take(queue, max, visibility).await;
        }
        self.change(format!("take {queue:?}"), self.medium.take(queue, max, visibility)).await
    }

    async fn update(
        &self,
        queue: Queue,
        receipt: &Receipt,
        text: &str,
        visibility: Duration,
    ) -> Result<Receipt, Error> {
        let line = format!("update {queue:?} for {visibility:?}");
        self.change(line, self.medium.update(queue, receipt, text, visibility)).await
    }

    async fn delete(&self, queue: Queue, receipt: &Receipt) -> Result<(), Error> {
        self.change(format!("delete {queue:?}"), self.medium.delete(queue, receipt)).await
    }

    async fn peek(&self, queue: Queue, max: u32) -> Result<Vec<QueueMessage>, Error> {
        self.pass().await.peek(queue, max).await
    }

    async fn count(&self, queue: Queue) -> Result<u64, Error> {
        self.pass().await.count(queue).await
    }
}

#[async_trait]
impl<M: Medium + Clone> Blobs for Faulty<M> {
    async fn create_container(&self, container: Container) -> Result<(), Error> {
        self.pass().await.create_container(container).await
    }

    async fn delete_container(&self, container: Container) -> Result<(), Error> {
        self.pass().await.delete_container(container).await
    }

    async fn put_blob(&self, container: Container, name: &str, bytes: Vec<u8>) -> Result<(), Error> {
        self.change(format!("put-blob {name}"), self.medium.put_blob(container, name, bytes)).await
    }

    async fn get_blob(&self, container: Container, name: &str) -> Result<Option<Vec<u8>>, Error> {
        self.pass().await.get_blob(container, name).await
    }

    async fn delete_blob(&self, container: Container, name: &str) -> Result<(), Error> {
        self.change(format!("delete-blob {name}"), self.medium.delete_blob(container, name)).await
    }

    async fn list_blobs(&self, container: Container, prefix: &str, after: Option<&str>) -> Result<BlobPage, Error> {
        self.pass().await.list_blobs(container, prefix, after).await
    }

    fn blob_url(&self, container: Container, name: &str) -> String {
        self.medium.blob_url(container, name)
    }
}
