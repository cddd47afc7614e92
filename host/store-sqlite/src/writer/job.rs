//! What the writer is asked to do.

use store::{Outcome, StorageError};
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::error::ReadError;
use crate::transaction::Transaction;

/// Something for the thread.
pub(super) enum Order {
    /// A write, and its share of the room for waiting ones.
    Write(Box<dyn Write>, OwnedSemaphorePermit),
    /// Read work that is not in memory.
    Refill(oneshot::Sender<Result<(), StorageError>>),
    /// End.
    ShutDown(oneshot::Sender<()>),
}

/// A write, whatever it answers.
pub(super) trait Write: Send {
    /// Does it in an open transaction. An error means that the transaction has to be rolled back.
    fn apply(&mut self, transaction: &mut Transaction<'_>) -> rusqlite::Result<()>;

    /// Answers the caller, now that the transaction is committed, or with why it is not.
    fn answer(self: Box<Self>, failure: Option<&Failure>);

    fn bytes(&self) -> usize;
}

/// Why a transaction was not committed.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) outcome: Outcome,
    pub(super) problem: String,
}

/// A write that answers with a `T`.
pub(super) struct Job<F, T> {
    operation: &'static str,
    bytes: usize,
    apply: F,
    done: Option<Result<T, StorageError>>,
    answer: oneshot::Sender<Result<T, StorageError>>,
}

impl<F, T> Job<F, T> {
    pub(super) fn new(
        operation: &'static str,
        bytes: usize,
        apply: F,
        answer: oneshot::Sender<Result<T, StorageError>>,
    ) -> Self {
        Self { operation, bytes, apply, done: None, answer }
    }
}

impl<F, T> Write for Job<F, T>
where
    F: FnMut(&mut Transaction<'_>) -> Result<T, ReadError> + Send,
    T: Send,
{
    fn apply(&mut self, transaction: &mut Transaction<'_>) -> rusqlite::Result<()> {
        self.done = Some(match (self.apply)(transaction) {
            Ok(done) => Ok(done),
            Err(ReadError::Sqlite(error)) => return Err(error),
            Err(unread) => Err(unread.into_storage_error(self.operation)),
        });
        Ok(())
    }

    fn answer(self: Box<Self>, failure: Option<&Failure>) {
        let Self { operation, done, answer, .. } = *self;
        let result = match (failure, done) {
            (None, Some(done)) => done,
            (Some(Failure { outcome, problem }), _) => Err(StorageError::new(operation, *outcome, problem.clone())),
            (None, None) => Err(StorageError::new(operation, Outcome::NotDone, "the writer has not come to it")),
        };
        // A caller that no longer waits does not want to know.
        let _ = answer.send(result);
    }

    fn bytes(&self) -> usize {
        self.bytes
    }
}
