//! What the simulator must show, and that it would show it.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod determinism;
mod sabotage;
mod seeds;
