//! How storage fails.

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
