//! What becomes of guests, good and bad, across the boundary.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod activities;
mod attacks;
mod cache;
mod inspection;
#[cfg(target_os = "linux")]
mod leftovers;
mod orchestrators;
mod reach;
mod replay;
mod support;
mod virtual_wasi;
