//! What an operator may tune.

use std::path::PathBuf;
use std::time::Duration;

use crate::{Ceiling, Compiler};

/// How guests are run. The defaults suit a machine of its own.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where compiled code is kept; none: components are compiled anew by every process.
    ///
    /// Created with access for the owner only: whoever can write here can run native code in this process.
    pub cache_dir: Option<PathBuf>,
    /// Bytes of compiled code kept there; the entries unused for longest go first.
    pub cache_bytes_max: u64,
    /// What compiles; none: this process does, without bounds on memory and time.
    pub compiler: Option<Compiler>,
    /// Linear memory of one orchestrator.
    pub orchestrator_memory_bytes_max: usize,
    /// Linear memory of one activity attempt.
    pub activity_memory_bytes_max: usize,
    /// Elements of one table of a guest.
    pub table_elements_max: usize,
    /// How long an orchestrator may take for one turn, by the clock on the wall.
    ///
    /// A replay of many turns in one call that takes longer is repeated turn by turn, each with this much time.
    pub turn_deadline: Duration,
    /// How long one activity attempt may take, waiting included; none: as long as it likes.
    pub activity_deadline: Option<Duration>,
    /// How long one activity attempt may compute, waiting excluded.
    pub activity_cpu_max: Duration,
    /// Orchestrators that are in memory at the same time, over all shards. Address space is reserved for all of them:
    /// about 4 GiB each, which costs nothing until it is used.
    pub orchestrators_max: u32,
    /// Activity attempts that run at the same time; more wait for their turn.
    pub activities_max: u32,
    /// What deployments may grant at most.
    pub ceiling: Ceiling,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            cache_dir: None,
            // Some sixty of the largest components (Python: 35 MB of machine code each).
            cache_bytes_max: 2 * 1024 * 1024 * 1024,
            compiler: None,
            orchestrator_memory_bytes_max: 256 * 1024 * 1024,
            activity_memory_bytes_max: 256 * 1024 * 1024,
            // Python links many modules around tables of some ten thousand elements.
            table_elements_max: 100_000,
            turn_deadline: Duration::from_secs(5),
            activity_deadline: Some(Duration::from_mins(10)),
            activity_cpu_max: Duration::from_mins(2),
            // A live guest takes about four mappings, and Linux gives a process 65,530 of them.
            orchestrators_max: 10_000,
            activities_max: 1_000,
            ceiling: Ceiling::default(),
        }
    }
}
