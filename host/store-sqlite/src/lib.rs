//! The embedded backend: one SQLite file, one process, as many instances as fit on the disk.
//!
//! ```text
//! callers ──► Writer (one thread, one transaction for all who wait) ──► file
//!               └──► Dispatch (work that is ready) ──► fetch
//! callers ──► Readers (a few connections) ◄── file
//! ```
//!
//! [`SqliteBackend`] joins these and keeps the contract of [`store`].
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may panic"))]

mod backend;
mod client;
mod components;
mod dispatch;
mod error;
mod fresh;
mod health;
mod list;
mod log;
mod open;
mod ops;
mod options;
mod readers;
mod refill;
mod rows;
mod schema;
mod stats;
mod transaction;
mod watchers;
mod writer;

pub use backend::SqliteBackend;
pub use open::OpenError;
pub use options::Options;
pub use stats::{Distributions, Stats};
