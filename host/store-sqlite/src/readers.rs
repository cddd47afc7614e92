//! Reading, beside the thread that writes.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use store::{Outcome, StorageError};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::error::{ReadError, shut_down};
use crate::open::open_reader;
use crate::writer::Shared;

/// A few connections that only read, opened when they are first needed.
#[derive(Debug)]
pub(crate) struct Readers {
    path: PathBuf,
    idle: Arc<Mutex<Vec<Connection>>>,
    /// One for each connection that may be open.
    permits: Arc<Semaphore>,
    shared: Arc<Shared>,
}

impl Readers {
    pub(crate) fn new(path: PathBuf, connections_max: usize, shared: Arc<Shared>) -> Self {
        Self { path, idle: Arc::default(), permits: Arc::new(Semaphore::new(connections_max.max(1))), shared }
    }

    /// Reads in one transaction, on a thread that may block. Everything that was answered `Ok` is seen.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        operation: &'static str,
        read: impl FnOnce(&Connection) -> Result<T, ReadError> + Send + 'static,
    ) -> Result<T, StorageError> {
        let counters = &self.shared.counters;
        counters.reads.add(1);
        let answer = self.read_uncounted(operation, read).await;
        counters.reads_failed.add(u64::from(answer.is_err()));
        answer
    }

    async fn read_uncounted<T: Send + 'static>(
        &self,
        operation: &'static str,
        read: impl FnOnce(&Connection) -> Result<T, ReadError> + Send + 'static,
    ) -> Result<T, StorageError> {
        let permit = self.permits.clone().acquire_owned().await.map_err(|_| shut_down(operation))?;
        let (path, idle) = (self.path.clone(), self.idle.clone());
        let task = spawn_blocking(move || {
            let reused = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let connection = reused.map_or_else(|| open_reader(&path), Ok)?;
            connection.prepare_cached("BEGIN")?.execute([])?;
            let answer = read(&connection);
            connection.prepare_cached("ROLLBACK")?.execute([])?;
            if !permit.semaphore().is_closed() {
                idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
            }
            answer
        });
        match task.await {
            Ok(answer) => answer.map_err(|error: ReadError| error.into_storage_error(operation)),
            Err(error) => Err(StorageError::new(operation, Outcome::Permanent, error)),
        }
    }

    /// Closes the connections that are idle, and the others once they are done.
    pub(crate) fn shut_down(&self) {
        self.permits.close();
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
