//! The pure core of Rondo: history and messages in, decisions out.
//!
//! An [`Orchestration`] is the state of one instance, folded from its history. It is handed a work item (messages and
//! the time), lets a [`Guest`] decide, and answers with a [`TurnOutcome`]: what to append to the history and what may
//! leave once that is durable. There is no async here, no clock, no randomness and no I/O, and nothing in this crate
//! has heard of WebAssembly or of a database.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may panic"))]

mod action;
#[cfg(any(test, feature = "test-support"))]
pub mod arbitrary;
mod bytes;
#[cfg(test)]
mod codec_tests;
mod determinism;
mod engine_revision;
mod execution;
mod failure;
mod guest;
mod history;
mod ids;
pub mod limits;
mod lineage;
mod message;
mod orchestration;
mod outcome;
mod payload;
mod retry;
mod status;
#[cfg(any(test, feature = "test-support"))]
pub mod testing;
pub mod text;
mod time;
mod trace;

pub use action::{Action, LogLevel, StartChild};
pub use determinism::Nondeterminism;
pub use engine_revision::EngineRevision;
pub use execution::{Execution, Parent};
pub use failure::{Failure, kind};
pub use guest::{Event, Guest, GuestError, GuestSource, Turn};
pub use history::{EventKind, ExecutionStarted, HistoryEvent, LeftChild};
pub use ids::{Digest, EventId, EventKey, ExecutionId, IdError, InstanceId, TaskId};
pub use lineage::Lineage;
pub use message::{Asker, Message};
pub use orchestration::{HistoryError, Orchestration, TurnError};
pub use outcome::{ActivityTask, HistoryChange, LogLine, OutboxMessage, Replaced, TurnOutcome};
pub use payload::Payload;
pub use retry::RetryPolicy;
pub use status::{InstanceState, RuntimeStatus};
pub use time::Timestamp;
pub use trace::{TRACE_SAMPLED, TRACE_STATE_BYTES_MAX, TRACE_STATE_OF_OWN, TraceContext};
