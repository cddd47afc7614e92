//! Deleting ended instances.

use engine::{InstanceId, RuntimeStatus, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, params};
use store::{HeldReason, InstanceError, PurgeFilter, codec};

use super::deliver;
use crate::dispatch::{Change, Key};
use crate::error::ReadError;
use crate::rows::{inbox, instance, ms, unsigned};
use crate::transaction::Transaction;

/// Deletes one that has ended, or is damaged: that will never end.
pub(crate) fn purge(
    transaction: &mut Transaction<'_>,
    id: &InstanceId,
) -> Result<Result<(), InstanceError>, ReadError> {
    if purge_page(transaction, std::slice::from_ref(id), &PurgeFilter::default())? == 1 {
        return Ok(Ok(()));
    }
    Ok(match instance::find_any(transaction.connection, id)? {
        Some((row, damaged)) if damaged.is_some() || row.held.as_ref().is_some_and(HeldReason::is_damage) => {
            let number = instance::number_of(transaction.connection, id)?;
            number.map(|number| delete(transaction, Key { number, id: id.clone() }, row.revision)).transpose()?;
            Ok(())
        }
        Some((row, _)) => Err(InstanceError::WrongStatus(Box::new(row))),
        None => Err(InstanceError::NotFound(id.clone())),
    })
}

fn delete(transaction: &mut Transaction<'_>, key: Key, revision: u64) -> rusqlite::Result<()> {
    let rewinds = inbox::rewinds(transaction.connection, key.number)?;
    let messages = instance::delete(transaction.connection, key.number)?;
    transaction.ledger.messages = transaction.ledger.messages.saturating_sub(messages);
    for rewind in rewinds {
        if let Ok(message) = codec::decode_message(&rewind) {
            deliver::answer_for_gone(transaction, &key.id, &message)?;
        }
    }
    transaction.raise_revision_floor(revision)?;
    transaction.changes.push(Change::Purged { key });
    Ok(())
}

/// Deletes those of a page that still match; answers how many there were.
pub(crate) fn purge_page(
    transaction: &mut Transaction<'_>,
    ids: &[InstanceId],
    filter: &PurgeFilter,
) -> rusqlite::Result<u64> {
    let mut purged = 0;
    for id in ids {
        let (statuses, from, to) = sql_filter(filter);
        let found = transaction
            .connection
            .prepare_cached(
                "SELECT id, revision FROM instances
                 WHERE instance_id = ?1 AND (?2 >> status) & 1 AND created_at_ms BETWEEN ?3 AND ?4",
            )?
            .query_row(params![id.as_str(), statuses, from, to], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        if let Some((number, revision)) = found {
            delete(transaction, Key { number, id: id.clone() }, unsigned(revision))?;
            purged += 1;
        }
    }
    Ok(purged)
}

/// The next instances that match, in the order of their numbers, and where to go on; none after the last.
pub(crate) fn candidates(
    connection: &Connection,
    filter: &PurgeFilter,
    after: i64,
    max: usize,
) -> Result<(Vec<InstanceId>, Option<i64>), ReadError> {
    let (statuses, from, to) = sql_filter(filter);
    let mut statement = connection.prepare_cached(
        "SELECT id, instance_id FROM instances
         WHERE id > ?1 AND (?2 >> status) & 1 AND created_at_ms BETWEEN ?3 AND ?4
         ORDER BY id LIMIT ?5",
    )?;
    let mut rows = statement.query(params![after, statuses, from, to, i64::try_from(max).unwrap_or(i64::MAX)])?;
    let mut ids = Vec::new();
    let mut last = after;
    while let Some(row) = rows.next()? {
        last = row.get(0)?;
        ids.push(crate::rows::instance_id(&row.get::<_, String>(1)?)?);
    }
    let is_full = ids.len() == max;
    Ok((ids, is_full.then_some(last)))
}

/// A bit for each status that matches, and the bounds of creation.
fn sql_filter(filter: &PurgeFilter) -> (i64, i64, i64) {
    let PurgeFilter { statuses, created_from, created_to } = filter;
    let wanted = RuntimeStatus::ALL
        .into_iter()
        .filter(|status| status.is_terminal() && (statuses.is_empty() || statuses.contains(status)));
    let mask = wanted.fold(0, |mask, status| mask | 1 << instance::status_number(status));
    let bound = |at: Option<Timestamp>, default| at.map_or(default, ms);
    (mask, bound(*created_from, 0), bound(*created_to, i64::MAX))
}
