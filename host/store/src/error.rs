//! How storage fails.

use engine::{EngineRevision, EventKind, HistoryEvent};

/// The medium failed.
#[derive(Debug, thiserror::Error)]
#[error("{operation} failed in storage")]
pub struct StorageError {
    /// What was being done.
    pub operation: &'static str,
    /// What is known of it.
    pub outcome: Outcome,
    /// What the medium said.
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

impl StorageError {
    /// A failure of `operation`, caused by `source`.
    pub fn new(
        operation: &'static str,
        outcome: Outcome,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self { operation, outcome, source: source.into() }
    }

    /// Whether the same call may succeed later. An unknown outcome must be re-read before it is repeated.
    pub fn is_transient(&self) -> bool {
        match self.outcome {
            Outcome::NotDone | Outcome::Unknown => true,
            Outcome::Permanent => false,
        }
    }
}

/// Whether events that were read, of a history that may not be readable to its end, follow rules of a newer build.
///
/// # Errors
/// [`NewerEngineRevision`], which explains why the rest could not be read.
pub fn check_engine_revision(events: &[HistoryEvent]) -> Result<(), NewerEngineRevision> {
    let revision = events.iter().find_map(|event| match &event.kind {
        EventKind::ExecutionStarted(started) => Some(started.engine_revision),
        _ => None,
    });
    match revision {
        Some(revision) if !revision.is_known() => Err(NewerEngineRevision { revision }),
        Some(_) | None => Ok(()),
    }
}

/// A history follows rules that this build does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "its history follows engine revision {revision}, and this build of rondo knows revisions up to {}: it is left as it \
     is; serve the task hub with a newer rondo",
    EngineRevision::NEWEST
)]
pub struct NewerEngineRevision {
    /// The revision it follows.
    pub revision: EngineRevision,
}

impl NewerEngineRevision {
    /// The failure of `operation`. The caller leaves the instance as it is.
    pub fn into_storage_error(self, operation: &'static str) -> StorageError {
        StorageError::new(operation, Outcome::Permanent, self)
    }
}

/// What is known of a failed operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing was changed; the same call may succeed later.
    NotDone,
    /// It may or may not have happened: read again before deciding anything.
    Unknown,
    /// Nothing was changed, and trying again cannot help.
    Permanent,
}
