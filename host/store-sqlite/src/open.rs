//! Opening the file, or saying why not.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::{Options, log, schema};

/// How long a statement waits for a foreign tool that has the file locked; our own connections never wait.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Pages that the writer keeps in memory, in KiB: those that turns change again and again stay there.
const WRITER_CACHE_KIB: i32 = 32 * 1024;

/// Statements kept prepared by each connection; there are fewer.
const STATEMENTS_MAX: usize = 96;

/// Why a file was not opened. Nothing in it was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Another process works on the file.
    #[error("{} is in use by another process: stop that one first, or choose another file", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The file is something else.
    #[error("{} is not a Rondo database: choose another file", path.display())]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// The file was written by a newer program.
    #[error(
        "{} has schema {found}, and this program knows schemas up to {supported}: use the program that wrote it, or a \
         newer one",
        path.display()
    )]
    NewerSchema {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: u32,
        /// The newest that this program knows.
        supported: u32,
    },
    /// The file is damaged.
    #[error(
        "{} is damaged ({problem}): restore it from a backup, or save what is left with `sqlite3 FILE .recover`",
        path.display()
    )]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        problem: String,
    },
    /// The file, or one beside it, is not this user's, or is no file.
    #[error(transparent)]
    NotOurs(files::Error),
    /// The file, or one beside it, could not be opened or written.
    #[error("cannot open {}: {problem}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        problem: String,
    },
}

impl From<files::Error> for OpenError {
    fn from(error: files::Error) -> Self {
        match error {
            files::Error::Io { path, problem } => Self::Io { path, problem: problem.to_string() },
            other => Self::NotOurs(other),
        }
    }
}

/// The right to write the file; ends with the value, and with the process.
#[derive(Debug)]
pub(crate) struct FileLock(#[expect(dead_code, reason = "held for the lock")] File);

impl FileLock {
    pub(crate) fn take(path: &Path) -> Result<Self, OpenError> {
        let lock_path = beside(path, ".lock");
        // Whoever can open it can hold the lock, also for reading only.
        let file = files::open(&lock_path)?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(OpenError::InUse { path: path.to_owned() }),
            Err(TryLockError::Error(error)) => Err(OpenError::Io { path: lock_path, problem: error.to_string() }),
        }
    }
}

/// Opens the connection that writes and brings the schema up to date. The lock must be held.
pub(crate) fn open_writer(path: &Path, options: &Options) -> Result<Connection, OpenError> {
    close_to_others(path)?;
    let mut connection = Connection::open(path).map_err(|error| open_error(path, &error))?;
    prepare_writer(&mut connection, path, options)?;
    Ok(connection)
}

/// SQLite gives the files that it makes beside a database the mode that the database has.
fn close_to_others(path: &Path) -> Result<(), OpenError> {
    // A database may be kept elsewhere, behind a link; what SQLite writes beside it is there, too.
    let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if !files::close(&path)? {
        files::open(&path)?;
    }
    for suffix in ["-wal", "-shm", "-journal"] {
        files::close(&beside(&path, suffix))?;
    }
    Ok(())
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut beside = path.as_os_str().to_owned();
    beside.push(suffix);
    beside.into()
}

fn prepare_writer(connection: &mut Connection, path: &Path, options: &Options) -> Result<(), OpenError> {
    let fail = |error: rusqlite::Error| open_error(path, &error);
    connection.busy_timeout(BUSY_TIMEOUT).map_err(fail)?;
    let found = schema_version(connection, path)?;
    // The mode is asked for only once it is sure that the file is ours: it is written into the file.
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0)).map_err(fail)?;
    if mode != "wal" {
        let problem = format!("its file system does not allow a write-ahead log (SQLite offers {mode:?})");
        return Err(OpenError::Io { path: path.to_owned(), problem });
    }
    configure(connection).map_err(fail)?;
    connection.pragma_update(None, "synchronous", "full").map_err(fail)?;
    log::lengthen(connection, path, options.log_bytes_min);
    // Negative: KiB instead of pages.
    connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB).map_err(fail)?;
    connection.pragma_update(None, "wal_autocheckpoint", log::CHECKPOINT_PAGES).map_err(fail)?;
    connection.pragma_update(None, "journal_size_limit", log::BYTES_MAX).map_err(fail)?;
    if let Some(bytes) = options.file_bytes_max {
        let page_bytes: u32 = connection.pragma_query_value(None, "page_size", |row| row.get(0)).map_err(fail)?;
        let pages = i64::try_from(bytes / u64::from(page_bytes.max(1))).unwrap_or(i64::MAX);
        let answer = connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()));
        answer.map_err(fail)?;
    }
    schema::migrate(connection, found).map_err(fail)
}

/// The schema of a file of ours; 0 for an empty one.
fn schema_version(connection: &Connection, path: &Path) -> Result<u32, OpenError> {
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let read = || {
        let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        Ok((tables, pragma("application_id")?, pragma("user_version")?))
    };
    let (tables, application_id, user_version) = read().map_err(|error| open_error(path, &error))?;
    let is_empty = tables == 0 && application_id == 0 && user_version == 0;
    if !is_empty && application_id != schema::APPLICATION_ID {
        return Err(OpenError::NotADatabase { path: path.to_owned() });
    }
    let found = u32::try_from(user_version).unwrap_or(u32::MAX);
    if found > schema::VERSION {
        return Err(OpenError::NewerSchema { path: path.to_owned(), found, supported: schema::VERSION });
    }
    Ok(found)
}

/// Opens a connection that only reads.
pub(crate) fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    let connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    configure(&connection)?;
    Ok(connection)
}

fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    // Plans depend on the statement alone. Otherwise this build of SQLite (with STAT4) prepares a statement anew whenever
    // another value is bound, which costs more than the read that follows.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "foreign_keys", false)?;
    connection.pragma_update(None, "temp_store", "memory")
}

pub(crate) fn open_error(path: &Path, error: &rusqlite::Error) -> OpenError {
    let path = path.to_owned();
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => OpenError::NotADatabase { path },
        Some(ErrorCode::DatabaseCorrupt) => OpenError::Corrupt { path, problem: error.to_string() },
        Some(ErrorCode::DatabaseBusy) => OpenError::InUse { path },
        _ => OpenError::Io { path, problem: error.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_commit_waits_for_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let connection = open_writer(&folder.path().join("hub.db"), &Options::default()).unwrap();
        let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(pragma("synchronous"), 2, "2 is FULL");
        assert_eq!(pragma("foreign_keys"), 0);
    }

    #[test]
    fn the_log_has_its_length_from_the_start() {
        let folder = tempfile::tempdir().unwrap();
        let _writer = open_writer(&folder.path().join("hub.db"), &Options::default()).unwrap();
        assert!(folder.path().join("hub.db-wal").metadata().unwrap().len() >= log::LENGTH);
    }

    #[test]
    fn readers_cannot_write() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hub.db");
        let _writer = open_writer(&path, &Options::default()).unwrap();
        let error = open_reader(&path).unwrap().execute("DELETE FROM instances", []).unwrap_err();
        assert_eq!(error.sqlite_error_code(), Some(ErrorCode::ReadOnly));
    }
}
