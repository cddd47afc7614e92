//! Schemathesis, which reads the OpenAPI document and sends what it allows and what it does not.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::files::repository;

/// Which release of the Python package `schemathesis`. The one place that says so.
pub const VERSION: &str = "4.32.5";

const HOW_TO_GET_PYTHON: &str = "the API's tests need Python 3.10 or newer with venv: install both, for example the \
                                 packages python3 and python3-venv";

/// Whether [`install`] has nothing to do.
pub fn is_installed() -> bool {
    program_in(&folder()).exists()
}

/// Installs the program into `target/tools` of this checkout, unless it is there; answers with it. Processes that call
/// this at the same time install it once.
///
/// # Errors
/// Python is missing or cannot make an environment (the message says what to install), or pip fails.
pub fn install() -> Result<PathBuf> {
    let (folder, program) = (folder(), program_in(&folder()));
    if program.exists() {
        return Ok(program);
    }
    fs::create_dir_all(tools()).context("making the folder for tools")?;
    let lock = File::create(folder.with_extension("lock")).context("opening the lock of an installation")?;
    lock.lock().context("waiting for another installation")?;
    if program.exists() {
        return Ok(program);
    }
    // Programs of an environment know its path, so it is made in its place; its own program comes last.
    if folder.exists() {
        fs::remove_dir_all(&folder).context("removing what an interrupted installation left")?;
    }
    run(Command::new("python3").args(["-m", "venv"]).arg(&folder)).context(HOW_TO_GET_PYTHON)?;
    let package = format!("schemathesis=={VERSION}");
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", &package];
    run(Command::new(folder.join("bin/python")).args(pip)).with_context(|| format!("installing {package}"))?;
    Ok(program)
}

fn tools() -> PathBuf {
    repository().join("target/tools")
}

fn folder() -> PathBuf {
    tools().join(format!("schemathesis-{VERSION}"))
}

fn program_in(folder: &Path) -> PathBuf {
    folder.join("bin/schemathesis")
}

fn run(command: &mut Command) -> Result<()> {
    let output = command.stdin(Stdio::null()).output().context("starting python3")?;
    if !output.status.success() {
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        bail!("python3 ended with {}\n{out}{err}", output.status);
    }
    Ok(())
}
