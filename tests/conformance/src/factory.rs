//! Where backends come from.

use std::sync::Arc;

use async_trait::async_trait;
use store::{Backend, ManualClock};

/// Opens backends of one kind. One factory serves one case.
#[async_trait]
pub trait Factory {
    /// The clock that every backend of this factory goes by.
    fn clock(&self) -> Arc<ManualClock>;

    /// A backend over a new, empty storage.
    async fn open(&mut self, setup: Setup) -> Arc<dyn Backend>;

    /// A backend over the same storage, after the process with the other one died. The other one is the last handle.
    async fn reopen(&mut self, backend: Arc<dyn Backend>) -> Arc<dyn Backend>;
}

/// What a case needs to be otherwise than usual.
#[derive(Debug, Clone, Copy, Default)]
pub struct Setup {
    /// The limit of waiting messages; none: the usual one.
    pub backlog_messages_max: Option<usize>,
}
