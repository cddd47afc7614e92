//! `history`: one row for each work item that recorded something.

use engine::{EventId, HistoryEvent, InstanceId};
use rusqlite::{Connection, params};
use store::{check_engine_revision, codec};

use super::{damaged, number};
use crate::error::ReadError;

/// Adds a batch that begins with `first`.
pub(crate) fn insert(connection: &Connection, instance: i64, first: EventId, events: &[u8]) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT INTO history (instance, first_event, events) VALUES (?1, ?2, ?3)")?
        .execute(params![instance, number(first.0), events])
        .map(drop)
}

/// Removes all of it.
pub(crate) fn delete(connection: &Connection, instance: i64) -> rusqlite::Result<()> {
    connection.prepare_cached("DELETE FROM history WHERE instance = ?1")?.execute([instance]).map(drop)
}

/// The events from `from` on, at most `max`, in whole batches: there may be some before and some more behind.
///
/// # Errors
/// `Newer` if it cannot be read because a newer build wrote it, `Damaged` if a batch cannot be read or does not continue the one before.
pub(crate) fn read(
    connection: &Connection,
    instance: i64,
    id: &InstanceId,
    from: EventId,
    max: usize,
) -> Result<Vec<HistoryEvent>, ReadError> {
    let mut statement = connection.prepare_cached(
        "SELECT first_event, events FROM history
         WHERE instance = ?1 AND first_event >= coalesce(
           (SELECT max(first_event) FROM history WHERE instance = ?1 AND first_event <= ?2), 0)
         ORDER BY first_event",
    )?;
    let mut rows = statement.query(params![instance, number(from.0)])?;
    let mut events: Vec<HistoryEvent> = Vec::new();
    while let Some(row) = rows.next()? {
        let first_of_batch = events.len();
        let batch = row.get_ref(1)?.as_blob().map_err(|_| damaged(id, "a batch of its history is no blob"))?;
        let before = events.last().map(|event| event.id.next());
        if let Err(error) = codec::decode_events_into(batch, &mut events) {
            check_engine_revision(&events)?;
            return Err(damaged(id, format_args!("{error} in its history")).into());
        }
        let first = events.get(first_of_batch).map(|event| event.id);
        if first.is_none() || before.is_some_and(|expected| first != Some(expected)) {
            return Err(damaged(id, format_args!("its history lacks event {before:?}")).into());
        }
        let before_from = events.iter().take_while(|event| event.id < from).count();
        if events.len() - before_from >= max {
            break;
        }
    }
    Ok(events)
}
