//! One command, typed as a user types it.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};

use crate::files::rondo_binary;

/// What a command answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Its exit code; -1 when a signal ended it.
    pub code: i32,
    /// What it printed.
    pub stdout: String,
    /// What it complained about.
    pub stderr: String,
}

/// Runs `rondo ARGS` with variables added to its environment, and waits for it to end.
pub fn rondo(args: &[&str], environment: &[(&str, &str)]) -> Result<Answer> {
    rondo_in(Path::new("."), args, environment)
}

/// The same, typed in a folder.
pub fn rondo_in(folder: &Path, args: &[&str], environment: &[(&str, &str)]) -> Result<Answer> {
    let output = Command::new(rondo_binary()?)
        .args(args)
        .current_dir(folder)
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .output()
        .context("running `rondo`")?;
    Ok(Answer {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}
