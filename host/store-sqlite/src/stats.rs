//! What the backend has done so far, counted.

use std::sync::atomic::{AtomicUsize, Ordering};

use measure::{Buckets, Counter, Distribution, Histogram};

/// Counts since the file was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// Write transactions that were committed.
    pub transactions: u64,
    /// Write transactions that changed nothing because they failed.
    pub transactions_failed: u64,
    /// Write transactions of which it is not known whether they were committed.
    pub transactions_unknown: u64,
    /// Writes that shared them.
    pub operations: u64,
    /// Rows inserted, updated or deleted.
    pub rows_written: u64,
    /// Reads by callers: load, get, history, list, components.
    pub reads: u64,
    /// Those of them that failed.
    pub reads_failed: u64,
    /// Pages of waiting work that were read because they were not in memory.
    pub refills: u64,
    /// Messages that are stored now and were not consumed by a turn yet.
    pub messages_stored: usize,
}

/// What committed write transactions were like since the file was opened; times in seconds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Distributions {
    /// From the beginning of a transaction to its end on the disk.
    pub transaction_seconds: Distribution,
    /// Of that, the commit alone: writing and syncing the log.
    pub commit_seconds: Distribution,
    /// Writes that shared one.
    pub transaction_operations: Distribution,
}

/// The same, while counting.
#[derive(Debug)]
pub(crate) struct Counters {
    pub(crate) transactions: Counter,
    pub(crate) transactions_failed: Counter,
    pub(crate) transactions_unknown: Counter,
    pub(crate) operations: Counter,
    pub(crate) rows_written: Counter,
    pub(crate) reads: Counter,
    pub(crate) reads_failed: Counter,
    pub(crate) refills: Counter,
    pub(crate) messages_stored: AtomicUsize,
    pub(crate) transaction: Histogram,
    pub(crate) commit: Histogram,
    pub(crate) transaction_operations: Histogram,
}

impl Default for Counters {
    fn default() -> Self {
        Self {
            transactions: Counter::default(),
            transactions_failed: Counter::default(),
            transactions_unknown: Counter::default(),
            operations: Counter::default(),
            rows_written: Counter::default(),
            reads: Counter::default(),
            reads_failed: Counter::default(),
            refills: Counter::default(),
            messages_stored: AtomicUsize::default(),
            transaction: Histogram::new(Buckets::QUICK),
            commit: Histogram::new(Buckets::QUICK),
            transaction_operations: Histogram::new(Buckets::BATCH),
        }
    }
}

impl Counters {
    pub(crate) fn stats(&self) -> Stats {
        Stats {
            transactions: self.transactions.get(),
            transactions_failed: self.transactions_failed.get(),
            transactions_unknown: self.transactions_unknown.get(),
            operations: self.operations.get(),
            rows_written: self.rows_written.get(),
            reads: self.reads.get(),
            reads_failed: self.reads_failed.get(),
            refills: self.refills.get(),
            messages_stored: self.messages_stored.load(Ordering::Relaxed),
        }
    }

    pub(crate) fn distributions(&self) -> Distributions {
        Distributions {
            transaction_seconds: self.transaction.read(),
            commit_seconds: self.commit.read(),
            transaction_operations: self.transaction_operations.read(),
        }
    }
}
