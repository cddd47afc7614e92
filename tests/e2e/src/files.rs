//! Where the built things are.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

/// The repository's top level.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The `rondo` binary, beside the program that is running.
pub fn rondo_binary() -> Result<PathBuf> {
    let program = std::env::current_exe().context("finding this program")?;
    let binary =
        program
            .ancestors()
            .skip(1)
            .map(|folder| folder.join("rondo"))
            .find(|candidate| candidate.is_file())
            .context("there is no `rondo` beside this program: run `cargo build --workspace --bins --tests` first")?;
    Ok(binary)
}

/// A guest that `cargo xtask guests` has built, by crate name.
pub fn guest(name: &str) -> Result<PathBuf> {
    let file = repository().join("target/guests/wasm32-unknown-unknown/guest").join(format!("{name}.wasm"));
    ensure!(file.is_file(), "{} is missing: run `cargo xtask guests` first", file.display());
    Ok(file)
}

/// PATH with the compilers for guests that `cargo xtask guests` has installed.
pub fn guest_tools() -> Result<String> {
    let folder = repository().join("target/tools/python/bin");
    ensure!(folder.is_dir(), "{} is missing: run `cargo xtask guests` first", folder.display());
    let path = std::env::var("PATH").context("reading PATH")?;
    Ok(format!("{}:{path}", folder.display()))
}
