//! What only this backend promises. The contract that all share is checked by `tests/conformance`.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod damage;
mod disk_full;
mod fresh;
mod golden;
mod group_commit;
mod kill;
mod opening;
mod support;
mod watched;
