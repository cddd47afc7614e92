//! Every bound of this backend, each with the reason for its number.

use std::time::Duration;

/// Instances whose wake-up is kept in memory; of further ones the scheduled message alone wakes them.
pub(crate) const WAKE_UPS_MAX: usize = 100_000;

/// Messages kept in memory before queues are left alone: enough to keep every shard busy, and the rest is safe where
/// it is.
pub(crate) const MESSAGES_IN_HAND_MAX: usize = 4_096;

/// Messages of one request to a queue; the service allows no more.
pub(crate) const MESSAGES_PER_TAKE_MAX: u32 = 32;

/// A wake-up nearer than this is kept by renewing a message; a later one is a scheduled message of its own, which is
/// three requests, however far away.
pub(crate) const NEAR: Duration = Duration::from_mins(1);

/// The longest a message can be scheduled ahead is 7 days; later ones are scheduled again on the way.
pub(crate) const SCHEDULE_MAX: Duration = Duration::from_hours(6 * 24);

/// Rows of one entity group transaction, the sentinel aside.
pub(crate) const ROWS_PER_TRANSACTION_MAX: usize = 98;

/// Bytes of one transaction, by our own estimate; the service takes 4 MiB.
pub(crate) const TRANSACTION_BYTES_MAX: usize = 3 * 1024 * 1024;

/// Tries of one step of a commit before its outcome is reported as unknown. With [`RETRY_PAUSE_MAX`] that is about a
/// quarter of a minute.
pub(crate) const STEP_ATTEMPTS_MAX: u32 = 6;

/// The first pause between two tries.
pub(crate) const RETRY_PAUSE: Duration = Duration::from_millis(100);

/// The longest pause between two tries.
pub(crate) const RETRY_PAUSE_MAX: Duration = Duration::from_secs(5);

/// How often a row is looked for when its client's start is there, before the start is put aside.
pub(crate) const EARLY_LOOKS_MAX: u32 = 6;
/// The pause after the first of these looks; it doubles each time, and all of them are a third of a second.
pub(crate) const EARLY_PAUSE: Duration = Duration::from_millis(10);

/// The pauses between further looks, while the message stays invisible: a client whose storage is slow writes its row
/// within seconds, and the queue itself counts in seconds.
pub(crate) const EARLY_PAUSES: [Duration; 5] = [
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
];
/// Starts of one partition that are waited for like this, of 64 KiB each at most; others are put aside at once.
pub(crate) const EARLY_STARTS_MAX: usize = 256;

/// Times a start of a client waits for its row before it is dropped, and a message to an instance that does
/// not exist before it is; about a quarter of an hour, and about a minute.
pub(crate) const START_DEQUEUES_MAX: u32 = 10;
/// See [`START_DEQUEUES_MAX`].
pub(crate) const ORPHAN_DEQUEUES_MAX: u32 = 5;

/// The longest a message that cannot be used now is put aside.
pub(crate) const DEFER_MAX: Duration = Duration::from_mins(10);

/// How long messages of a held instance are invisible at a time.
pub(crate) const HELD_VISIBILITY: Duration = Duration::from_mins(5);

/// Requests of one operation that are under way at the same time.
pub(crate) const PARALLEL_REQUESTS_MAX: usize = 16;

/// Events of a page whose blobs are read at the same time: the ones that do not fit the page any more were read for
/// nothing, and each may have megabytes.
pub(crate) const EVENTS_READ_AHEAD_MAX: usize = 4;

/// Pages of one query before it is an error: 1,000 rows each, and a history has at most a million events.
pub(crate) const PAGES_MAX: usize = 2_000;

/// Commits of this process whose outcome is unknown and that have not been looked at again.
pub(crate) const UNFINISHED_MAX: usize = 10_000;

/// Rows written by this host's own client that wait for the start message to come by.
pub(crate) const FRESH_ROWS_MAX: usize = 10_000;

/// How long a message that another host has consumed may take to show up here: no message is invisible for longer, but
/// those put aside, which nobody has consumed.
pub(crate) const INHERITED_FOR: Duration = Duration::from_mins(10);

/// Consumed messages of one instance that are remembered for that long, beside those that this host has seen itself.
pub(crate) const INHERITED_MAX: usize = 1_000;

/// An activity that somebody else has taken is not renewed for so long.
pub(crate) const LOST: Duration = Duration::from_hours(24);

/// Looks at the partitions in a row that follow each other at once because other hosts were faster; more of them mean
/// that many hosts are at it, and one of them will do.
pub(crate) const LEASE_CONFLICTS_MAX: u32 = 10;

/// How often a draining partition is looked at while nothing happens.
pub(crate) const DRAIN_LOOK_EVERY: Duration = Duration::from_secs(1);

/// UTF-16 units of a text in a row.
pub(crate) const COLUMN_UNITS_MAX: usize = 32 * 1024;

/// Control queues of a task hub; DurableTask allows no more.
pub(crate) const PARTITIONS_MAX: u8 = 16;

/// Rows that are counted by status, of ten pages: a count is for a glance, and a hub may have millions.
pub(crate) const INSTANCES_COUNTED_MAX: u64 = 10_000;

/// Looks at a task hub that lacks something, while it changes: a client that makes one needs a second or two.
pub(crate) const HUB_LOOKS_MAX: u32 = 10;

/// The pause between two such looks.
pub(crate) const HUB_LOOK_PAUSE: Duration = Duration::from_millis(500);

/// How far up a rewind of a DurableTask client is followed, whose rows say how far it went: deeper trees than this are
/// rewound from there on, and their ancestors by themselves.
pub(crate) const REWIND_DEPTH_MAX: usize = 100;
