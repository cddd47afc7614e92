//! What an operator or a test may tune.

use store::limits;

use crate::log;

/// How much of the machine one file uses. The defaults suit a host of its own.
#[derive(Debug, Clone)]
pub struct Options {
    /// Messages waiting in the file before clients are told to slow down.
    pub backlog_messages_max: usize,
    /// Writes that wait for the writer; further ones wait outside, which slows their senders.
    pub queued_operations_max: usize,
    /// Bytes of the writes that wait for the writer.
    pub queued_bytes_max: usize,
    /// Writes folded into one transaction: enough to share an fsync among all who wait, few enough to answer soon.
    pub transaction_operations_max: usize,
    /// Bytes folded into one transaction.
    pub transaction_bytes_max: usize,
    /// Messages kept in memory until they are fetched; further ones are read from the file when their turn comes.
    pub ready_messages_max: usize,
    /// Bytes of the messages kept in memory until they are fetched.
    pub ready_bytes_max: usize,
    /// Wake-ups kept in memory; later ones are read from the file as time goes on.
    pub wake_ups_max: usize,
    /// Connections for reading, and so reads at the same time.
    pub readers: usize,
    /// The write-ahead log is made this long when the file is opened, if there is room for it: commits to a log that
    /// grows take half as long again. 0: it grows as it is written.
    pub log_bytes_min: u64,
    /// The file grows no further than this, and writes that would need more fail; none: as far as the disk goes.
    pub file_bytes_max: Option<u64>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            backlog_messages_max: limits::BACKLOG_MESSAGES_MAX,
            queued_operations_max: 8 * 1024,
            queued_bytes_max: 256 * 1024 * 1024,
            transaction_operations_max: 2 * 1024,
            transaction_bytes_max: 16 * 1024 * 1024,
            ready_messages_max: 100_000,
            ready_bytes_max: 128 * 1024 * 1024,
            wake_ups_max: 10_000,
            readers: 4,
            log_bytes_min: log::LENGTH,
            file_bytes_max: None,
        }
    }
}
