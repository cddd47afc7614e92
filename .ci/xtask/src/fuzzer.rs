//! The fuzzer of the HTTP API, which tests need, and the Python that it needs.

use anyhow::Result;
use e2e::fuzzer;

use crate::process::note;
use crate::tools::ensure_python_environments;

/// Installs what is missing, once.
///
/// # Errors
/// There is no Python, and it cannot be installed; or pip fails. The message says what to do.
pub(crate) fn ensure() -> Result<()> {
    if fuzzer::is_installed() {
        return Ok(());
    }
    ensure_python_environments()?;
    note(&format!("Installing the API's fuzzer (schemathesis {}) with pip, once: about a minute.", fuzzer::VERSION));
    fuzzer::install()?;
    Ok(())
}
