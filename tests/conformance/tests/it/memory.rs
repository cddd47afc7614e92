//! The reference backend.

use std::sync::Arc;

use async_trait::async_trait;
use conformance::{Factory, Setup, timestamp};
use store::{Backend, ManualClock, MemoryBackend};

conformance::conformance_tests!(factory);

fn factory() -> Memory {
    Memory::new(Arc::new(ManualClock::new(timestamp(1_700_000_000_000))))
}

/// A backend that keeps the contract by the letter keeps it as well when it may take every liberty.
mod lenient {
    use super::Memory;

    conformance::conformance_tests!(factory);

    fn factory() -> Memory {
        Memory { is_lenient: true, ..super::factory() }
    }
}

/// Keeps what would otherwise be lost with the process.
pub(crate) struct Memory {
    clock: Arc<ManualClock>,
    storage: Option<Arc<MemoryBackend>>,
    is_lenient: bool,
}

impl Memory {
    pub(crate) fn new(clock: Arc<ManualClock>) -> Self {
        Self { clock, storage: None, is_lenient: false }
    }
}

#[async_trait]
impl Factory for Memory {
    fn clock(&self) -> Arc<ManualClock> {
        self.clock.clone()
    }

    async fn open(&mut self, setup: Setup) -> Arc<dyn Backend> {
        let mut backend = MemoryBackend::new(self.clock.clone()).with_activity_queue();
        if let Some(max) = setup.backlog_messages_max {
            backend = backend.with_backlog_messages_max(max);
        }
        self.storage.insert(Arc::new(backend)).clone()
    }

    fn lists_newest_first(&self) -> bool {
        !self.is_lenient
    }

    fn rows_lag(&self) -> bool {
        self.is_lenient
    }

    fn has_activity_queue(&self) -> bool {
        true
    }

    async fn reopen(&mut self, backend: Arc<dyn Backend>) -> Arc<dyn Backend> {
        drop(backend);
        let storage = self.storage.take().unwrap();
        self.storage.insert(Arc::new(storage.restart())).clone()
    }
}
