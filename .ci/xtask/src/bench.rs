//! `cargo xtask bench`: the benchmark program.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::process::{note, run};
use crate::{emulator, guests, peers};

/// Builds the guests and the program, and runs it; in release mode, unless it only counts.
pub(crate) fn run_program(root: &Path, arguments: &[String]) -> Result<()> {
    guests::build(root)?;
    let has = |name: &str| arguments.iter().any(|argument| argument == name);
    if has("azure") || has("requests") {
        emulator::ensure()?;
    }
    if has("peers") {
        peers::ensure(root)?;
    }
    let mut cargo = Command::new("cargo");
    cargo.current_dir(root).args(["run", "--locked", "--package", "bench"]);
    if !has("requests") {
        note("Building the benchmark in release mode. The first time this takes many minutes.");
        cargo.arg("--release");
    }
    run(cargo.arg("--").args(arguments))
}
