//! The account, or what is left of its promises.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use azure::fake::FakeMedium;
use azure::{
    BlobPage, Blobs as _, Condition, Container, ETag, Entity, Error, Queue, Queues as _, Receipt, Table, Tables as _,
    Value, Verb, Write,
};

use crate::sabotage::Sabotage;

/// Every n-th message is lost.
const LOST_EVERY: u64 = 3;

/// Longer than any run.
const FOR_GOOD: Duration = Duration::from_hours(7 * 24);

#[derive(Clone)]
pub(crate) struct Sabotaged {
    pub(crate) medium: FakeMedium,
    sabotage: Option<Sabotage>,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
struct Shared {
    puts: u64,
    /// Rows as they were first.
    first_rows: BTreeMap<String, Entity>,
}

impl Sabotaged {
    pub(crate) fn new(medium: FakeMedium, sabotage: Option<Sabotage>) -> Self {
        Self { medium, sabotage, shared: Arc::default() }
    }

    pub(crate) async fn write(&self, table: Table, mut write: Write) -> Result<Option<ETag>, Error> {
        match self.sabotage {
            Some(Sabotage::NoVersionCheck) => ignore_version(&mut write.verb),
            Some(Sabotage::ForgetsOutputs) if table == Table::Instances => {
                if let Verb::Insert(entity) | Verb::Merge(entity, _) = &mut write.verb
                    && entity.0.contains_key("Output")
                {
                    entity.set("Output", Value::Text("forgotten".to_owned()));
                }
            }
            Some(Sabotage::ResurrectsRows) if table == Table::Instances => self.resurrect(&mut write),
            _ => {}
        }
        self.medium.write(table, write).await
    }

    pub(crate) async fn transact(&self, table: Table, mut writes: Vec<Write>) -> Result<Vec<Option<ETag>>, Error> {
        if self.sabotage == Some(Sabotage::NoVersionCheck) {
            for write in &mut writes {
                ignore_version(&mut write.verb);
            }
        }
        self.medium.transact(table, writes).await
    }

    pub(crate) async fn put(&self, queue: Queue, text: &str, delay: Duration) -> Result<Receipt, Error> {
        if self.sabotage == Some(Sabotage::LosesMessages) {
            let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
            shared.puts += 1;
            if shared.puts.is_multiple_of(LOST_EVERY) {
                return Ok(Receipt { message_id: "lost".into(), pop_receipt: "lost".into() });
            }
        }
        self.medium.put(queue, text, delay).await
    }

    pub(crate) async fn delete(&self, queue: Queue, receipt: &Receipt) -> Result<(), Error> {
        if self.sabotage == Some(Sabotage::KeepsMessages) {
            return Ok(());
        }
        self.medium.delete(queue, receipt).await
    }

    pub(crate) async fn update(
        &self,
        queue: Queue,
        receipt: &Receipt,
        text: &str,
        visibility: Duration,
    ) -> Result<Receipt, Error> {
        let is_kept = self.sabotage == Some(Sabotage::KeepsLeases);
        let visibility = if is_kept { FOR_GOOD } else { visibility };
        self.medium.update(queue, receipt, text, visibility).await
    }

    pub(crate) async fn delete_blob(&self, container: Container, name: &str) -> Result<(), Error> {
        if self.sabotage == Some(Sabotage::KeepsBlobs) {
            return Ok(());
        }
        self.medium.delete_blob(container, name).await
    }

    pub(crate) async fn list_blobs(
        &self,
        container: Container,
        prefix: &str,
        after: Option<&str>,
    ) -> Result<BlobPage, Error> {
        let is_cut = self.sabotage == Some(Sabotage::PurgesAlike);
        let prefix = prefix.split_once('/').filter(|_| is_cut).map_or(prefix, |(folder, _)| folder);
        self.medium.list_blobs(container, prefix, after).await
    }

    /// Takes an entity that says that its instance has ended for the first that was ever written.
    fn resurrect(&self, write: &mut Write) {
        let (Verb::Insert(entity) | Verb::Merge(entity, _)) = &mut write.verb else { return };
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        let has_ended = entity.0.contains_key("CompletedTime");
        if !has_ended {
            shared.first_rows.entry(write.key.partition.clone()).or_insert_with(|| entity.clone());
        } else if let Some(first) = shared.first_rows.get(&write.key.partition).cloned() {
            let medium = self.medium.clone();
            let key = write.key.clone();
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_secs(1)).await;
                medium.write(Table::Instances, Write { key, verb: Verb::InsertOrReplace(first) }).await
            });
        }
    }
}

fn ignore_version(verb: &mut Verb) {
    match verb {
        Verb::Merge(_, condition) | Verb::Replace(_, condition) | Verb::Delete(condition) => {
            *condition = Condition::Any;
        }
        Verb::Insert(entity) => *verb = Verb::InsertOrReplace(std::mem::take(entity)),
        Verb::InsertOrReplace(_) => {}
    }
}
