//! `cargo xtask sim`: the simulator.

use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

use anyhow::{Context as _, Result};

use crate::process::{self, note, run};

/// Where the tests learn the first of the seeds that nobody has run before.
const FIRST_FRESH: &str = "RONDO_SIM_SEED";

/// Has the tests run seeds that nobody has run before, and says which: those that the pipeline names, or else the clock.
pub(crate) fn give_fresh_seeds(tests: &mut Command) -> Result<&mut Command> {
    let seed = match std::env::var(FIRST_FRESH) {
        Ok(seed) => seed,
        Err(_) => SystemTime::UNIX_EPOCH.elapsed().context("the clock is before 1970")?.as_millis().to_string(),
    };
    note(&format!("{FIRST_FRESH}={seed} repeats the simulator's fresh seeds"));
    Ok(tests.env(FIRST_FRESH, seed))
}

/// Builds the simulator in release mode and runs it.
pub(crate) fn run_program(root: &Path, arguments: &[String]) -> Result<()> {
    note("Building the simulator in release mode. The first time this takes some minutes.");
    let mut cargo = process::cargo(root);
    cargo.args(["run", "--locked", "--release", "--package", "sim", "--"]);
    run(cargo.args(arguments))
}
