//! The reference backend.

use std::sync::Arc;

use async_trait::async_trait;
use conformance::{Factory, Setup, timestamp};
use store::{Backend, ManualClock, MemoryBackend};

conformance::conformance_tests!(factory);

fn factory() -> Memory {
    Memory::new(Arc::new(ManualClock::new(timestamp(1_700_000_000_000))))
}

/// Keeps what would otherwise be lost with the process.
pub(crate) struct Memory {
    clock: Arc<ManualClock>,
    storage: Option<Arc<MemoryBackend>>,
}

impl Memory {
    pub(crate) fn new(clock: Arc<ManualClock>) -> Self {
        Self { clock, storage: None }
    }
}

#[async_trait]
impl Factory for Memory {
    fn clock(&self) -> Arc<ManualClock> {
        self.clock.clone()
    }

    async fn open(&mut self, setup: Setup) -> Arc<dyn Backend> {
        let mut backend = MemoryBackend::new(self.clock.clone());
        if let Some(max) = setup.backlog_messages_max {
            backend = backend.with_backlog_messages_max(max);
        }
        self.storage.insert(Arc::new(backend)).clone()
    }

    async fn reopen(&mut self, backend: Arc<dyn Backend>) -> Arc<dyn Backend> {
        drop(backend);
        let storage = self.storage.take().unwrap();
        self.storage.insert(Arc::new(storage.restart())).clone()
    }
}
