//! The fuzzer of the HTTP API, which tests need, and the Python that it needs.

use std::process::{Command, Stdio};

use anyhow::Result;
use e2e::fuzzer;

use crate::process::note;
use crate::tools::install_on_debian;

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
    if !makes_environments {
        install_on_debian(&DEBIAN_PACKAGES)?;
    }
    note(&format!("Installing the API's fuzzer (schemathesis {}) with pip, once: about a minute.", fuzzer::VERSION));
    fuzzer::install()?;
    Ok(())
}
