//! The `rondo` binary: development server, production host and command-line client in one.
//!
//! The only crate that knows all the others: `host.rs` puts a host together, `registry.rs` joins WebAssembly with the
//! worker and the API, and each file of `commands/` is one command. Commands other than `new`, `build`,
//! `serve`, `dev`, `inspect` and `hub` only talk to a server over HTTP.
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may panic"))]

mod activity_threads;
mod args;
mod azure_args;
mod ceiling;
mod client;
mod commands;
mod compiling;
mod endpoint;
mod exit;
mod flow;
mod folder;
mod follow;
mod host;
mod hub_facts;
mod key;
mod language;
mod limits;
mod listen;
mod log_queue;
mod metrics;
mod output;
mod panics;
mod patience;
mod registry;
mod sdk;
mod signals;
mod slow;
mod storage;
mod table;
mod telemetry;
mod timeline;
mod traces;
mod units;
mod view;
mod waiting;

use std::process::ExitCode;

use clap::Parser as _;

/// Turns and calls of guests are many small allocations that one thread makes and another frees.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = args::Cli::parse();
    match commands::run(cli) {
        Ok(exit) => exit.into(),
        Err(error) => exit::report(&error).into(),
    }
}
