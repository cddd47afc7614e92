//! `cargo xtask test`: everything the pipeline checks, in the order that fails soonest.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::Result;

use crate::guests::{self, Builder, Which};
use crate::process::{self, note, run};
use crate::{clients, emulator, fuzz, fuzzer, sdk_tests, sim, tidy};

/// How long each reader of bytes from outside is tried with random ones. Regressions are what a pipeline can find in
/// that time; `cargo xtask fuzz` takes longer.
const FUZZ_SECONDS: u32 = 5;

/// Formats, lints, builds guests, runs every test.
pub(crate) fn everything(root: &Path) -> Result<()> {
    let cargo = |args: &[&str]| {
        let mut command = process::cargo(root);
        command.args(args);
        command
    };
    run(&mut cargo(&["fmt", "--all", "--check"]))?;
    tidy::check(root)?;
    guests::build(root, Which::All, Builder::Dev)?;
    sdk_tests::everything(root)?;
    emulator::ensure()?;
    fuzzer::ensure()?;
    clients::ensure()?;
    run(&mut cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--", "--deny", "warnings"]))?;
    run(cargo(&["doc", "--workspace", "--no-deps", "--locked"]).env("RUSTDOCFLAGS", "--deny warnings"))?;
    run(&mut cargo(&["test", "--doc", "--workspace", "--locked"]))?;
    // The end-to-end tests run the `rondo` binary, which a build of the tests alone leaves out.
    run(&mut cargo(&["build", "--workspace", "--bins", "--tests", "--locked"]))?;
    ensure_nextest(root)?;
    let config = root.join(".ci/nextest.toml");
    let mut tests = cargo(&["nextest", "run", "--workspace", "--locked", "--no-fail-fast", "--config-file"]);
    run(sim::give_fresh_seeds(tests.arg(config))?)?;
    fuzz::everything(root, FUZZ_SECONDS, &[])
}

/// The test runner, from the registry where the machine has none.
fn ensure_nextest(root: &Path) -> Result<()> {
    let has_it = Command::new("cargo")
        .args(["nextest", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if has_it {
        return Ok(());
    }
    note("cargo-nextest is missing: installing it once, which takes some minutes");
    run(process::cargo(root).args(["install", "--locked", "cargo-nextest"]))
}
