//! Real hosts under load, killed, stalled, cut off from their storage and left without room on their disk.
//!
//! [`run`] starts hosts, a steady load of orchestrations whose results are known beforehand, and, drawn from a seed,
//! faults. Then the faults stop, everything must end by itself, and what is stored is checked, by `checks`. [`soak`] is
//! the same without faults, for the memory.
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may panic"))]

mod checks;
mod cluster;
mod faults;
mod leftovers;
mod load;
mod net;
mod report;
pub mod soak;
pub mod stored;
mod torture;
mod violations;

pub use cluster::Storage;
pub use report::Report;
pub use torture::{Settings, run};
