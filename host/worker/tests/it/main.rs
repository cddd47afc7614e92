//! The worker over the memory backend, with closures as guests.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod activities;
mod ahead;
mod backpressure;
mod bench;
mod faults;
mod guests;
mod holds;
mod life;
mod ownership;
mod panics;
mod restart;
mod shard;
mod sharing;
mod shutdown;
mod source;
mod spans;
mod world;
