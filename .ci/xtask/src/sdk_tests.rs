//! The unit tests of the SDKs in other languages than Rust and of their examples, each by its language's own runner.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::process::run;
use crate::tools::{self, Tools};

/// A folder with tests.
struct Suite {
    folder: &'static str,
    language: &'static str,
    command: &'static [&'static str],
    /// Where Python looks for the SDK, seen from the folder.
    python_path: &'static str,
}

impl Suite {
    const fn new(folder: &'static str, language: &'static str, command: &'static [&'static str]) -> Self {
        Self { folder, language, command, python_path: "." }
    }
}

const UNITTEST: &[&str] = &["python3", "-m", "unittest", "discover", "-t", ".", "-s", "tests"];

const SUITES: [Suite; 6] = [
    Suite::new("guest-sdk/python", "python", UNITTEST),
    Suite { python_path: "../../guest-sdk/python", ..Suite::new("examples/python", "python", UNITTEST) },
    Suite::new("guest-sdk/c", "c", &["sh", "tests/run.sh"]),
    Suite::new("guest-sdk/go", "go", &["go", "test", "./..."]),
    Suite::new("examples/go", "go", &["go", "test", "./..."]),
    Suite::new("guest-sdk/typescript/tests", "typescript", &["npm", "test"]),
];

/// Runs all of them.
///
/// # Errors
/// A tool cannot be had, or a test fails.
pub(crate) fn everything(root: &Path) -> Result<()> {
    let tools = Tools::ensure(root, &SUITES.map(|suite| suite.language))?;
    for Suite { folder, language, command: typed, python_path } in SUITES {
        let path = root.join(folder);
        tools::prepare(&path, language)?;
        // Through `env`, which looks in the PATH of the command and not in ours.
        let mut command = Command::new("env");
        command.current_dir(path).args(typed).env("PYTHONPATH", python_path).env("PYTHONDONTWRITEBYTECODE", "1");
        tools.enter(&mut command)?;
        run(&mut command).with_context(|| format!("testing {folder}"))?;
    }
    Ok(())
}
