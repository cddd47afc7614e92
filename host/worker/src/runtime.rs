//! What the worker needs of whoever runs guests.

use async_trait::async_trait;
use engine::{ActivityTask, Digest, Execution, Failure, Guest, GuestError, Payload};

/// Why there is no guest, and what is wrong, for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unprepared {
    /// Nobody offers the orchestration, as of a look at storage that was taken for this question. Never said of a pin.
    NotOffered {
        /// Its name.
        orchestration: String,
        /// What is offered instead.
        why: String,
    },
    /// Anything else: the instance is held with this text.
    Unavailable(String),
}

/// Runs guests. The worker does not know that they are WebAssembly; `cli` joins the two.
#[async_trait]
pub trait Runtime: Send + Sync + 'static {
    /// Makes sure that `start` for this orchestration and pin will not have to load or compile anything.
    ///
    /// # Errors
    /// There is no such guest: the instance is held, or fails.
    async fn prepare(&self, orchestration: &str, component: Option<Digest>) -> Result<(), Unprepared>;

    /// A fresh guest, started for `execution`; see [`engine::GuestSource::start`]. Called on a shard's thread.
    fn start(&self, execution: &Execution, component: Option<Digest>) -> Result<(Box<dyn Guest>, Digest), GuestError>;

    /// Runs one attempt of an activity in a fresh guest.
    ///
    /// `component`: the pin of the instance that scheduled it. Its own activity of that name comes first, then the
    /// newest component that has one. Dropping the future interrupts the attempt.
    async fn run_activity(&self, task: &ActivityTask, component: Option<Digest>) -> Result<Option<Payload>, Failure>;
}
