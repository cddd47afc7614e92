//! Every backend keeps the contract.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod differential;
mod memory;
mod sqlite;
