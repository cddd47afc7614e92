//! Running other programs.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

/// Cargo, in a folder, as if it was called from a shell.
///
/// This program has variables that cargo sets for what it runs. Build scripts that look at them, such as ring's, would
/// be run again for every change between the two, and all that depends on them built again.
pub(crate) fn cargo(folder: &Path) -> Command {
    let mut cargo = Command::new("cargo");
    cargo.current_dir(folder);
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|own| name.starts_with(own))) {
            cargo.env_remove(name);
        }
    }
    cargo
}

/// Runs a command with its output shown; an exit code other than 0 is an error.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let shown = show(command);
    note(&format!("$ {shown}"));
    let status = command.stdin(Stdio::null()).status().with_context(|| format!("starting `{shown}`"))?;
    if !status.success() {
        bail!("`{shown}` ended with {status}");
    }
    Ok(())
}

/// Runs a command and answers with what it printed; an exit code other than 0 is an error.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let shown = show(command);
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("starting `{shown}`"))?;
    if !output.status.success() {
        bail!("`{shown}` ended with {}\n{}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    String::from_utf8(output.stdout).with_context(|| format!("reading the output of `{shown}`"))
}

/// Runs a command without showing anything of it; says whether it ended well.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Where this program is: in `debug`, in whatever folder cargo writes to.
///
/// Cargo puts another one in its place while it runs, when it builds the workspace and that has some dependency do more.
pub(crate) fn this_program() -> Result<PathBuf> {
    let program = std::env::current_exe().context("finding this program")?;
    Ok(replaced(&program).unwrap_or(program))
}

/// What has taken the place of a program that is no longer there, as Linux says it.
fn replaced(program: &Path) -> Option<PathBuf> {
    program.to_str()?.strip_suffix(" (deleted)").map(PathBuf::from)
}

/// Says what is being done, where cargo says it too.
pub(crate) fn note(line: &str) {
    let mut err = std::io::stderr().lock();
    writeln!(err, "{line}").expect("standard error is open");
}

/// Prints what the user asked for.
pub(crate) fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}").expect("standard output is open");
}

/// The command as a user would type it.
fn show(command: &Command) -> String {
    let name = |text: &std::ffi::OsStr| text.to_string_lossy().into_owned();
    let program = Path::new(command.get_program()).file_name().map_or_else(String::new, name);
    std::iter::once(program)
        .chain(command.get_args().map(|arg| {
            let arg = name(arg);
            if arg.contains([' ', '"', '{']) { format!("'{arg}'") } else { arg }
        }))
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_was_replaced_is_where_it_was() {
        assert_eq!(replaced(Path::new("/a/debug/xtask (deleted)")), Some(PathBuf::from("/a/debug/xtask")));
        assert_eq!(replaced(Path::new("/a/debug/xtask")), None);
    }
}
