//! What the backend has done so far, counted.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts since the file was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// Write transactions that were committed.
    pub transactions: u64,
    /// Writes that shared them.
    pub operations: u64,
    /// Rows inserted, updated or deleted.
    pub rows_written: u64,
    /// Reads by callers: load, get, history, list, components.
    pub reads: u64,
    /// Pages of waiting work that were read because they were not in memory.
    pub refills: u64,
}

/// The same, while counting.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) transactions: Counter,
    pub(crate) operations: Counter,
    pub(crate) rows_written: Counter,
    pub(crate) reads: Counter,
    pub(crate) refills: Counter,
}

/// One number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Counters {
    pub(crate) fn stats(&self) -> Stats {
        let Self { transactions, operations, rows_written, reads, refills } = self;
        Stats {
            transactions: transactions.get(),
            operations: operations.get(),
            rows_written: rows_written.get(),
            reads: reads.get(),
            refills: refills.get(),
        }
    }
}
