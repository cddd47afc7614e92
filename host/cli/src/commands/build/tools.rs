//! The programs that a build needs, found all at once.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};

use crate::exit::{Exit, Failure};

/// Where a project may have tools of its own; searched before PATH.
const OWN_FOLDERS: [&str; 2] = [".venv/bin", "node_modules/.bin"];

/// The programs for one project.
#[derive(Debug)]
pub(super) struct Tools {
    project: PathBuf,
    folders: Vec<PathBuf>,
    missing: Vec<String>,
}

impl Tools {
    pub(super) fn of(project: &Path) -> Self {
        Self::among(project, &env::var_os("PATH").unwrap_or_default())
    }

    fn among(project: &Path, path: &OsString) -> Self {
        let own = OWN_FOLDERS.iter().map(|folder| project.join(folder));
        let folders = own.chain(env::split_paths(path)).collect();
        Self { project: project.to_owned(), folders, missing: Vec::new() }
    }

    /// A program by the first of its names that is there. If none is, it is noted as missing, with what to do about it,
    /// and [`complete`](Self::complete) fails.
    pub(super) fn need(&mut self, names: &[&str], how_to_get_it: &str) -> PathBuf {
        self.find(names).unwrap_or_else(|| {
            self.lack(how_to_get_it);
            PathBuf::new()
        })
    }

    /// A program by the first of its names that is there.
    pub(super) fn find(&self, names: &[&str]) -> Option<PathBuf> {
        let in_folders =
            |name: &&str| self.folders.iter().map(|folder| folder.join(name)).find(|file| is_program(file));
        names.iter().find_map(in_folders)
    }

    /// Notes that something is missing. What several things need is said once.
    pub(super) fn lack(&mut self, how_to_get_it: &str) {
        if !self.missing.iter().any(|missing| missing == how_to_get_it) {
            self.missing.push(how_to_get_it.to_owned());
        }
    }

    /// # Errors
    /// Something is missing: everything that is, and what to do about it.
    pub(super) fn complete(&self) -> Result<(), Failure> {
        if self.missing.is_empty() {
            return Ok(());
        }
        let what =
            if self.missing.len() == 1 { "a tool that this build needs is" } else { "tools that this build needs are" };
        Err(Failure::new(Exit::Failed, format!("{what} missing")).remedy(self.missing.join("\n  ")))
    }

    /// A command in the project's folder that finds what we find.
    ///
    /// # Errors
    /// A folder's name cannot be part of PATH.
    pub(super) fn command(&self, program: &Path) -> Result<Command> {
        let path = env::join_paths(&self.folders).context("the project's folder has a colon in its name")?;
        let mut command = Command::new(program);
        command.current_dir(&self.project).env("PATH", path);
        Ok(command)
    }

    /// What a program prints, if it ends well.
    pub(super) fn output(&self, program: &Path, args: &[&str]) -> Option<String> {
        let mut command = self.command(program).ok()?;
        let output = command.args(args).stdin(Stdio::null()).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}

#[cfg(unix)]
fn is_program(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    file.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(file: &Path) -> bool {
    file.is_file()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// A folder with a tool in its own folder and in two others.
    fn folder() -> (tempfile::TempDir, Tools) {
        let folder = tempfile::tempdir().unwrap();
        for place in [".venv/bin/inner", "one/inner", "one/plain", "two/outer"] {
            let file = folder.path().join(place);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, "#!/bin/sh\necho \"$PATH\"\n").unwrap();
            if !place.ends_with("plain") {
                let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
                fs::set_permissions(&file, mode).unwrap();
            }
        }
        let path = env::join_paths(["one", "two"].map(|name| folder.path().join(name))).unwrap();
        let tools = Tools::among(folder.path(), &path);
        (folder, tools)
    }

    #[test]
    fn tools_of_the_project_come_first() {
        let (folder, tools) = folder();
        assert_eq!(tools.find(&["inner"]), Some(folder.path().join(".venv/bin/inner")));
        assert_eq!(tools.find(&["nowhere", "outer"]), Some(folder.path().join("two/outer")));
        assert_eq!(tools.find(&["plain"]), None, "a file that cannot be run is no tool");
    }

    #[test]
    fn tools_find_each_other() {
        let (folder, tools) = folder();
        let path = tools.output(&folder.path().join("two/outer"), &[]).unwrap();
        assert!(path.starts_with(folder.path().join(".venv/bin").to_str().unwrap()), "{path}");
    }

    #[test]
    fn everything_that_is_missing_is_said_at_once() {
        let (_folder, mut tools) = folder();
        tools.need(&["inner"], "get inner");
        assert!(tools.complete().is_ok());
        tools.need(&["saw"], "get a saw");
        tools.need(&["hammer"], "get a hammer");
        tools.need(&["nails"], "get a hammer");
        let failure = tools.complete().unwrap_err();
        assert_eq!(failure.remedy.as_deref(), Some("get a saw\n  get a hammer"));
    }
}
