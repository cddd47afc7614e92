//! Transactions: entity group transactions, changes of one partition.

use super::Cloud;
use super::errors::Failure;
use super::tables::{if_match, literal};
use crate::limits::check_transaction;
use crate::{ETag, Error, Table, Verb, Write, edm};

impl Cloud {
    /// The failure of a change comes from the transport, as the error of the request.
    pub(super) async fn transaction(&self, table: Table, writes: Vec<Write>) -> Result<Vec<Option<ETag>>, Error> {
        check_transaction(&writes)?;
        let Some(first) = writes.first() else { return Ok(Vec::new()) };
        let mut transaction = self.table(table).partition_key_client(literal(&first.key.partition)).transaction();
        let mut has_etag = Vec::with_capacity(writes.len());
        for Write { key, verb } in &writes {
            let row = literal(&key.row);
            has_etag.push(!matches!(verb, Verb::Delete(_)));
            transaction = match verb {
                Verb::Insert(entity) => transaction.insert(edm::encode(key, entity)),
                Verb::InsertOrReplace(entity) => transaction.insert_or_replace(row, edm::encode(key, entity)),
                Verb::Merge(entity, condition) => {
                    transaction.merge(row, edm::encode(key, entity), Some(if_match(condition)))
                }
                Verb::Replace(entity, condition) => {
                    transaction.update(row, edm::encode(key, entity), Some(if_match(condition)))
                }
                Verb::Delete(condition) => transaction.delete(row, Some(if_match(condition))),
            }
            .map_err(Failure::from)?;
        }
        let answers = transaction.await.map_err(Failure::from)?.operation_responses;
        if answers.len() != has_etag.len() {
            let message = format!("{} answers to {} changes", answers.len(), has_etag.len());
            return Err(Failure::Unknown(message).into());
        }
        let etags = answers.into_iter().zip(has_etag).map(|(answer, has_etag)| match answer.etag {
            _ if !has_etag => Ok(None),
            Some(etag) => Ok(Some(ETag(etag.as_ref().into()))),
            None => Err(Failure::Unknown("a change was answered without an etag".to_owned())),
        });
        Ok(etags.collect::<Result<_, Failure>>()?)
    }
}
