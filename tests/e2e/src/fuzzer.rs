//! Schemathesis, which reads the OpenAPI document and sends what it allows and what it does not.

use std::path::PathBuf;

use anyhow::Result;

use crate::python::Environment;

/// Which release of the Python package `schemathesis`. The one place that says so.
pub const VERSION: &str = "4.32.5";

/// Whether [`install`] has nothing to do.
pub fn is_installed() -> bool {
    environment().is_installed()
}

/// Installs the program into `target/tools` of this checkout, unless it is there; answers with it. Processes that call
/// this at the same time install it once.
///
/// # Errors
/// Python is missing or cannot make an environment (the message says what to install), or pip fails.
pub fn install() -> Result<PathBuf> {
    Ok(environment().install()?.join("schemathesis"))
}

fn environment() -> Environment {
    let requirements = format!("schemathesis=={VERSION}\n");
    Environment { name: "schemathesis", requirements, is_complete: false }
}
