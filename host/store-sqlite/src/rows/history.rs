//! `history`: one row for each work item that recorded something.

use engine::{EventId, HistoryEvent, InstanceId};
use rusqlite::{Connection, params};
use store::{HistoryPage, PageRoom, check_engine_revision, codec};

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

/// All events.
///
/// # Errors
/// `Newer` if it cannot be read because a newer build wrote it, `Damaged` if a batch cannot be read or does not continue
/// the one before.
pub(crate) fn read(connection: &Connection, instance: i64, id: &InstanceId) -> Result<Vec<HistoryEvent>, ReadError> {
    let (events, _) = read_while(connection, instance, id, EventId::FIRST, |_| true)?;
    Ok(events)
}

/// A page of the events. Batches are read whole, so that one more than what the page holds is in memory.
///
/// # Errors
/// As for `read`.
pub(crate) fn page(
    connection: &Connection,
    instance: i64,
    id: &InstanceId,
    from: EventId,
    max: usize,
) -> Result<HistoryPage, ReadError> {
    let mut room = PageRoom::of(max);
    let has_room = |batch: &[HistoryEvent]| {
        for event in batch.iter().filter(|event| event.id >= from) {
            room.take(event.kind.payload_bytes());
        }
        !room.is_full()
    };
    let (events, has_more) = read_while(connection, instance, id, from, has_room)?;
    let behind = events.last().map(|last| last.id.next()).filter(|_| has_more);
    let mut page = HistoryPage::cut(events, from, max);
    page.next = page.next.or(behind);
    Ok(page)
}

/// The batches from the one with event `from` on, while `goes_on` says so of each, and whether there are more.
fn read_while(
    connection: &Connection,
    instance: i64,
    id: &InstanceId,
    from: EventId,
    mut goes_on: impl FnMut(&[HistoryEvent]) -> bool,
) -> Result<(Vec<HistoryEvent>, bool), ReadError> {
    let mut statement = connection.prepare_cached(
        "SELECT first_event, events FROM history
         WHERE instance = ?1 AND first_event >= coalesce(
           (SELECT max(first_event) FROM history WHERE instance = ?1 AND first_event <= ?2), 0)
         ORDER BY first_event",
    )?;
    let mut rows = statement.query(params![instance, number(from.0)])?;
    let mut events: Vec<HistoryEvent> = Vec::new();
    let mut has_room = true;
    while let Some(row) = rows.next()? {
        if !has_room {
            return Ok((events, true));
        }
        let first_of_batch = events.len();
        let batch = row.get_ref(1)?.as_blob().map_err(|_| damaged(id, "a batch of its history is no blob"))?;
        let before = events.last().map(|event| event.id.next());
        if let Err(error) = codec::decode_events_into(batch, &mut events) {
            check_engine_revision(&events)?;
            return Err(damaged(id, format_args!("{error} in its history")).into());
        }
        let batch = events.get(first_of_batch..).unwrap_or_default();
        let first = batch.first().map(|event| event.id);
        if first.is_none() || before.is_some_and(|expected| first != Some(expected)) {
            return Err(damaged(id, format_args!("its history lacks event {before:?}")).into());
        }
        has_room = goes_on(batch);
    }
    Ok((events, false))
}
