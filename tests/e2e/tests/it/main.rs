//! End-to-end tests: the real binary, real `.wasm` files, a real disk.
#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::print_stdout, reason = "a test prints what it needs to be repeated, and what it has counted")]

mod api;
mod azure;
mod build;
mod damage;
mod deploy;
mod dev;
mod disk_full;
mod examples;
mod grants;
mod hostile;
mod kill;
mod languages;
mod lifecycle;
mod logs;
mod output;
mod private;
mod stored;
mod traces;
mod unknown;
mod upgrade;
mod versions;
mod wait;
