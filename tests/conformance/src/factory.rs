//! Where backends come from.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use store::{Backend, ManualClock};

/// Opens backends of one kind. One factory serves one case.
///
/// Beside that it says which of the liberties that the contract leaves a backend takes. A backend that takes none says
/// nothing, and is held to the stricter reading.
#[async_trait]
pub trait Factory: Send {
    /// The clock that every backend of this factory goes by.
    fn clock(&self) -> Arc<ManualClock>;

    /// A backend over a new, empty storage.
    async fn open(&mut self, setup: Setup) -> Arc<dyn Backend>;

    /// A backend over the same storage, after the process with the other one died. The other one is the last handle.
    async fn reopen(&mut self, backend: Arc<dyn Backend>) -> Arc<dyn Backend>;

    /// Waits, in real time, until the medium shows again what it hides for a while, such as the messages that a dead
    /// process had in hand. Called before a case looks for everything that is ready, and after a crash.
    async fn settle(&mut self) {}

    /// Clears away what a case that passed has left. The backend has been dropped.
    async fn close(&mut self) {}

    /// Whether lists can be sorted, and are: the newest instance first.
    fn lists_newest_first(&self) -> bool {
        true
    }

    /// Whether rows for readers may lag in their times and counts; see [`store::Client::get`].
    fn rows_lag(&self) -> bool {
        false
    }

    /// Whether nothing is handed out without need. Otherwise an instance may be woken too early or again, and one that
    /// is held or does not exist, or not yet, may be handed out: whoever loads it finds out.
    fn hands_out_only_what_is_due(&self) -> bool {
        true
    }

    /// Whether there is a [`store::WorkSource::activity_queue`].
    fn has_activity_queue(&self) -> bool {
        false
    }

    /// A case that takes longer than this, in real time, hangs: some wake-up was lost.
    fn patience(&self) -> Duration {
        Duration::from_mins(2)
    }
}

/// What a case needs to be otherwise than usual.
#[derive(Debug, Clone, Copy, Default)]
pub struct Setup {
    /// The limit of waiting messages; none: the usual one.
    pub backlog_messages_max: Option<usize>,
}
