//! Counts and distributions that cost next to nothing to record.
//!
//! Recording is one or two relaxed additions to atomics: no lock, no allocation, no look-up of a label. Whoever measures
//! owns its numbers, one set for each thread where threads would meet; whoever reports reads them and adds them up.
//! What they are called outside, and in which format, is not known here.
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may panic"))]

mod counter;
mod distribution;
mod histogram;

pub use counter::Counter;
pub use distribution::Distribution;
pub use histogram::{Buckets, Histogram, Timing};
