//! Tables: entities with keys and etags.

use async_trait::async_trait;

use crate::{Entity, Error};

/// A table of the task hub. The medium knows what it is called there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// `{hub}Instances`.
    Instances,
    /// `{hub}History`.
    History,
    /// `{hub}Partitions`.
    Partitions,
    /// `{hub}Components`; Rondo's own.
    Components,
}

/// The key of an entity, unescaped as far as this crate is concerned: any text without `/ \ # ?` and control characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Which partition; transactions stay within one.
    pub partition: String,
    /// Which row of it.
    pub row: String,
}

/// The version of an entity, as the service names it. Opaque.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ETag(pub Box<str>);

/// Which stored version a write is meant for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// This one, else [`Error::Changed`].
    Match(ETag),
    /// Any, but there must be one, else [`Error::NotFound`].
    Any,
}

/// What to do to one entity.
#[derive(Debug, Clone, PartialEq)]
pub enum Verb {
    /// It must not exist, else [`Error::Exists`].
    Insert(Entity),
    /// Whatever is there.
    InsertOrReplace(Entity),
    /// Keeps properties that are not named.
    Merge(Entity, Condition),
    /// Drops properties that are not named.
    Replace(Entity, Condition),
    /// Removes it.
    Delete(Condition),
}

/// One change of one entity.
#[derive(Debug, Clone, PartialEq)]
pub struct Write {
    /// Which.
    pub key: Key,
    /// What to do.
    pub verb: Verb,
}

/// An entity as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Versioned {
    /// Its key.
    pub key: Key,
    /// Its properties.
    pub entity: Entity,
    /// Its version.
    pub etag: ETag,
}

/// Which entities.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Query {
    /// An OData filter, see [`Query::partition`]; none: all of the table.
    pub filter: Option<String>,
    /// Only these properties; empty: all. Keys and etags always come.
    pub select: Vec<String>,
    /// At most so many; none: as many as the service puts into a page (1,000).
    pub top: Option<u32>,
    /// Where the page before ended.
    pub after: Option<PageEnd>,
}

/// Where a page ended: the keys the next one begins at, as the service named them. Opaque.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageEnd {
    /// `NextPartitionKey`.
    pub partition: String,
    /// `NextRowKey`.
    pub row: Option<String>,
}

/// A page in the order of the keys. It may be empty, and there may be more nevertheless.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Page {
    /// The entities.
    pub entities: Vec<Versioned>,
    /// Where the next page begins; none after the last.
    pub end: Option<PageEnd>,
}

impl Query {
    /// All entities of one partition.
    pub fn partition(partition: &str) -> Self {
        Self { filter: Some(format!("PartitionKey eq {}", quoted(partition))), ..Self::default() }
    }

    /// The entities of one partition with row keys from `first` to `last`: the service reads no others.
    pub fn rows(partition: &str, first: &str, last: &str) -> Self {
        let [partition, first, last] = [partition, first, last].map(quoted);
        let filter = format!("PartitionKey eq {partition} and RowKey ge {first} and RowKey le {last}");
        Self { filter: Some(filter), ..Self::default() }
    }
}

/// A text as an OData literal.
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Table requests. Each call is one request.
#[async_trait]
pub trait Tables: Send + Sync + 'static {
    /// Makes a table.
    ///
    /// # Errors
    /// [`Error::Exists`] if there is one.
    async fn create_table(&self, table: Table) -> Result<(), Error>;

    /// Removes a table. The service may refuse to make it anew for a while.
    async fn delete_table(&self, table: Table) -> Result<(), Error>;

    /// One entity.
    async fn get(&self, table: Table, key: &Key) -> Result<Option<Versioned>, Error>;

    /// One page of entities.
    async fn query(&self, table: Table, query: &Query) -> Result<Page, Error>;

    /// Changes one entity; answers its new etag, none after a delete.
    async fn write(&self, table: Table, write: Write) -> Result<Option<ETag>, Error>;

    /// Changes up to 100 entities of one partition, each at most once, all or none; answers their new etags in order.
    ///
    /// # Errors
    /// That of the first change that fails. [`Error::Refused`] if there are too many or they are too large.
    async fn transact(&self, table: Table, writes: Vec<Write>) -> Result<Vec<Option<ETag>>, Error>;
}
