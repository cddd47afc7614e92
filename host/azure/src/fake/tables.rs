//! Tables of the fake.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::FakeMedium;
use super::filter::Filter;
use crate::limits::{check_key, check_top, check_transaction, check_write};
use crate::{Condition, ETag, Entity, Error, Key, Page, PageEnd, Query, Table, Tables, Value, Verb, Versioned, Write};

/// The entities of a table.
pub(super) type Rows = BTreeMap<Key, Row>;

/// An entity.
#[derive(Clone)]
pub(super) struct Row {
    pub(super) entity: Entity,
    version: u64,
    pub(super) written_at_ms: u64,
}

impl Row {
    fn etag(&self) -> ETag {
        ETag(format!("W/\"{}\"", self.version).into())
    }

    fn versioned(&self, key: &Key, select: &[String]) -> Versioned {
        let mut entity = self.entity.clone();
        if !select.is_empty() {
            entity.0.retain(|name, _| select.contains(name));
        }
        Versioned { key: key.clone(), entity, etag: self.etag() }
    }
}

impl FakeMedium {
    fn rows<R>(&self, table: Table, then: impl FnOnce(&mut Rows) -> Result<R, Error>) -> Result<R, Error> {
        let name = self.hub.table(table).to_ascii_lowercase();
        self.state().tables.get_mut(&name).map_or(Err(Error::NotFound), then)
    }

    /// All of the changes, or none.
    fn apply(&self, table: Table, writes: Vec<Write>) -> Result<Vec<Option<ETag>>, Error> {
        let now_ms = self.now_ms();
        let name = self.hub.table(table).to_ascii_lowercase();
        let mut state = self.state();
        // A version is never given twice, not even to a change that is rolled back.
        let versions: Vec<u64> = writes.iter().map(|_| state.number()).collect();
        let rows = state.tables.get_mut(&name).ok_or(Error::NotFound)?;
        // An entity is changed at most once, so that all can be decided before any is written.
        let mut decided = Vec::with_capacity(writes.len());
        for (write, version) in writes.into_iter().zip(versions) {
            let entity = decide(rows.get(&write.key), write.verb)?;
            decided.push((write.key, entity.map(|entity| Row { entity, version, written_at_ms: now_ms })));
        }
        let mut etags = Vec::with_capacity(decided.len());
        for (key, row) in decided {
            etags.push(row.as_ref().map(Row::etag));
            match row {
                Some(row) => drop(rows.insert(key, row)),
                None => drop(rows.remove(&key)),
            }
        }
        Ok(etags)
    }
}

/// What an entity becomes; none if it is removed.
fn decide(stored: Option<&Row>, verb: Verb) -> Result<Option<Entity>, Error> {
    let written = match verb {
        Verb::Insert(_) if stored.is_some() => return Err(Error::Exists),
        Verb::Insert(entity) | Verb::InsertOrReplace(entity) => entity,
        Verb::Replace(entity, condition) => {
            met(stored, &condition)?;
            entity
        }
        Verb::Merge(entity, condition) => {
            let mut merged = met(stored, &condition)?.entity.clone();
            merged.0.extend(entity.0);
            merged
        }
        Verb::Delete(condition) => {
            met(stored, &condition)?;
            return Ok(None);
        }
    };
    Ok(Some(normal(written)))
}

fn met<'a>(stored: Option<&'a Row>, condition: &Condition) -> Result<&'a Row, Error> {
    let row = stored.ok_or(Error::NotFound)?;
    match condition {
        Condition::Match(etag) if *etag != row.etag() => Err(Error::Changed),
        Condition::Match(_) | Condition::Any => Ok(row),
    }
}

/// Values as the service gives them back: GUIDs in lower case.
fn normal(mut entity: Entity) -> Entity {
    for value in entity.0.values_mut() {
        if let Value::Guid(text) = value {
            text.make_ascii_lowercase();
        }
    }
    entity
}

#[async_trait]
impl Tables for FakeMedium {
    async fn create_table(&self, table: Table) -> Result<(), Error> {
        let name = self.hub.table(table).to_ascii_lowercase();
        let mut state = self.state();
        if state.tables.contains_key(&name) {
            return Err(Error::Exists);
        }
        state.tables.insert(name, Rows::new());
        Ok(())
    }

    async fn delete_table(&self, table: Table) -> Result<(), Error> {
        let name = self.hub.table(table).to_ascii_lowercase();
        self.state().tables.remove(&name).map(drop).ok_or(Error::NotFound)
    }

    async fn get(&self, table: Table, key: &Key) -> Result<Option<Versioned>, Error> {
        check_key(key)?;
        self.rows(table, |rows| Ok(rows.get(key).map(|row| row.versioned(key, &[]))))
    }

    async fn query(&self, table: Table, query: &Query) -> Result<Page, Error> {
        check_top(query.top)?;
        let filter = query.filter.as_deref().map(Filter::parse).transpose()?;
        let max = query.top.map_or(self.page_rows(), |top| (top as usize).min(self.page_rows()));
        let partition = filter.as_ref().and_then(Filter::partition);
        let begin = match (&query.after, partition) {
            (Some(end), _) => Key { partition: end.partition.clone(), row: end.row.clone().unwrap_or_default() },
            (None, Some(partition)) => Key { partition: partition.to_owned(), row: String::new() },
            (None, None) => Key { partition: String::new(), row: String::new() },
        };
        self.rows(table, |rows| {
            let mut page = Page::default();
            let within = |key: &Key| partition.is_none_or(|partition| key.partition == partition);
            for (key, row) in rows.range(begin..).take_while(|(key, _)| within(key)) {
                if page.entities.len() == max {
                    // As the service does: there are more rows, which need not match.
                    page.end = Some(PageEnd { partition: key.partition.clone(), row: Some(key.row.clone()) });
                    break;
                }
                if filter.as_ref().is_none_or(|filter| filter.matches(key, row)) {
                    page.entities.push(row.versioned(key, &query.select));
                }
            }
            Ok(page)
        })
    }

    async fn write(&self, table: Table, write: Write) -> Result<Option<ETag>, Error> {
        check_write(&write)?;
        Ok(self.apply(table, vec![write])?.pop().flatten())
    }

    async fn transact(&self, table: Table, writes: Vec<Write>) -> Result<Vec<Option<ETag>>, Error> {
        check_transaction(&writes)?;
        if writes.is_empty() {
            return Ok(Vec::new());
        }
        self.apply(table, writes)
    }
}
