//! `cargo xtask bench`: the benchmark program, built for speed.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::guests;
use crate::process::{note, run};

/// Builds the guests and the program in release mode, and runs it.
pub(crate) fn run_program(root: &Path, arguments: &[String]) -> Result<()> {
    guests::build(root)?;
    note("Building the benchmark in release mode. The first time this takes many minutes.");
    run(Command::new("cargo")
        .current_dir(root)
        .args(["run", "--release", "--locked", "--package", "bench", "--"])
        .args(arguments))
}
