//! Whether all SDKs decide the same: reads the scenarios in `tests/guests/scenarios` and runs them on components.
//!
//! The form of a scenario, and what each language's component offers, is said in `tests/guests/scenarios/README.md`.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may panic"))]

mod component;
mod language;
mod line;
mod run;
mod scenario;

pub use component::{inspect, load};
pub use language::Language;
pub use run::run;
pub use scenario::{Call, Scenario, Step, read_all};

use std::path::PathBuf;

/// The top folder of this repository.
pub(crate) fn repository() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}
