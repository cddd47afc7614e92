//! Whether the file can be written, and finding out when it can again.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rusqlite::ffi;
use store::{Outcome, StorageError};

/// How much room there must be before writing is tried again. The write-ahead log may have a little left that it was
/// given earlier: enough for a small write, and then again for nothing else.
const ROOM_BYTES: usize = 1024 * 1024;

/// What the writer knows of the disk.
#[derive(Debug, Default)]
pub(crate) struct Health(Mutex<Option<String>>);

impl Health {
    /// A transaction was committed.
    pub(crate) fn works(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// A transaction could not be written. Answers whether that is news.
    pub(crate) fn fails(&self, problem: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).replace(problem.to_owned()).is_none()
    }

    /// Whether the last transaction could not be written.
    pub(crate) fn is_failing(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }
}

/// A place beside the database where room can be tried.
#[derive(Debug, Clone)]
pub(crate) struct Room(PathBuf);

impl Room {
    /// Beside that file. Nothing is written yet; what a process that was killed has left there is removed.
    pub(crate) fn beside(database: &Path) -> Self {
        let mut path = database.as_os_str().to_owned();
        path.push(".room");
        let room = Self(path.into());
        // As a rule there is none.
        let _ = fs::remove_file(&room.0);
        room
    }

    /// Whether the disk takes as much as [`ROOM_BYTES`]. Blocks.
    ///
    /// # Errors
    /// It does not.
    pub(crate) fn check(&self) -> Result<(), StorageError> {
        let written = self.write();
        let removed = match fs::remove_file(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        };
        written.and(removed).map_err(|error| StorageError::new("fetch", Outcome::NotDone, text_of(&error)))
    }

    fn write(&self) -> io::Result<()> {
        let mut file = files::open(&self.0).map_err(files::Error::into_io)?;
        file.write_all(&vec![0; ROOM_BYTES])?;
        // Some file systems find out only now.
        file.sync_all()
    }
}

/// What the system said, in the words that SQLite has for it.
fn text_of(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::StorageFull => ffi::code_to_str(ffi::SQLITE_FULL).to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_news_once_and_over_with_the_next_commit() {
        let health = Health::default();
        assert!(health.fails("full") && !health.fails("full"));
        assert!(health.is_failing());
        health.works();
        assert!(!health.is_failing());
        assert!(health.fails("full again"));
    }

    #[test]
    fn trying_for_room_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let room = Room::beside(&folder.path().join("a.db"));
        room.check().unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_folder_that_cannot_be_written_to_is_no_room() {
        let folder = tempfile::tempdir().unwrap();
        let room = Room::beside(&folder.path().join("gone/a.db"));
        assert_eq!(room.check().unwrap_err().outcome, Outcome::NotDone);
    }
}
