//! The one thread that writes.
//!
//! It takes whatever is waiting, up to a bound, does it all in one transaction, and answers everybody after its commit.
//! So a lone write waits for nobody, and under load a thousand of them share one sync of the disk.

mod job;
mod thread;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use rusqlite::Connection;
use store::{Clock, Outcome, StorageError};
use tokio::sync::{Semaphore, mpsc, oneshot};

use self::job::{Job, Order};
pub(crate) use self::thread::Shared;
use self::thread::WriterThread;
use crate::Options;
use crate::error::{ReadError, shut_down};
use crate::open::{FileLock, OpenError, open_error};
use crate::transaction::Transaction;

/// Bytes are counted in units of this.
const UNIT_BYTES: usize = 1024;

/// Hands writes to the thread.
#[derive(Debug)]
pub(crate) struct Writer {
    orders: mpsc::Sender<Order>,
    /// Room for the bytes of waiting writes.
    units: Arc<Semaphore>,
    units_max: u32,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    /// Starts the thread, which owns the connection and the lock until it ends.
    pub(crate) fn start(
        connection: Connection,
        lock: FileLock,
        options: &Options,
        clock: Arc<dyn Clock>,
        shared: Arc<Shared>,
        path: &Path,
    ) -> Result<Self, OpenError> {
        let (orders, waiting) = mpsc::channel(options.queued_operations_max.max(1));
        let units_max = u32::try_from((options.queued_bytes_max / UNIT_BYTES).max(1)).unwrap_or(u32::MAX);
        let units_max = units_max.min(u32::try_from(Semaphore::MAX_PERMITS).unwrap_or(u32::MAX));
        let thread = WriterThread::new(connection, lock, options, clock, shared).map_err(|error| match error {
            ReadError::Sqlite(error) => open_error(path, &error),
            unread => OpenError::Corrupt { path: path.to_owned(), problem: unread.to_string() },
        })?;
        let thread = std::thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || thread.run(waiting))
            .map_err(|error| OpenError::Io { path: path.to_owned(), problem: error.to_string() })?;
        Ok(Self {
            orders,
            units: Arc::new(Semaphore::new(units_max as usize)),
            units_max,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Does `apply` in a transaction and answers once that is committed.
    ///
    /// `apply` may be called more than once, each time in a transaction that has been rolled back before. An error that
    /// is not SQLite's must come before the first change. `bytes` is about how much it writes.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        operation: &'static str,
        bytes: usize,
        apply: impl FnMut(&mut Transaction<'_>) -> Result<T, ReadError> + Send + 'static,
    ) -> Result<T, StorageError> {
        let units = u32::try_from(bytes / UNIT_BYTES + 1).unwrap_or(u32::MAX).min(self.units_max);
        let room = self.units.clone().acquire_many_owned(units).await.map_err(|_| shut_down(operation))?;
        let (answer, answered) = oneshot::channel();
        let job = Job::new(operation, bytes, apply, answer);
        self.order(operation, Order::Write(Box::new(job), room)).await?;
        answered.await.unwrap_or_else(|_| Err(died(operation)))
    }

    /// Has work that is not in memory read from the file; nobody writes meanwhile.
    pub(crate) async fn refill(&self) -> Result<(), StorageError> {
        let (answer, answered) = oneshot::channel();
        self.order("fetch", Order::Refill(answer)).await?;
        answered.await.unwrap_or_else(|_| Err(died("fetch")))
    }

    /// Finishes what was ordered before, then ends the thread, closes the connection and gives up the lock.
    pub(crate) async fn shut_down(&self) {
        let (answer, answered) = oneshot::channel();
        if self.orders.send(Order::ShutDown(answer)).await.is_ok() {
            // No answer means that the thread has ended already: just as well.
            let _ = answered.await;
        }
    }

    async fn order(&self, operation: &'static str, order: Order) -> Result<(), StorageError> {
        self.orders.send(order).await.map_err(|_| shut_down(operation))
    }
}

impl Drop for Writer {
    /// Waits until what was ordered is done and the file is free again: at most one transaction, as nobody else can
    /// have ordered anything that is still wanted.
    fn drop(&mut self) {
        let (closed, _) = mpsc::channel(1);
        self.orders = closed;
        let thread = self.thread.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // A panic of the thread has been answered to its callers.
            let _ = thread.join();
        }
    }
}

fn died(operation: &'static str) -> StorageError {
    StorageError::new(operation, Outcome::Unknown, "the writer has died")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use engine::Timestamp;
    use store::{ManualClock, Outcome};

    use crate::{Options, SqliteBackend};

    #[tokio::test]
    async fn a_write_that_panics_fails_alone_and_the_thread_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(Timestamp::from_millis(1)));
        let backend = SqliteBackend::open(folder.path().join("db"), Options::default(), clock).unwrap();
        let bad = backend.writer.write("commit", 1, |tx| -> Result<(), _> {
            tx.connection.execute("INSERT INTO meta (key, value) VALUES ('half', 1)", [])?;
            panic!("a bug");
        });
        let good = backend.writer.write("commit", 1, |tx| {
            tx.connection.execute("INSERT INTO meta (key, value) VALUES ('good', 1)", [])?;
            Ok(())
        });
        let (bad, good) = tokio::join!(bad, good);
        let error = bad.unwrap_err();
        assert_eq!(
            (error.outcome, error.source.to_string()),
            (Outcome::Permanent, "the host panicked: a bug".to_owned())
        );
        good.unwrap();
        let keys = backend.writer.write("read", 1, |tx| {
            let count = "SELECT count(*) FROM meta WHERE key IN ('half', 'good')";
            Ok(tx.connection.query_row(count, [], |row| row.get::<_, i64>(0))?)
        });
        assert_eq!(keys.await.unwrap(), 1);
    }
}
