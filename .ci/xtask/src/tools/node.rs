//! Node.js with npm: for the emulator of Azure Storage, for a peer of the benchmark, and for guests in TypeScript.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use super::debian;
use crate::process::{note, run, succeeds};

/// What Debian 12 has.
pub(super) const MAJOR_MIN_FOR_GUESTS: u32 = 18;

const DEBIAN_PACKAGES: [&str; 2] = ["nodejs", "npm"];

/// Installs Node.js, unless it is there, for `whom`.
///
/// # Errors
/// It cannot be installed. The message says what to do.
pub(crate) fn ensure(whom: &str, major_min: u32) -> Result<()> {
    let starts = |program| succeeds(Command::new(program).arg("--version"));
    if (starts("node") && starts("npm")) || debian::install(&DEBIAN_PACKAGES)? {
        return Ok(());
    }
    bail!("{whom} needs Node.js {major_min} or newer with npm, and this machine has none: install both")
}

/// Installs what a project's lock file names into its `node_modules`, unless that was done.
pub(super) fn install_dependencies(folder: &Path) -> Result<()> {
    let lock = folder.join("package-lock.json");
    if !lock.is_file() {
        return Ok(());
    }
    let wanted = fs::read_to_string(&lock).with_context(|| format!("reading {}", lock.display()))?;
    let installed = folder.join("node_modules/.installed");
    if fs::read_to_string(&installed).is_ok_and(|text| text == wanted) {
        return Ok(());
    }
    note(&format!("Installing what {} depends on with npm, once.", folder.display()));
    let flags = ["ci", "--no-audit", "--no-fund", "--loglevel=error"];
    run(Command::new("npm").current_dir(folder).args(flags))?;
    // Last, so that an interrupted installation is done again.
    fs::create_dir_all(folder.join("node_modules")).context("making node_modules")?;
    fs::write(&installed, wanted).with_context(|| format!("writing {}", installed.display()))
}
