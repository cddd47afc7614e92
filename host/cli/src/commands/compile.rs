//! `rondo compile`: what a host calls to compile in a process of its own.

use anyhow::{Context as _, Result};
use wasm::CompilerLimits;

use crate::exit::Exit;

/// Compile a component from standard input to standard output, within limits; called by hosts
#[derive(Debug, clap::Args)]
#[command(hide = true)]
pub(crate) struct Args {
    memory_bytes_max: u64,
    cpu_seconds_max: u64,
}

pub(crate) fn run(args: &Args) -> Result<Exit> {
    let Args { memory_bytes_max, cpu_seconds_max } = *args;
    wasm::compile(CompilerLimits { memory_bytes_max, cpu_seconds_max }).context("compiling for a host")?;
    Ok(Exit::Done)
}
