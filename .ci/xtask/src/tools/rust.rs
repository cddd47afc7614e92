//! A standard library of Rust for WebAssembly: rustup's, or, where it has none to offer, the sources that Debian ships
//! beside a compiler for that purpose. `rondo build` uses the one or the other.

use std::process::Command;

use anyhow::{Result, bail};

use super::debian;
use crate::process::{note, output, succeeds};

const TARGET: &str = "wasm32-unknown-unknown";
const DEBIAN_PACKAGES: [&str; 3] = ["rustc-web", "cargo-web", "rust-web-src"];

/// Installs it, unless it is there.
///
/// # Errors
/// It cannot be had. The message says what to do.
pub(super) fn ensure() -> Result<()> {
    if rustup_has_target() || debian::has(&DEBIAN_PACKAGES) {
        return Ok(());
    }
    note(&format!("Adding the target {TARGET} with rustup."));
    if succeeds(Command::new("rustup").args(["target", "add", TARGET])) && rustup_has_target() {
        return Ok(());
    }
    if debian::install(&DEBIAN_PACKAGES)? {
        return Ok(());
    }
    bail!(
        "no Rust toolchain for {TARGET}: run `rustup target add {TARGET}`, or on Debian \
         `apt-get install --no-install-recommends {}`",
        DEBIAN_PACKAGES.join(" ")
    )
}

/// Which compiler builds the guests.
pub(super) fn version() -> String {
    let compiler = if rustup_has_target() { "rustc" } else { "/usr/bin/rustc" };
    // Before the first build there may be none; then nothing is up to date anyway.
    output(Command::new(compiler).arg("-vV")).unwrap_or_default()
}

fn rustup_has_target() -> bool {
    let Ok(folder) = output(Command::new("rustc").args(["--print", "target-libdir", "--target", TARGET])) else {
        return false;
    };
    std::fs::read_dir(folder.trim()).is_ok_and(|entries| {
        entries.flatten().any(|entry| entry.file_name().to_str().is_some_and(|name| name.starts_with("libstd-")))
    })
}
