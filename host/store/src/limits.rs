//! Every bound of the storage contract, each with the reason for its number.

use std::time::Duration;

/// Work items handed out by one `fetch`: enough to keep every shard busy, few enough to shut down quickly.
pub const WORK_ITEMS_PER_FETCH_MAX: usize = 256;

/// Messages of one instance handed out together; the rest follow in later work items.
pub const MESSAGES_PER_WORK_ITEM_MAX: usize = 1_024;

/// How long work that was given back rests before it is handed out again: what makes a host give back work rarely
/// goes away at once, and trying in a loop would use up the machine.
pub const ABANDONED_REST: Duration = Duration::from_millis(100);

/// Messages waiting in one task hub before clients are told to slow down.
pub const BACKLOG_MESSAGES_MAX: usize = 1_000_000;

/// Instances of one page of a query.
pub const PAGE_INSTANCES_MAX: usize = 1_000;

/// Bytes of one page of a query or of a history; the item that reaches this bound is still in it: a thousand usual items fit,
/// Azure Storage answers no more at a time, and a hundred readers at once stay within memory.
pub const PAGE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// What an item of a page counts beside its payloads: about what it takes up in memory, so that a page of a million
/// events without payloads ends as well.
pub const PAGE_ITEM_BYTES: usize = 256;

/// A component file.
pub const COMPONENT_BYTES_MAX: usize = 64 * 1024 * 1024;

/// The pause before a task that panicked begins again: a bug that comes back at once must not fill the log or a core.
pub const PANICKED_PAUSE: Duration = Duration::from_secs(1);
