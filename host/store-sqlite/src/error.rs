//! What SQLite's errors mean to a caller.

use engine::InstanceId;
use rusqlite::ErrorCode;
use store::{NewerEngineRevision, Outcome, StorageError};

use crate::rows::damaged;

/// Why a read failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    #[error(transparent)]
    Damaged(#[from] Damaged),
    #[error(transparent)]
    Newer(#[from] NewerEngineRevision),
}

/// Stored bytes that this program cannot have written.
#[derive(Debug, thiserror::Error)]
#[error("what is stored of {what} is damaged: {problem}")]
pub(crate) struct Damaged {
    /// Of whom, for a person.
    pub(crate) what: String,
    pub(crate) problem: String,
}

impl ReadError {
    /// Names the instance if it is not the medium that failed but a value that is not what it should be.
    pub(crate) fn of_instance(self, id: &InstanceId) -> Self {
        match self {
            Self::Sqlite(error) if error.sqlite_error().is_none() => damaged(id, error).into(),
            other => other,
        }
    }

    pub(crate) fn into_storage_error(self, operation: &'static str) -> StorageError {
        match self {
            Self::Sqlite(error) => StorageError::new(operation, outcome_of(&error), error),
            Self::Damaged(damaged) => StorageError::new(operation, Outcome::Permanent, damaged),
            Self::Newer(newer) => newer.into_storage_error(operation),
        }
    }
}

/// What is known after a statement failed and, if it was a write, its transaction was rolled back.
pub(crate) fn outcome_of(error: &rusqlite::Error) -> Outcome {
    match error.sqlite_error_code() {
        Some(
            ErrorCode::DiskFull
            | ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::SystemIoFailure
            | ErrorCode::OutOfMemory
            | ErrorCode::ReadOnly
            | ErrorCode::CannotOpen
            | ErrorCode::PermissionDenied
            | ErrorCode::FileLockingProtocolFailed
            | ErrorCode::OperationInterrupted,
        ) => Outcome::NotDone,
        _ => Outcome::Permanent,
    }
}

/// What is known after `COMMIT` failed.
///
/// The frames of the transaction, and the mark that ends it, may have reached the file even though the sync behind
/// them failed; after a crash SQLite would take them for committed. A full disk or a lock stops earlier than that.
pub(crate) fn outcome_of_commit(error: &rusqlite::Error) -> Outcome {
    match error.sqlite_error_code() {
        Some(ErrorCode::SystemIoFailure) => Outcome::Unknown,
        _ => outcome_of(error),
    }
}

/// The backend has been shut down.
pub(crate) fn shut_down(operation: &'static str) -> StorageError {
    StorageError::new(operation, Outcome::NotDone, "the backend has been shut down")
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;

    use super::*;

    fn error(code: i32) -> rusqlite::Error {
        rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)
    }

    #[test]
    fn only_a_failing_disk_leaves_a_commit_in_doubt() {
        for (code, statement, commit) in [
            (ffi::SQLITE_IOERR_FSYNC, Outcome::NotDone, Outcome::Unknown),
            (ffi::SQLITE_IOERR_WRITE, Outcome::NotDone, Outcome::Unknown),
            (ffi::SQLITE_FULL, Outcome::NotDone, Outcome::NotDone),
            (ffi::SQLITE_BUSY, Outcome::NotDone, Outcome::NotDone),
            (ffi::SQLITE_CORRUPT, Outcome::Permanent, Outcome::Permanent),
            (ffi::SQLITE_CONSTRAINT, Outcome::Permanent, Outcome::Permanent),
            (ffi::SQLITE_TOOBIG, Outcome::Permanent, Outcome::Permanent),
        ] {
            assert_eq!((outcome_of(&error(code)), outcome_of_commit(&error(code))), (statement, commit), "{code}");
        }
        assert_eq!(outcome_of(&rusqlite::Error::InvalidQuery), Outcome::Permanent);
    }
}
