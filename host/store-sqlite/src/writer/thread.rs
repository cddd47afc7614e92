//! The thread itself.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use measure::Timing;
use rusqlite::Connection;
use store::{Clock, HeldReason, Outcome, StorageError, panic_text};
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};

use super::job::{Failure, Order, Write};
use crate::Options;
use crate::dispatch::{Change, Dispatch};
use crate::error::{ReadError, outcome_of, outcome_of_commit};
use crate::fresh::Fresh;
use crate::health::Health;
use crate::open::FileLock;
use crate::ops::hold;
use crate::refill;
use crate::rows::{inbox, unsigned};
use crate::stats::Counters;
use crate::transaction::{Ledger, Numbers, Transaction};
use crate::watchers::Watchers;

/// What the thread tells others.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) dispatch: Dispatch,
    pub(crate) watchers: Watchers,
    pub(crate) counters: Counters,
    pub(crate) fresh: Fresh,
    pub(crate) health: Health,
}

type Writes = Vec<(Box<dyn Write>, OwnedSemaphorePermit)>;

/// What the thread owns. The connection is closed before the lock is given up.
pub(super) struct WriterThread {
    connection: Connection,
    #[expect(dead_code, reason = "held for the lock")]
    lock: FileLock,
    clock: Arc<dyn Clock>,
    shared: Arc<Shared>,
    numbers: Numbers,
    ledger: Ledger,
    transaction_operations_max: usize,
    transaction_bytes_max: usize,
}

impl WriterThread {
    /// Reads what has to be known before the first write, and the first page of waiting work.
    pub(super) fn new(
        connection: Connection,
        lock: FileLock,
        options: &Options,
        clock: Arc<dyn Clock>,
        shared: Arc<Shared>,
    ) -> Result<Self, ReadError> {
        let (messages, message) = inbox::count_and_last(&connection)?;
        let instance: Option<i64> = connection.query_row("SELECT max(id) FROM instances", [], |row| row.get(0))?;
        let floor = "SELECT value FROM meta WHERE key = 'revision_floor'";
        let revision_floor = unsigned(connection.query_row(floor, [], |row| row.get(0))?);
        let thread = Self {
            connection,
            lock,
            clock,
            shared,
            numbers: Numbers { instance: instance.unwrap_or_default(), message },
            ledger: Ledger { messages, revision_floor },
            transaction_operations_max: options.transaction_operations_max.max(1),
            transaction_bytes_max: options.transaction_bytes_max,
        };
        thread.shared.counters.messages_stored.store(messages, Ordering::Relaxed);
        thread.refill()?;
        Ok(thread)
    }

    /// Works until it is told to stop or nobody is left to tell it anything.
    pub(super) fn run(mut self, mut orders: mpsc::Receiver<Order>) {
        while let Some(order) = orders.blocking_recv() {
            let batch = self.collect(order, &mut orders);
            self.contained(|thread| thread.write(batch.writes));
            for answer in batch.refills {
                // Without an answer its caller takes it for failed.
                self.contained(|thread| {
                    let refilled = thread.refill().map_err(|error| error.into_storage_error("fetch"));
                    let _ = answer.send(refilled);
                });
            }
            if let Some(answer) = batch.shut_down {
                orders.close();
                while let Ok(order) = orders.try_recv() {
                    if let Order::Write(write, _) = order {
                        write.answer(Some(&Failure::shut_down()));
                    }
                }
                drop(self);
                let _ = answer.send(());
                return;
            }
        }
    }

    /// Does a step. A panic in it is a bug of this host that ends the step and not the thread: there is no other writer.
    fn contained(&mut self, step: impl FnOnce(&mut Self)) {
        // A transaction is rolled back, so what is stored is whole; what is remembered of it beside the file is read again.
        let Err(panic) = catch_unwind(AssertUnwindSafe(|| step(self))) else { return };
        tracing::error!("sqlite's writer panicked: {}. It goes on; please report this", panic_text(&*panic));
        self.roll_back();
        self.shared.dispatch.look_again();
    }

    /// Takes what is waiting, as far as it fits into one transaction.
    fn collect(&self, first: Order, orders: &mut mpsc::Receiver<Order>) -> Batch {
        let mut batch = Batch::default();
        let mut next = Some(first);
        while let Some(order) = next {
            match order {
                Order::Write(write, room) => {
                    batch.bytes += write.bytes();
                    batch.writes.push((write, room));
                }
                Order::Refill(answer) => batch.refills.push(answer),
                Order::ShutDown(answer) => {
                    batch.shut_down = Some(answer);
                    break;
                }
            }
            let is_full =
                batch.writes.len() >= self.transaction_operations_max || batch.bytes >= self.transaction_bytes_max;
            next = if is_full { None } else { orders.try_recv().ok() };
        }
        batch
    }

    /// Writes all in one transaction; if that fails, each in its own, so that only the guilty fail.
    fn write(&mut self, mut writes: Writes) {
        if writes.is_empty() {
            return;
        }
        match self.transact(&mut writes) {
            Ok(()) => answer(writes, None),
            Err(failure) if writes.len() == 1 || failure.outcome == Outcome::Unknown => answer(writes, Some(&failure)),
            Err(_) => {
                for write in writes {
                    let mut alone = vec![write];
                    let result = self.transact(&mut alone);
                    answer(alone, result.err().as_ref());
                }
            }
        }
    }

