//! The emulator of Azure Storage, which tests need.

use anyhow::Result;

use crate::process::note;
use crate::tools;

/// Installs what is missing, once.
///
/// # Errors
/// There is no Node.js, and it cannot be installed; or npm fails. The message says what to do.
pub(crate) fn ensure() -> Result<()> {
    if azurite::is_installed() {
        return Ok(());
    }
    tools::ensure_node("the Azure Storage emulator", 18)?;
    note(&format!(
        "Installing the Azure Storage emulator (azurite {}) with npm, once: about a minute.",
        azurite::VERSION
    ));
    azurite::install()?;
    Ok(())
}
