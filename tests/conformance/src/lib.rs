//! The contract of a storage backend, as functions over a factory.
//!
//! Each case establishes a sentence of the documentation of `store`, and knows nothing of any backend. A backend runs
//! all of them with one line, [`conformance_tests`]; a case that is missing in [`for_all_cases`] fails a test here.
//! Time is a clock that the cases move; nothing sleeps.
#![allow(clippy::unwrap_used, clippy::missing_panics_doc, reason = "this is a test, in a library's form")]

mod build;
pub mod cases;
mod factory;
mod list;
mod world;

pub use build::{Turn, child_start, event, execution, id, parent, raised, rewound_by_parent, start, timestamp};
pub use factory::{Factory, Setup};
pub use world::{World, run};
