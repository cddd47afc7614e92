//! What an operator may tune.

use std::time::Duration;

use tokio::runtime::Handle;

use crate::{Spans, UnknownOrchestrations, memory};

/// Memory for warm guests on a machine that does not say how much it has.
const WARM_GUEST_BYTES: usize = 512 * 1024 * 1024;

/// How much of the machine one host uses. The defaults suit a machine of its own.
#[derive(Debug, Clone)]
pub struct Options {
    /// Threads that run orchestrations; each instance belongs to one of them. At least 1.
    pub shards: usize,
    /// Memory for warm guests, over all shards. With 0 every turn replays the history.
    ///
    /// A guest counts with all memory that it may touch without asking for more, which is an upper bound: of the
    /// 1.1 MiB of one in Rust, nearly all is stack that it never uses. Half of the machine's memory unless set.
    pub warm_guest_bytes_max: usize,
    /// Warm guests, over all shards, however small they are: their places in the runtime's pool are limited, and those
    /// that run need some, too.
    pub warm_guests_max: usize,
    /// Activities that run at the same time. At least 1.
    pub activities_max: usize,
    /// Activities that wait for their turn here; further ones are left to other hosts, if the backend passes them on.
    /// None: as many as run at the same time, so that a full second round waits.
    pub activities_waiting_max: Option<usize>,
    /// Activities of one name that run at the same time. At least 1.
    pub activities_per_name_max: usize,
    /// Instances of one shard that are loading, running or committing; at this number it takes no new work. At least 1.
    pub instances_busy_per_shard_max: usize,
    /// How long a shutdown waits for running activities before it drops them. They are run again after the restart.
    pub shutdown_grace: Duration,
    /// Where activities run. None: on the runtime that starts the worker, where they keep its threads from others.
    pub activities_on: Option<Handle>,
    /// What becomes of instances of orchestrations that nobody offers.
    pub unknown_orchestrations: UnknownOrchestrations,
    /// Who is told what took how long.
    pub spans: Spans,
}

impl Default for Options {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            shards: cores,
            warm_guest_bytes_max: memory::bytes().map_or(WARM_GUEST_BYTES, |bytes| bytes / 2),
            warm_guests_max: 4_000,
            activities_max: 64 * cores,
            activities_waiting_max: None,
            activities_per_name_max: 64 * cores,
            instances_busy_per_shard_max: 4_096,
            shutdown_grace: Duration::from_secs(10),
            activities_on: None,
            unknown_orchestrations: UnknownOrchestrations::default(),
            spans: Spans::default(),
        }
    }
}

impl Options {
    /// The same with every "at least 1" kept.
    #[must_use]
    pub(crate) fn normalized(self) -> Self {
        Self {
            shards: self.shards.max(1),
            activities_max: self.activities_max.max(1),
            activities_per_name_max: self.activities_per_name_max.max(1),
            instances_busy_per_shard_max: self.instances_busy_per_shard_max.max(1),
            ..self
        }
    }
}
