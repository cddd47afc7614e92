//! The engines that the benchmark compares with: installed below `target/peers`, and no part of the workspace.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::process::{self, note, output, run};
use crate::tools;

/// What Debian 12 has. Restate's SDK asks for more; its service makes up for that.
const NODE_MAJOR_MIN: u32 = 18;

/// The files of Restate's service.
const RESTATE_FILES: [&str; 3] = ["package.json", "package-lock.json", "peer.mjs"];

/// Installs what is missing or has changed.
///
/// # Errors
/// An engine cannot be installed. The message says what to do; none is left out.
pub(crate) fn ensure(root: &Path) -> Result<()> {
    restate(root)
        .context("Restate cannot be installed: it comes from npm, and needs Linux or macOS on x64 or arm64")?;
    duroxide(root).context(
        "duroxide cannot be built: it needs a C compiler, pkg-config and the headers of \
         OpenSSL (in Debian gcc, pkg-config and libssl-dev)",
    )
}

/// Puts the service into a folder of its own, where npm installs the server and the SDK beside it.
fn restate(root: &Path) -> Result<()> {
    tools::ensure_node("Restate's service", NODE_MAJOR_MIN)?;
    check_node()?;
    let (from, to) = (root.join("tests/bench/peers/restate"), root.join("target/peers/restate"));
    fs::create_dir_all(&to).with_context(|| format!("making {}", to.display()))?;
    let installed = to.join("installed");
    let wanted = fs::read_to_string(from.join("package-lock.json")).context("reading package-lock.json")?;
    for file in RESTATE_FILES {
        fs::copy(from.join(file), to.join(file)).with_context(|| format!("copying {file}"))?;
    }
    if fs::read_to_string(&installed).is_ok_and(|text| text == wanted) {
        return Ok(());
    }
    note("Installing Restate's server and SDK with npm, once: about 220 MB.");
    // Nothing here needs its install script, so none gets to run.
    let flags = ["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--omit=dev", "--loglevel=error"];
    run(Command::new("npm").current_dir(&to).args(flags))?;
    // Last, so that an interrupted installation is done again.
    fs::write(&installed, wanted).with_context(|| format!("writing {}", installed.display()))
}

fn check_node() -> Result<()> {
    let version = output(Command::new("node").arg("--version"))?;
    let major = version.trim().trim_start_matches('v').split('.').next().and_then(|major| major.parse().ok());
    match major {
        Some(NODE_MAJOR_MIN..) => Ok(()),
        _ => bail!("Restate's service needs Node.js {NODE_MAJOR_MIN} or newer, and this is {}", version.trim()),
    }
}

/// Builds the program with a lock file and a target folder of its own.
fn duroxide(root: &Path) -> Result<()> {
    note("Building duroxide in release mode. The first time this takes minutes.");
    let mut cargo = process::cargo(&root.join("tests/bench/peers/duroxide"));
    cargo.args(["build", "--locked", "--release"]);
    run(cargo.env("CARGO_TARGET_DIR", root.join("target/peers/duroxide")))
}
