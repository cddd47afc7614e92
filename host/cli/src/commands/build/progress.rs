//! Tools that are run, and what they print.

use std::fs::File;
use std::io::Seek as _;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};

use crate::exit::{Exit, Failure};
use crate::slow::while_slow;

/// What to do with what a tool prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Voice {
    /// It only speaks up when there is something to say, such as a warning.
    Terse,
    /// It tells of its success, too.
    Chatty,
}

/// Runs a tool to its end. What it prints goes to standard error, once it is done.
///
/// # Errors
/// It cannot be started, or ends with another code than 0.
pub(super) fn run(what: &str, voice: Voice, mut command: Command) -> Result<()> {
    let printed = tempfile::tempfile().context("making a temporary file")?;
    command.stdout(printed.try_clone().context("sharing a temporary file")?);
    finish(what, voice, command, printed)
}

/// Runs a tool whose standard output is what it makes. What else it prints goes to standard error, once it is done.
///
/// # Errors
/// The file cannot be written, or the tool cannot be started, or ends with another code than 0.
pub(super) fn run_into(path: &Path, what: &str, mut command: Command) -> Result<()> {
    command.stdout(File::create(path).with_context(|| format!("writing {}", path.display()))?);
    finish(what, Voice::Terse, command, tempfile::tempfile().context("making a temporary file")?)
}

fn finish(what: &str, voice: Voice, mut command: Command, mut printed: File) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    command.stdin(Stdio::null()).stderr(printed.try_clone().context("sharing a temporary file")?);
    let status = while_slow(what, || command.status()).with_context(|| format!("starting {program}"))?;
    if voice == Voice::Terse || !status.success() {
        printed.rewind().context("reading what a tool printed")?;
        std::io::copy(&mut printed, &mut std::io::stderr()).context("showing what a tool printed")?;
    }
    if status.success() {
        return Ok(());
    }
    Err(Failure::new(Exit::Failed, format!("{what} failed: {program} ended with {status}")).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_that_fails_is_named_with_its_code() {
        let mut command = Command::new("sh");
        command.args(["-c", "exit 3"]);
        let error = run("compiling", Voice::Terse, command).unwrap_err();
        assert_eq!(error.to_string(), "compiling failed: sh ended with exit status: 3");
        assert!(run("compiling", Voice::Terse, Command::new("true")).is_ok());
    }

    #[test]
    fn what_a_tool_makes_is_kept_apart_from_what_it_says() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "echo made; echo said >&2"]);
        run_into(file.path(), "making", command).unwrap();
        assert_eq!(std::fs::read_to_string(file.path()).unwrap(), "made\n");
    }
}
