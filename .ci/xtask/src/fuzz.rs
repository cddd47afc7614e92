//! `cargo xtask fuzz`: hands random bytes to every reader of bytes from outside, and learns from what they do.
//!
//! The programs are those of `tests/fuzz`, which `cargo fuzz` runs as well. It would build all dependencies anew with
//! coverage; here only our own crates have it, so that a short run in the pipeline takes minutes and not a quarter of
//! an hour. This program is therefore also the compiler's wrapper, see [`instrument`].

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::process::{cargo, note, output, run, this_program};
use crate::tools::install_on_debian;

/// Set for compilations that this program wraps.
const WRAPS: &str = "RONDO_FUZZ_COVERAGE";

/// How libFuzzer learns which code ran and what was compared with what.
const COVERAGE: [&str; 7] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Copt-level=2",
    "-Cdebug-assertions=on",
];

/// Compiles, if cargo has called this program as the wrapper of its compiler; otherwise returns.
pub(crate) fn instrument() -> Result<()> {
    if std::env::var_os(WRAPS).is_none() {
        return Ok(());
    }
    let mut words = std::env::args_os().skip(1);
    let rustc = words.next().context("cargo names the compiler first")?;
    let words: Vec<OsString> = words.collect();
    // What runs while building has no libFuzzer to report to.
    let runs_later = !words.iter().any(|word| word == "build_script_build" || word == "proc-macro");
    let coverage: &[&str] = if runs_later && words.iter().any(|word| word == "--crate-name") { &COVERAGE } else { &[] };
    Err(Command::new(rustc).args(words).args(coverage).exec()).context("starting the compiler")
}

/// Runs the programs called `targets`, or all, each for `seconds`.
///
/// # Errors
/// One found bytes that its reader does not survive; they are kept in `target/fuzz/NAME/`.
pub(crate) fn everything(root: &Path, seconds: u32, targets: &[String]) -> Result<()> {
    let all = all(root)?;
    let chosen: Vec<&String> = if targets.is_empty() {
        all.iter().collect()
    } else {
        all.iter().filter(|name| targets.contains(name)).collect()
    };
    ensure!(!chosen.is_empty(), "there is no such target; there are: {}", all.join(", "));
    ensure_compiler()?;
    note("Building the fuzz targets with coverage, which takes some minutes.");
    let mut build = cargo(root);
    build.args(["build", "--workspace", "--locked", "--features", "fuzz/libfuzzer"]);
    build.args(chosen.iter().flat_map(|name| ["--bin", name.as_str()]));
    build.env(WRAPS, "1").env("RUSTC_WORKSPACE_WRAPPER", this_program()?);
    run(&mut build)?;
    let program = this_program()?;
    let debug = program.parent().context("finding the folder that cargo writes to")?;
    for name in chosen {
        let found = debug.with_file_name("fuzz").join(name);
        std::fs::create_dir_all(found.join("corpus")).context("making a folder for what is found")?;
        note(&format!("{name}: {seconds} seconds"));
        let mut fuzz = Command::new(debug.join(name));
        fuzz.arg(found.join("corpus")).arg(root.join("tests/fuzz/corpus").join(name)).args([
            format!("-max_total_time={seconds}"),
            format!("-artifact_prefix={}/", found.display()),
            // A reader that takes this long for a few kilobytes is broken.
            "-timeout=10".to_owned(),
            "-rss_limit_mb=4096".to_owned(),
            "-print_final_stats=1".to_owned(),
            "-verbosity=0".to_owned(),
        ]);
        let reproduce = format!(
            "{name} failed; `{} FILE` with a file of {} repeats it",
            debug.join(name).display(),
            found.display()
        );
        run(&mut fuzz).context(reproduce)?;
    }
    Ok(())
}

/// libFuzzer is built from its source, which is in C++.
fn ensure_compiler() -> Result<()> {
    let has_one = || output(Command::new("c++").arg("--version")).is_ok();
    ensure!(
        has_one() || (install_on_debian(&["g++"])? && has_one()),
        "fuzzing needs a C++ compiler called c++ (in Debian g++)"
    );
    Ok(())
}

/// The names of all targets: each has a corpus.
fn all(root: &Path) -> Result<Vec<String>> {
    let folder = root.join("tests/fuzz/corpus");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}
