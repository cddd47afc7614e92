//! Runs orchestrations: fetches work, runs turns on shards, commits them, runs activities.
//!
//! [`Worker::start`] begins it all. An instance belongs to one shard, chosen by a hash of its id; a shard is one thread
//! that owns its warm guests, so the hot path takes no locks. What a shard decides is pure and in [`shard`]; the
//! loops around it (`fetch_loop`, `shard_loop`, `activities`) do the waiting and the I/O.
//!
//! This crate has never heard of WebAssembly or of a database: guests come through [`Runtime`], storage through
//! [`store::WorkSource`].

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may panic"))]

mod abandon;
mod activities;
mod backoff;
mod fetch_loop;
pub mod fields;
mod limits;
mod measures;
mod memory;
mod options;
mod routing;
mod runtime;
pub mod shard;
mod shard_loop;
mod spans;
mod stats;
mod waiting;
mod worker;

pub use measures::Distributions;
pub use options::Options;
pub use runtime::{Runtime, Unprepared};
pub use spans::{Attribute, AttributeValue, Span, SpanEvent, SpanKind, SpanSink, SpanStatus, Spans};
pub use stats::{Health, Monitor, Stats};
pub use waiting::{UnknownOrchestrations, Waiting, WaitingList};
pub use worker::Worker;
