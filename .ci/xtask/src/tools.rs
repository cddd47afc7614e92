//! The compilers that guests need, at the versions that this repository is tested with.

mod debian;
mod node;
mod python;
mod rust;

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

pub(crate) use self::debian::install as install_on_debian;
pub(crate) use self::node::ensure as ensure_node;
pub(crate) use self::python::ensure_environments as ensure_python_environments;

/// Tools that are installed.
#[derive(Debug)]
pub(crate) struct Tools {
    /// Goes in front of PATH.
    folder: PathBuf,
}

impl Tools {
    /// Installs what is missing for some languages: below `target/tools`, except where only the system can have it.
    ///
    /// # Errors
    /// Something cannot be installed. The message says what to do.
    pub(crate) fn ensure(root: &Path, languages: &[&str]) -> Result<Self> {
        let folder = python::folder(root).join("bin");
        if languages.contains(&"rust") {
            rust::ensure()?;
        }
        if languages.contains(&"typescript") {
            node::ensure("building guests in TypeScript", node::MAJOR_MIN_FOR_GUESTS)?;
        }
        if languages.iter().any(|language| python::LANGUAGES.contains(language)) {
            python::ensure(root)?;
        }
        Ok(Self { folder })
    }

    /// Lets a command find the tools, and keeps them from fetching others.
    pub(crate) fn enter(&self, command: &mut Command) -> Result<()> {
        let path = env::var_os("PATH").context("PATH is not set")?;
        let folders = [self.folder.clone()].into_iter().chain(env::split_paths(&path));
        command.env("PATH", env::join_paths(folders).context("the repository's path has a colon in it")?);
        command.envs([("GOPROXY", "off"), ("GOTOOLCHAIN", "local"), ("GOFLAGS", "-mod=mod")]);
        Ok(())
    }
}

/// Installs what a project asks for by itself.
pub(crate) fn prepare(folder: &Path, language: &str) -> Result<()> {
    if language == "typescript" { node::install_dependencies(folder) } else { Ok(()) }
}

/// What decides which tools build a language; those of TypeScript are in its projects' lock files.
pub(crate) fn versions(language: &str) -> String {
    if language == "rust" { rust::version() } else { python::PACKAGES.join(" ") }
}
