//! The write-ahead log: how long it gets, and that it is that long from the start.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

/// Pages before they are moved into the file: 16 MiB. Fewer would stall writers more often.
pub(crate) const CHECKPOINT_PAGES: u32 = 4_096;

/// How long that makes it. From then on it is overwritten from its beginning.
pub(crate) const LENGTH: u64 = CHECKPOINT_PAGES as u64 * 4_096;

/// What it is cut to after it was moved.
pub(crate) const BYTES_MAX: u32 = 64 * 1024 * 1024;

/// Pages kept in memory while it is lengthened, in KiB. All others go into the log.
const CACHE_KIB: u32 = 256;

/// Makes the log as long as it is going to be, unless it is that long already.
///
/// The sync of a file that has grown waits for the journal of the file system as well, which makes each commit half as
/// slow again until the log begins anew. So what would be written in that time is written at once, and rolled back: the
/// file keeps its length. Where there is no room for that, the log grows as it is written.
pub(crate) fn lengthen(connection: &Connection, path: &Path, length: u64) {
    let is_long = fs::metadata(path_of(path)).is_ok_and(|log| log.len() >= length);
    if is_long || length == 0 {
        return;
    }
    if let Err(error) = write_and_forget(connection, length) {
        tracing::debug!(%error, "the write-ahead log could not be lengthened");
    }
    if !connection.is_autocommit()
        && let Err(error) = connection.execute_batch("ROLLBACK")
    {
        tracing::debug!(%error, "the lengthening of the write-ahead log could not be rolled back");
    }
}

/// Leaves a transaction open.
fn write_and_forget(connection: &Connection, length: u64) -> rusqlite::Result<()> {
    // Negative: KiB instead of pages.
    connection.pragma_update(None, "cache_size", -i64::from(CACHE_KIB))?;
    connection.execute_batch("BEGIN IMMEDIATE; CREATE TABLE log_length (zeros BLOB)")?;
    // What is in memory when it is rolled back never gets into the log.
    let length = length.saturating_add(2 * 1_024 * u64::from(CACHE_KIB));
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    connection.execute("INSERT INTO log_length VALUES (zeroblob(?1))", [length]).map(drop)
}

/// Where SQLite has it.
fn path_of(path: &Path) -> PathBuf {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    log.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file that has a log of that length, and nothing in it.
    fn with_log(length: u64, before: &str) -> (tempfile::TempDir, Connection, u64) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hub.db");
        let connection = Connection::open(&path).unwrap();
        connection.execute_batch(&format!("PRAGMA journal_mode = wal; {before}")).unwrap();
        lengthen(&connection, &path, length);
        let found = fs::metadata(path_of(&path)).map_or(0, |log| log.len());
        (folder, connection, found)
    }

    fn tables(connection: &Connection) -> i64 {
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn the_log_is_long_and_nothing_is_in_it() {
        let (folder, connection, length) = with_log(LENGTH, "");
        assert!((LENGTH..LENGTH + LENGTH / 16).contains(&length), "{length}");
        assert_eq!(tables(&connection), 0);
        connection.execute_batch("CREATE TABLE kept (id INTEGER)").unwrap();
        let path = folder.path().join("hub.db");
        assert_eq!(fs::metadata(path_of(&path)).unwrap().len(), length, "a commit does not make it longer");
        lengthen(&connection, &path, LENGTH);
        assert_eq!(fs::metadata(path_of(&path)).unwrap().len(), length, "it is long enough");
        drop(connection);
        assert_eq!(tables(&Connection::open(path).unwrap()), 1);
    }

    #[test]
    fn without_room_it_stays_short_and_can_be_written() {
        let (_folder, connection, length) = with_log(LENGTH, "PRAGMA max_page_count = 32");
        assert!(length < LENGTH);
        assert!(connection.is_autocommit());
        connection.execute_batch("CREATE TABLE kept (id INTEGER)").unwrap();
        assert_eq!(tables(&connection), 1);
    }
}
