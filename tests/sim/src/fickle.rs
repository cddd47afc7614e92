//! Partitions that a host owns, loses and gets back.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use engine::EngineRevision;
use store_azure::{Hold, Leases, Ownership};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Those who want to hear of changes, each with a channel of its own: waiters of the same channel are woken in an order
/// that no seed decides.
#[derive(Debug, Clone, Default)]
struct Listeners(Arc<Mutex<Vec<watch::Sender<u64>>>>);

impl Listeners {
    fn listen(&self) -> watch::Receiver<u64> {
        let (sender, receiver) = watch::channel(0);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(sender);
        receiver
    }

    fn tell(&self) {
        for sender in &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            sender.send_modify(|version| *version += 1);
        }
    }
}

/// Owns every partition, but while it is away.
#[derive(Debug)]
pub(crate) struct Fickle {
    partitions: u8,
    is_away: AtomicBool,
    /// Whether readers of queues see that, too; they may be busy with something else.
    is_noticed: AtomicBool,
    listeners: Listeners,
}

impl Fickle {
    pub(crate) fn new(partitions: u8) -> Self {
        let (is_away, is_noticed) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { partitions, is_away, is_noticed, listeners: Listeners::default() }
    }

    pub(crate) fn leave(&self, is_noticed: bool) {
        self.is_away.store(true, Ordering::SeqCst);
        self.is_noticed.store(is_noticed, Ordering::SeqCst);
        self.listeners.tell();
    }

    pub(crate) fn come_back(&self) {
        self.is_away.store(false, Ordering::SeqCst);
        self.is_noticed.store(false, Ordering::SeqCst);
        self.listeners.tell();
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
        self.listeners.listen()
    }

    fn drained(&self, _: u8) {}

    async fn shutdown(&self) {}
}

/// Leases whose listeners are told one after the other.
pub(crate) struct Leased {
    leases: Leases,
    listeners: Listeners,
    teller: JoinHandle<()>,
}

impl Leased {
    pub(crate) fn new(leases: Leases) -> Self {
        let (mut changed, listeners) = (leases.changed(), Listeners::default());
        let told = listeners.clone();
        let teller = tokio::spawn(async move {
            while changed.changed().await.is_ok() {
                told.tell();
            }
        });
        Self { leases, listeners, teller }
    }
}

impl Drop for Leased {
    fn drop(&mut self) {
        self.teller.abort();
    }
}

#[async_trait]
impl Ownership for Leased {
    fn owns(&self, partition: u8) -> bool {
        self.leases.owns(partition)
    }

    fn state(&self) -> BTreeMap<u8, Hold> {
        self.leases.state()
    }

    fn engine_revision(&self) -> EngineRevision {
        self.leases.engine_revision()
    }

    fn changed(&self) -> watch::Receiver<u64> {
        self.listeners.listen()
    }

    fn failing(&self) -> Option<watch::Receiver<bool>> {
        self.leases.failing()
    }

    fn drained(&self, partition: u8) {
        self.leases.drained(partition);
    }

    async fn shutdown(&self) {
        self.leases.shutdown().await;
    }
}
