//! How leases are kept.

use std::time::Duration;

use azure::{HubName, Queue};
use engine::EngineRevision;

/// How a host leases the control queues of its task hub. The defaults are those of DurableTask.
#[derive(Debug, Clone)]
pub struct LeaseOptions {
    /// What people call this host. What rows say is this and a part that is new with every start.
    pub host: String,
    /// The newest engine revision that it knows, which it lets the other hosts know.
    pub engine_revision: EngineRevision,
    /// The control queues, which are the keys of the rows, in the order of the partitions.
    pub queues: Vec<String>,
    /// How long a lease lasts unless it is renewed.
    pub interval: Duration,
    /// How often the rows are looked at and leases renewed; at most a third of `interval`, so that two failures in a row
    /// cost nothing.
    pub renew_every: Duration,
    /// How often the rows are looked at while a partition changes hands.
    pub look_again: Duration,
    /// How long draining may take before the partition is let go all the same; less than `interval`.
    pub drain_max: Duration,
    /// How long one look with all that follows from it may take before it counts as failed.
    pub pass_max: Duration,
    /// How long giving everything up may take.
    pub shutdown_max: Duration,
}

impl LeaseOptions {
    /// The defaults for a hub of `partitions` control queues.
    pub fn new(host: impl Into<String>, hub: &HubName, partitions: u8) -> Self {
        Self {
            host: host.into(),
            engine_revision: EngineRevision::NEWEST,
            queues: (0..partitions).map(|partition| hub.queue(Queue::Control(partition))).collect(),
            interval: Duration::from_secs(30),
            renew_every: Duration::from_secs(10),
            look_again: Duration::from_secs(1),
            drain_max: Duration::from_secs(10),
            pass_max: Duration::from_secs(2),
            shutdown_max: Duration::from_secs(5),
        }
    }
}
