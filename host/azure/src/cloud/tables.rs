//! Tables of an account.

use async_trait::async_trait;
use azure_core::{Continuable as _, Etag};
use azure_data_tables::IfMatchCondition;
use azure_data_tables::clients::{EntityClient, TableClient};
use futures_util::StreamExt as _;
use serde_json::{Map, Value as Json};

use super::Cloud;
use super::errors::Failure;
use crate::limits::{check_key, check_top, check_write};
use crate::{Condition, ETag, Error, Key, Page, PageEnd, Query, Table, Tables, Verb, Versioned, Write, edm};

/// The codes of an entity that is not there, unlike its table.
const ABSENT: &[&str] = &["ResourceNotFound", "EntityNotFound"];

impl Cloud {
    pub(super) fn table(&self, table: Table) -> TableClient {
        self.tables.table_client(self.hub.table(table))
    }

    fn entity(&self, table: Table, key: &Key) -> EntityClient {
        self.table(table).partition_key_client(literal(&key.partition)).entity_client(literal(&key.row))
    }
}

/// A key for the address of an entity, where the SDK puts it between quotes as it is.
pub(super) fn literal(text: &str) -> String {
    text.replace('\'', "''")
}

pub(super) fn if_match(condition: &Condition) -> IfMatchCondition {
    match condition {
        Condition::Match(ETag(etag)) => IfMatchCondition::Etag(Etag::from(etag.to_string())),
        Condition::Any => IfMatchCondition::Any,
    }
}

fn etag(etag: &Etag) -> ETag {
    ETag(etag.as_ref().into())
}

#[async_trait]
impl Tables for Cloud {
    async fn create_table(&self, table: Table) -> Result<(), Error> {
        self.table(table).create().await.map_err(Failure::from)?;
        Ok(())
    }

    async fn delete_table(&self, table: Table) -> Result<(), Error> {
        self.table(table).delete().await.map_err(Failure::from)?;
        Ok(())
    }

    async fn get(&self, table: Table, key: &Key) -> Result<Option<Versioned>, Error> {
        check_key(key)?;
        match self.entity(table, key).get::<Map<String, Json>>().await.map_err(Failure::from) {
            Ok(found) => {
                let (key, entity, _) = edm::decode(found.entity)?;
                Ok(Some(Versioned { key, entity, etag: etag(&found.etag) }))
            }
            Err(failure) if failure.is_absent(ABSENT) => Ok(None),
            Err(failure) => Err(failure.into()),
        }
    }

    async fn query(&self, table: Table, query: &Query) -> Result<Page, Error> {
        check_top(query.top)?;
        let mut request = self.table(table).query();
        if let Some(filter) = &query.filter {
            request = request.filter(filter.clone());
        }
        if !query.select.is_empty() {
            request = request.select(format!("PartitionKey,RowKey,{}", query.select.join(",")));
        }
        if let Some(top) = query.top {
            request = request.top(top);
        }
        if let Some(PageEnd { partition, row }) = &query.after {
            request = request.initial_partition_key(partition.clone());
            if let Some(row) = row {
                request = request.initial_row_key(row.clone());
            }
        }
        // A stream of pages, of which each is a request: one is wanted.
        let mut pages = request.into_stream::<Map<String, Json>>();
        let Some(page) = pages.next().await else { return Ok(Page::default()) };
        let page = page.map_err(Failure::from)?;
        let end = page.continuation().map(|(partition, row)| PageEnd { partition, row });
        let entities = page.entities.into_iter().map(|json| {
            let (key, entity, etag) = edm::decode(json)?;
            let etag = etag.ok_or_else(|| Failure::Unknown("an entity of the answer has no etag".to_owned()))?;
            Ok(Versioned { key, entity, etag: ETag(etag.into()) })
        });
        Ok(Page { entities: entities.collect::<Result<_, Error>>()?, end })
    }

    async fn write(&self, table: Table, write: Write) -> Result<Option<ETag>, Error> {
        check_write(&write)?;
        let Write { key, verb } = write;
        let client = self.entity(table, &key);
        let written = match verb {
            Verb::Insert(entity) => {
                let insert = self.table(table).insert::<_, Json>(edm::encode(&key, &entity)).map_err(Failure::from)?;
                insert.return_entity(false).await.map_err(Failure::from)?.etag
            }
            Verb::InsertOrReplace(entity) => {
                let put = client.insert_or_replace(edm::encode(&key, &entity)).map_err(Failure::from)?;
                put.await.map_err(Failure::from)?.etag
            }
            Verb::Merge(entity, condition) => {
                let merge = client.merge(edm::encode(&key, &entity), if_match(&condition)).map_err(Failure::from)?;
                merge.await.map_err(Failure::from)?.etag
            }
            Verb::Replace(entity, condition) => {
                let update = client.update(edm::encode(&key, &entity), if_match(&condition)).map_err(Failure::from)?;
                update.await.map_err(Failure::from)?.etag
            }
            Verb::Delete(condition) => {
                client.delete().if_match(if_match(&condition)).await.map_err(Failure::from)?;
                return Ok(None);
            }
        };
        Ok(Some(etag(&written)))
    }

    async fn transact(&self, table: Table, writes: Vec<Write>) -> Result<Vec<Option<ETag>>, Error> {
        self.transaction(table, writes).await
    }
}
