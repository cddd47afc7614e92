//! `cargo xtask guests`: builds every guest as users build theirs, with `rondo build`.

mod project;
mod stamp;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};

use self::stamp::Stamp;
use crate::process::{self, note, run, this_program};
use crate::tools::{self, Tools};

/// Which guests are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    /// Those that need nothing but Rust.
    Rust,
    /// Those of all languages.
    All,
}

/// Which build of `rondo` builds them: the one that is needed afterwards anyway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Builder {
    /// Quick to compile.
    Dev,
    /// Slow to compile.
    Release,
}

/// Builds the guests of the repository at `root` that are not up to date to `target/guests/LANGUAGE/NAME.wasm`, and in
/// Rust to `target/guests/wasm32-unknown-unknown/guest/NAME.wasm` as well, as cargo writes them.
///
/// # Errors
/// A tool cannot be had (the message says how to get it), or a guest does not compile.
pub(crate) fn build(root: &Path, which: Which, builder: Builder) -> Result<()> {
    let mut guests = project::all(root)?;
    guests.retain(|guest| which == Which::All || guest.language == project::RUST);
    let mut outdated = Vec::new();
    for guest in guests {
        let stamp = Stamp::of(root, &guest)?;
        if !stamp.is_on(&guest.component(root)) || !guest.files(root).iter().all(|file| file.is_file()) {
            outdated.push((guest, stamp));
        }
    }
    if outdated.is_empty() {
        note("All guests are up to date.");
        return Ok(());
    }
    let languages: Vec<&str> = outdated.iter().map(|(guest, _)| guest.language).collect();
    let tools = Tools::ensure(root, &languages)?;
    let rondo = rondo(root, builder)?;
    // One at a time, as users build theirs: cargo would give all of them the features that any of them asks for.
    for (guest, stamp) in outdated {
        let component = guest.component(root);
        stamp::remove(&component)?;
        tools::prepare(&root.join(&guest.folder), guest.language)?;
        let mut command = Command::new(&rondo);
        command.current_dir(root).arg("build").arg(&guest.folder).arg("--out").arg(&component);
        command.args(["--profile", "guest"]).env("CARGO_TARGET_DIR", root.join("target/guests"));
        // What they offer is of interest when they are deployed.
        command.stdout(Stdio::null());
        tools.enter(&mut command)?;
        run(&mut command).with_context(|| format!("building the guest {}", guest.folder))?;
        stamp.put_on(&component)?;
    }
    Ok(())
}

/// The `rondo` binary, built.
fn rondo(root: &Path, builder: Builder) -> Result<PathBuf> {
    let mut cargo = process::cargo(root);
    cargo.args(["build", "--locked", "--package", "cli"]);
    if builder == Builder::Release {
        cargo.arg("--release");
    }
    run(&mut cargo)?;
    let folder = this_program()?;
    let folder = folder.parent().and_then(Path::parent).context("finding the folder that cargo writes to")?;
    let folder = folder.join(if builder == Builder::Release { "release" } else { "debug" });
    fs::canonicalize(folder.join("rondo")).context("finding the `rondo` that was built")
}
