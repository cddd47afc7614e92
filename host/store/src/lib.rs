//! What a storage backend promises, and a reference backend in memory.
//!
//! The contract is about instances and turns, not about tables. It is cut by consumer: [`WorkSource`] for the worker,
//! [`Client`] for the API, [`Components`] for both; [`Backend`] is all three. The conformance kit in
//! `tests/conformance` is the executable form of every sentence here.
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may panic"))]

mod activity_queue;
mod client;
mod clock;
pub mod codec;
mod commit;
mod components;
mod cursor;
mod error;
pub mod limits;
mod memory;
mod pages;
mod panics;
mod query;
pub mod wake;
mod work;

pub use activity_queue::{ActivityQueue, OfferedActivity, TakenActivity, TakenId};
pub use client::{Client, CreateError, CreateInstance, ExistingInstance, InstanceError, is_welcome, pending_state};
pub use clock::{Clock, ManualClock, SystemClock};
pub use commit::{CommitError, Discontinuity, Token, TurnCommit};
pub use components::{ComponentRecord, Components};
pub use cursor::{Cursor, InvalidContinuation};
pub use error::{NewerEngineRevision, Outcome, StorageError, check_engine_revision};
pub use memory::MemoryBackend;
pub use pages::{HistoryPage, PageRoom, whole_history};
pub use panics::{kept_up, panic_text};
pub use query::{HeldReason, InstanceFilter, InstancePage, InstanceRow, PurgeFilter};
pub use work::{Envelope, MessageId, Snapshot, WorkItem, WorkSource};

/// A complete backend.
pub trait Backend: WorkSource + Client + Components {}

impl<T: WorkSource + Client + Components> Backend for T {}
