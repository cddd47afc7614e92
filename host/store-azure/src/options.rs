//! What an operator may tune, and tests do.

use std::time::Duration;

use crate::limits;

/// How a host uses its task hub.
#[derive(Debug, Clone)]
pub struct Options {
    /// How long a message is invisible while this host works on it; renewed at a third of it. What a host that died had
    /// in hand is seen by others after at most this time.
    pub message_visibility: Duration,
    /// The longest pause between two looks into an empty queue. Messages of this process are seen at once.
    pub poll_max: Duration,
    /// The pause after the first look into an empty queue; doubles from there.
    pub poll_min: Duration,
    /// A wake-up nearer than this is kept by renewing a message, a later one by a scheduled message.
    pub near: Duration,
    /// The row's time of last update is brought up to date this often while nothing else in it changes.
    pub touch_rows_every: Duration,
    /// How often a row is looked at for somebody who waits for it to change.
    pub watch_every: Duration,
    /// Messages waiting in the control queue of an instance before clients are told to slow down.
    pub backlog_messages_max: usize,
    /// Messages of this host's clients to one control queue until its messages are counted again.
    pub backlog_count_every: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            message_visibility: Duration::from_secs(30),
            poll_max: Duration::from_secs(5),
            poll_min: Duration::from_millis(50),
            near: limits::NEAR,
            touch_rows_every: Duration::from_secs(5),
            watch_every: Duration::from_secs(1),
            backlog_messages_max: store::limits::BACKLOG_MESSAGES_MAX,
            backlog_count_every: 1_000,
        }
    }
}
