//! `cargo xtask bench`: the benchmark program.

use std::path::Path;

use anyhow::Result;

use crate::guests::{self, Builder, Which};
use crate::process::{self, note, run};
use crate::{emulator, peers};

/// Builds the guests and the program, and runs it; in release mode, unless it only counts.
pub(crate) fn run_program(root: &Path, arguments: &[String]) -> Result<()> {
    let has = |name: &str| arguments.iter().any(|argument| argument == name);
    let only_counts = has("requests");
    let builder = if only_counts { Builder::Dev } else { Builder::Release };
    if builder == Builder::Release {
        note("Building the benchmark in release mode. The first time this takes many minutes.");
    }
    guests::build(root, if has("guests") { Which::All } else { Which::Rust }, builder)?;
    if has("azure") || only_counts {
        emulator::ensure()?;
    }
    if has("peers") {
        peers::ensure(root)?;
    }
    let mut cargo = process::cargo(root);
    cargo.args(["run", "--locked", "--package", "bench"]);
    if builder == Builder::Release {
        cargo.arg("--release");
    }
    run(cargo.arg("--").args(arguments))
}
