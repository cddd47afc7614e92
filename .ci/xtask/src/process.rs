//! Running other programs.

use std::io::Write as _;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

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
    let program = std::path::Path::new(command.get_program()).file_name().map_or_else(String::new, name);
    std::iter::once(program)
        .chain(command.get_args().map(|arg| {
            let arg = name(arg);
            if arg.contains([' ', '"', '{']) { format!("'{arg}'") } else { arg }
        }))
        .collect::<Vec<_>>()
        .join(" ")
}
