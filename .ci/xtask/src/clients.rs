//! The clients of Durable Functions, which tests of the HTTP API need, with the Node.js and the Python that they need.

use anyhow::Result;
use e2e::clients;

use crate::process::note;
use crate::tools::{ensure_node, ensure_python_environments};

/// What the newest of them asks for.
const NODE_MAJOR_MIN: u32 = 20;

/// Installs what is missing, once.
///
/// # Errors
/// There is no Node.js or no Python, and it cannot be installed; or npm or pip fails. The message says what to do.
pub(crate) fn ensure() -> Result<()> {
    if clients::is_installed()? {
        return Ok(());
    }
    ensure_node("the clients of Durable Functions", NODE_MAJOR_MIN)?;
    ensure_python_environments()?;
    note("Installing the clients of Durable Functions with npm and pip, once: about 15 seconds.");
    clients::install()
}
