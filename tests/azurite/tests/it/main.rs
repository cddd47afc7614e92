//! The emulator and the proxy, as tests use them.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod client;
mod emulator;
mod proxy_counts;
mod proxy_faults;
mod proxy_guard;
mod proxy_holds;
