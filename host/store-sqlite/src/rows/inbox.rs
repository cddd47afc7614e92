//! `inbox`: messages that no commit has consumed.

use rusqlite::{Connection, OptionalExtension as _, params};
use store::MessageId;

use super::{number, unsigned};

pub(crate) fn insert(connection: &Connection, id: MessageId, instance: i64, body: &[u8]) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT INTO inbox (id, instance, body) VALUES (?1, ?2, ?3)")?
        .execute(params![number(id.0), instance, body])
        .map(drop)
}

/// Removes a message; answers whether it was there.
pub(crate) fn delete(connection: &Connection, id: MessageId, instance: i64) -> rusqlite::Result<bool> {
    let deleted = connection
        .prepare_cached("DELETE FROM inbox WHERE id = ?1 AND instance = ?2")?
        .execute(params![number(id.0), instance])?;
    Ok(deleted == 1)
}

/// The bytes of a message.
pub(crate) fn body(connection: &Connection, id: MessageId, instance: i64) -> rusqlite::Result<Option<Vec<u8>>> {
    connection
        .prepare_cached("SELECT body FROM inbox WHERE id = ?1 AND instance = ?2")?
        .query_row(params![number(id.0), instance], |row| row.get(0))
        .optional()
}

/// Whether a message is still there.
pub(crate) fn exists(connection: &Connection, id: MessageId, instance: i64) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT 1 FROM inbox WHERE id = ?1 AND instance = ?2")?
        .exists(params![number(id.0), instance])
}

/// How the bytes of every rewind begin: the version of the codec, an array of two, the number of the message.
const REWIND: [u8; 3] = [1, 0x82, 9];

/// The bytes of all rewinds that wait for an instance.
pub(crate) fn rewinds(connection: &Connection, instance: i64) -> rusqlite::Result<Vec<Vec<u8>>> {
    connection
        .prepare_cached("SELECT body FROM inbox WHERE instance = ?1 AND substr(body, 1, 3) = ?2")?
        .query_map(params![instance, REWIND], |row| row.get(0))?
        .collect()
}

/// How many there are, and the highest number.
pub(crate) fn count_and_last(connection: &Connection) -> rusqlite::Result<(usize, u64)> {
    let count = connection.query_row("SELECT count(*) FROM inbox", [], |row| row.get::<_, i64>(0))?;
    let last: Option<i64> = connection.query_row("SELECT max(id) FROM inbox", [], |row| row.get(0))?;
    Ok((usize::try_from(count).unwrap_or_default(), last.map_or(0, unsigned)))
}

#[cfg(test)]
mod tests {
    use engine::text::parse_messages;

    use super::*;

    #[test]
    fn the_bytes_of_rewinds_and_of_nothing_else_begin_so() {
        let rewinds =
            "rewind | rewind reason='r' execution=7 | rewind parent=p parent_name=p parent_task=0 parent_attempt=1";
        for message in parse_messages(rewinds).unwrap() {
            assert_eq!(store::codec::encode_message(&message)[..3], REWIND);
        }
        for message in parse_messages("resume | raise_event name=go | wake").unwrap() {
            assert_ne!(store::codec::encode_message(&message)[..3], REWIND);
        }
    }
}
