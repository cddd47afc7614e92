//! Partitions that a host loses and gets back.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use engine::EngineRevision;
use store_azure::{Hold, Ownership};
use tokio::sync::watch;

/// Owns every partition, but while it is away.
#[derive(Debug)]
pub(crate) struct Fickle {
    partitions: u8,
    is_away: AtomicBool,
    /// Whether readers of queues see that, too; they may be busy with something else.
    is_noticed: AtomicBool,
    changed: watch::Sender<u64>,
}

impl Fickle {
    pub(crate) fn new(partitions: u8) -> Self {
        let (is_away, is_noticed) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { partitions, is_away, is_noticed, changed: watch::Sender::new(0) }
    }

    pub(crate) fn leave(&self, is_noticed: bool) {
        self.is_away.store(true, Ordering::SeqCst);
        self.is_noticed.store(is_noticed, Ordering::SeqCst);
        self.changed.send_modify(|version| *version += 1);
    }

    pub(crate) fn come_back(&self) {
        self.is_away.store(false, Ordering::SeqCst);
        self.is_noticed.store(false, Ordering::SeqCst);
        self.changed.send_modify(|version| *version += 1);
    }
}

#[async_trait]
impl Ownership for Fickle {
    fn owns(&self, _: u8) -> bool {
        !self.is_away.load(Ordering::SeqCst)
    }

    fn state(&self) -> BTreeMap<u8, Hold> {
        let partitions = if self.is_noticed.load(Ordering::SeqCst) { 0 } else { self.partitions };
        (0..partitions).map(|partition| (partition, Hold::Owned)).collect()
    }

    fn engine_revision(&self) -> EngineRevision {
        EngineRevision::NEWEST
    }

    fn changed(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    fn drained(&self, _: u8) {}

    async fn shutdown(&self) {}
}