    fn transact(&mut self, writes: &mut Writes) -> Result<(), Failure> {
        let rows_before = self.connection.total_changes();
        let timing = Timing::begin();
        let mut syncing = timing;
        let applied = self.apply(writes).map_err(|error| Failure::new(&error, outcome_of(&error)));
        let transaction = match applied {
            Ok(transaction) => {
                syncing = Timing::begin();
                self.execute("COMMIT")
                    .map(|()| transaction)
                    .map_err(|error| Failure::new(&error, outcome_of_commit(&error)))
            }
            Err(failure) => Err(failure),
        };
        let counters = &self.shared.counters;
        let (ledger, changes) = transaction.inspect_err(|failure| {
            let is_unknown = failure.outcome == Outcome::Unknown;
            let failed = if is_unknown { &counters.transactions_unknown } else { &counters.transactions_failed };
            failed.add(1);
            // What cannot succeed here might elsewhere in the file; the rest is the disk's fault.
            if failure.outcome == Outcome::Permanent || self.shared.health.fails(&failure.problem) {
                tracing::warn!(problem = failure.problem, outcome = ?failure.outcome, "sqlite transaction failed");
                self.shared.dispatch.look_again();
            }
            self.roll_back();
        })?;

        let rows = self.connection.total_changes() - rows_before;
        if rows > 0 {
            self.shared.health.works();
            counters.transactions.add(1);
            counters.transaction_operations.counted(writes.len());
            syncing.end(&counters.commit);
            timing.end(&counters.transaction);
        }
        counters.operations.add(writes.len() as u64);
        counters.rows_written.add(rows);
        counters.messages_stored.store(ledger.messages, Ordering::Relaxed);
        self.ledger = ledger;
        self.shared.watchers.apply(&changes);
        // Before anybody can fetch, and then load.
        self.shared.fresh.apply(&changes);
        self.shared.dispatch.apply(changes);
        Ok(())
    }

    fn apply(&mut self, writes: &mut Writes) -> rusqlite::Result<(Ledger, Vec<Change>)> {
        self.execute("BEGIN IMMEDIATE")?;
        let mut transaction = Transaction {
            connection: &self.connection,
            numbers: &mut self.numbers,
            ledger: self.ledger,
            changes: Vec::new(),
            watchers: &self.shared.watchers,
        };
        for (write, _) in writes {
            // Only the write that panics fails of it, for good: it would panic again.
            catch_unwind(AssertUnwindSafe(|| write.apply(&mut transaction))).unwrap_or_else(|panic| {
                tracing::error!("a write panicked: {}. Please report this", panic_text(&*panic));
                Err(panicked(&*panic))
            })?;
        }
        Ok((transaction.ledger, transaction.changes))
    }

    /// Ends an open transaction. SQLite may have rolled back by itself; then there is nothing left to do.
    fn roll_back(&self) {
        if !self.connection.is_autocommit()
            && let Err(error) = self.execute("ROLLBACK")
        {
            tracing::error!(%error, "sqlite cannot roll back");
        }
    }

    /// Executes a statement that is executed again and again.
    fn execute(&self, statement: &str) -> rusqlite::Result<()> {
        self.connection.prepare_cached(statement)?.execute([]).map(drop)
    }

    fn refill(&self) -> Result<(), ReadError> {
        let now = self.clock.now();
        if let Some(wanted) = self.shared.dispatch.wanted(now) {
            let page = refill::read(&self.connection, &wanted, self.numbers.message, now)?;
            let mut held = Vec::new();
            for (key, problem) in page.damaged() {
                tracing::error!(instance_id = %key.id, problem, "a stored message cannot be read: its instance is held");
                hold::hold_for_damage(&self.connection, key.number, &HeldReason::corrupt_message(problem, now))?;
                held.push(Change::Held { key: key.clone() });
            }
            self.shared.counters.refills.add(1);
            self.shared.dispatch.add(page);
            self.shared.fresh.apply(&held);
            self.shared.dispatch.apply(held);
        }
        Ok(())
    }
}

/// A panic as what became of a write.
fn panicked(panic: &(dyn Any + Send)) -> rusqlite::Error {
    rusqlite::Error::ToSqlConversionFailure(format!("the host panicked: {}", panic_text(panic)).into())
}

/// What is done together.
#[derive(Default)]
struct Batch {
    writes: Writes,
    bytes: usize,
    refills: Vec<oneshot::Sender<Result<(), StorageError>>>,
    shut_down: Option<oneshot::Sender<()>>,
}

impl Failure {
    fn new(error: &rusqlite::Error, outcome: Outcome) -> Self {
        Self { outcome, problem: error.to_string() }
    }

    fn shut_down() -> Self {
        Self { outcome: Outcome::NotDone, problem: "the backend has been shut down".to_owned() }
    }
}

fn answer(writes: Writes, failure: Option<&Failure>) {
    for (write, room) in writes {
        write.answer(failure);
        drop(room);
    }
}
