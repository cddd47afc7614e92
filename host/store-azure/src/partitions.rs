//! Who serves which control queue.
//!
//! Control queues are leased through the rows of the Partitions table, in the handshake of DurableTask: a host claims
//! what nobody holds, renews what it holds, asks for what others hold too much of by writing itself as the next owner,
//! and whoever is asked finishes what is in hand ("drains") and lets go. Every change is conditional on the row's etag.
//!
//! Leases only save work; that nothing is lost or done twice rests on the etags of commits. Still a host never trusts
//! a row alone: it owns what it has itself written successfully, and only until its own monotonic clock says that the
//! lease is over, whether storage can be reached or not.
//!
//! [`plan`] decides (pure), [`book`] keeps what this host believes (pure), [`leases`] asks and acts.

mod book;
#[cfg(test)]
pub(crate) mod gate;
mod leases;
mod options;
mod pass;
mod plan;
mod row;
#[cfg(test)]
mod simulation;

use std::collections::BTreeMap;

use async_trait::async_trait;
use engine::EngineRevision;
use tokio::sync::watch;

pub use self::leases::Leases;
pub use self::options::LeaseOptions;
pub(crate) use self::row::LeaseRow;

/// How a partition is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// Take messages, run turns.
    Owned,
    /// Somebody else is to have it: take no more messages, finish or give back what is in hand, then say
    /// [`drained`](Ownership::drained).
    Draining,
}

/// Which partitions this host serves.
#[async_trait]
pub trait Ownership: Send + Sync + 'static {
    /// Whether a turn of the partition may begin or be committed: held, draining or not, and the lease is not over by
    /// this process's monotonic clock, counted from before the request that took or renewed it was sent.
    fn owns(&self, partition: u8) -> bool;

    /// What is held, and how. A partition that is missing is not this host's: drop what is in hand of it.
    fn state(&self) -> BTreeMap<u8, Hold>;

    /// The newest engine revision that every host knows which serves a partition or waits for one.
    fn engine_revision(&self) -> EngineRevision;

    /// Changes whenever [`state`](Self::state) does.
    fn changed(&self) -> watch::Receiver<u64>;

    /// Whether storage has failed several times in a row when asked about partitions; none if it is not asked. A host
    /// that serves no partition notices an outage by nothing else.
    fn failing(&self) -> Option<watch::Receiver<bool>> {
        None
    }

    /// Nothing of a draining partition is in hand any more; it is let go at once. Of one that is not draining, nothing.
    fn drained(&self, partition: u8);

    /// Gives everything up, now; nothing must be in hand any more. Bounded; what cannot be given up in time lapses.
    async fn shutdown(&self);
}

/// Serves every partition, for as long as it lives: one host alone, or a test.
#[derive(Debug)]
pub struct Always {
    partitions: u8,
    changed: watch::Sender<u64>,
}

impl Always {
    /// Serves the partitions below `partitions`.
    pub fn new(partitions: u8) -> Self {
        Self { partitions, changed: watch::Sender::new(0) }
    }
}

#[async_trait]
impl Ownership for Always {
    fn owns(&self, partition: u8) -> bool {
        partition < self.partitions
    }

    fn state(&self) -> BTreeMap<u8, Hold> {
        (0..self.partitions).map(|partition| (partition, Hold::Owned)).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_alone_serves_all_there_is_and_no_more() {
        let always = Always::new(4);
        assert_eq!(always.state().into_keys().collect::<Vec<_>>(), [0, 1, 2, 3]);
        assert!(always.state().into_values().all(|hold| hold == Hold::Owned));
        assert!(always.owns(3) && !always.owns(4));
    }
}
