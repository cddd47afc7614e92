//! The fuzzer of the HTTP API, which tests need, and the Python that it needs.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::Result;
use e2e::fuzzer;

use crate::process::{note, output, run};

const DEBIAN_PACKAGES: [&str; 2] = ["python3", "python3-venv"];

/// Installs what is missing, once.
///
/// # Errors
/// There is no Python, and it cannot be installed; or pip fails. The message says what to do.
pub(crate) fn ensure() -> Result<()> {
    if fuzzer::is_installed() {
        return Ok(());
    }
    let makes_environments = Command::new("python3")
        .args(["-c", "import ensurepip, venv"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    let is_root = output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    if !makes_environments && is_root && Path::new("/etc/debian_version").exists() {
        note(&format!("Installing {}.", DEBIAN_PACKAGES.join(", ")));
        run(Command::new("apt-get").args(["update", "--quiet"]))?;
        let mut install = Command::new("apt-get");
        install.env("DEBIAN_FRONTEND", "noninteractive").args(["install", "--yes", "--no-install-recommends"]);
        run(install.args(DEBIAN_PACKAGES))?;
    }
    note(&format!("Installing the API's fuzzer (schemathesis {}) with pip, once: about a minute.", fuzzer::VERSION));
    fuzzer::install()?;
    Ok(())
}
