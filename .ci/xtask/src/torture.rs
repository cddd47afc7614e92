//! `cargo xtask torture`: real hosts under load and faults.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::emulator;
use crate::guests::{self, Builder, Which};
use crate::process::{self, note, run, this_program};

/// Builds the guests, the host and the program, and runs it; in release mode if it counts a million turns.
pub(crate) fn run_program(root: &Path, arguments: &[String]) -> Result<()> {
    let soaks = arguments.iter().any(|argument| argument.starts_with("--soak"));
    if arguments.iter().any(|argument| argument.contains("azurite")) {
        emulator::ensure()?;
    }
    guests::build(root, Which::Rust, if soaks { Builder::Release } else { Builder::Dev })?;
    let cargo = |verb: &str| {
        let mut cargo = process::cargo(root);
        cargo.args([verb, "--locked"]);
        if soaks {
            cargo.arg("--release");
        }
        cargo
    };
    note("Building the host. The first time this takes some minutes.");
    // Together, so that both are built from the same dependencies.
    run(cargo("build").args(["--workspace", "--bin", "rondo", "--bin", "torture"]))?;
    let profile = if soaks { "release" } else { "debug" };
    let program = this_program()?;
    let folder = program.parent().and_then(Path::parent).context("finding the folder that cargo writes to")?;
    run(Command::new(folder.join(profile).join("torture")).args(arguments))
}
