//! What a component costs by the language it is written in.
//!
//! Each language is measured in a process of its own, so that neither memory nor compiled code is anybody else's.

mod measured;
mod table;

use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use guest_scenarios::Language;

use crate::progress;

pub(crate) use self::measured::{Measured, measure_here};
pub(crate) use self::table::print;

/// Measures the scenarios of all languages.
pub(crate) fn measure() -> Result<Vec<Measured>> {
    Language::ALL.into_iter().map(in_a_process).collect()
}

/// Runs [`measure_here`] in a new process.
fn in_a_process(language: Language) -> Result<Measured> {
    progress::now(format_args!("a component in {language}"));
    let mut program = Command::new(std::env::current_exe().context("finding this program")?);
    program.args(["one-language", "--language", language.name()]).stderr(Stdio::inherit());
    let output = program.output().context("starting a process")?;
    ensure!(output.status.success(), "measuring {language} has failed: {}", output.status);
    serde_json::from_slice(&output.stdout).context("reading what the process says")
}
