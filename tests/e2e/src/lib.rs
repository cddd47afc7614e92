//! The shipped binary, driven as a user drives it.
//!
//! [`Server`] is one `rondo serve` on a folder, with the commands typed at it; [`Example`] is one folder of
//! `examples/`. `cargo xtask demo` shows the same two to people.
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may panic"))]

pub mod clients;
mod command;
mod disk;
mod example;
mod files;
pub mod fuzzer;
mod metrics;
mod page;
mod python;
mod server;

pub use command::{Answer, rondo, rondo_in};
pub use disk::SmallDisk;
pub use example::Example;
pub use files::{guest, guest_tools, repository, rondo_binary};
pub use metrics::Metrics;
pub use page::WebPage;
pub use server::Server;
