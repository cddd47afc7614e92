//! The emulator of Azure Storage, which tests need, and the Node.js that it needs.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Result, bail};

use crate::process::{note, output, run};

const DEBIAN_PACKAGES: [&str; 2] = ["nodejs", "npm"];

/// Installs what is missing, once.
///
/// # Errors
/// There is no Node.js, and it cannot be installed; or npm fails. The message says what to do.
pub(crate) fn ensure() -> Result<()> {
    if azurite::is_installed() {
        return Ok(());
    }
    ensure_node("the Azure Storage emulator", 18)?;
    note(&format!(
        "Installing the Azure Storage emulator (azurite {}) with npm, once: about a minute.",
        azurite::VERSION
    ));
    azurite::install()?;
    Ok(())
}

/// Installs Node.js, unless it is there, for `whom`.
///
/// # Errors
/// It cannot be installed. The message says what to do.
pub(crate) fn ensure_node(whom: &str, major_min: u32) -> Result<()> {
    if starts("node") && starts("npm") { Ok(()) } else { install_node(whom, major_min) }
}

fn starts(program: &str) -> bool {
    let mut command = Command::new(program);
    command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Where this is a Debian and we are root.
fn install_node(whom: &str, major_min: u32) -> Result<()> {
    let root = output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    if !root || !Path::new("/etc/debian_version").exists() {
        bail!("{whom} needs Node.js {major_min} or newer with npm, and this machine has none: install both");
    }
    note(&format!("Installing {}.", DEBIAN_PACKAGES.join(", ")));
    run(Command::new("apt-get").args(["update", "--quiet"]))?;
    let mut install = Command::new("apt-get");
    install.env("DEBIAN_FRONTEND", "noninteractive").args(["install", "--yes", "--no-install-recommends"]);
    run(install.args(DEBIAN_PACKAGES))
}
