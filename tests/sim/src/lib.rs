//! A deterministic simulator of hosts, storage and clients.
//!
//! The real engine, worker and backends run on one thread, in a time that passes when everybody waits. A seed decides
//! what runs, what clients do, and what goes wrong: crashes before and after every change, stalls, lost and late
//! replies, doubled and reordered messages, skewed clocks, stolen leases, throttling, outages. Checkers watch what is
//! really stored; the same seed leads to the same trace, byte by byte.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may panic"))]

mod chaos;
mod check;
mod client;
mod fickle;
mod figures;
mod hosts;
mod hub;
mod link;
mod medium;
mod observer;
mod plan;
mod program;
mod run;
mod runtime;
mod sabotage;
mod source;
mod time;
mod trace;
mod world;

pub use figures::Figures;
pub use plan::Backend;
pub use run::{Ended, Scenario, run};
pub use sabotage::Sabotage;
pub use world::{Rule, Violation};
