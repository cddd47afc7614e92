//! What the system itself must have, where this is a Debian and we may install.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::process::{note, output, run};

/// Installs packages; false where this is no Debian, or we are not root.
pub(crate) fn install(packages: &[&str]) -> Result<bool> {
    let root = output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    if !root || !Path::new("/etc/debian_version").exists() {
        return Ok(false);
    }
    note(&format!("Installing {}.", packages.join(", ")));
    run(Command::new("apt-get").args(["update", "--quiet"]))?;
    let mut install = Command::new("apt-get");
    install.env("DEBIAN_FRONTEND", "noninteractive").args(["install", "--yes", "--no-install-recommends"]);
    run(install.args(packages))?;
    Ok(true)
}

/// Whether all packages are installed.
pub(super) fn has(packages: &[&str]) -> bool {
    let is_installed = |package: &&str| {
        output(Command::new("dpkg-query").args(["--show", "--showformat=${db:Status-Status}", package]))
            .is_ok_and(|status| status == "installed")
    };
    packages.iter().all(is_installed)
}
