//! Python: `componentize-py`, which runs the program up to its first call and keeps the interpreter as it is then.

use std::path::Path;

use anyhow::{Context as _, Result};

use super::Built;
use super::progress::{self, Voice};
use super::project::Project;
use super::tools::Tools;
use crate::exit::{Exit, Failure};

const HOW_TO_GET_IT: &str = "componentize-py: `python3 -m venv .venv && .venv/bin/pip install componentize-py==0.25.1`";

/// Modules that the program's own would hide.
const TAKEN: [&str; 5] = ["activities", "application", "orchestrations", "rondo", "wit_world"];

pub(super) fn build(project: &Project) -> Result<Built> {
    let mut tools = Tools::of(&project.folder);
    let componentize = tools.need(&["componentize-py"], HOW_TO_GET_IT);
    tools.complete()?;
    let entry = Path::new(&project.entry);
    let module = module(entry)?;
    let file = project.work_folder()?.join("component.wasm");
    let mut command = tools.command(&componentize)?;
    command.arg("-d").arg(project.wit_folder()).args(["-w", "application", "componentize", "-p"]);
    command.arg(project.folder.join(entry).parent().context("the entry is no file")?).arg("-p").arg(&project.sdk);
    command.arg(module).arg("-o").arg(&file);
    let environment = project.folder.join(".venv");
    if environment.is_dir() {
        // Where the program's dependencies are.
        command.env("VIRTUAL_ENV", environment);
    }
    progress::run("making a component with componentize-py", Voice::Chatty, command)?;
    Ok(Built { file, name: project.name() })
}

/// The name by which the entry is imported.
fn module(entry: &Path) -> Result<&str, Failure> {
    let stem = entry.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let is_source = entry.extension().is_some_and(|extension| extension == "py");
    let is_word =
        !stem.starts_with(|c: char| c.is_ascii_digit()) && stem.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if is_source && is_word && !TAKEN.contains(&stem) {
        return Ok(stem);
    }
    let message = format!("rondo.toml: the entry {} cannot be imported as a module of its own", entry.display());
    Err(Failure::new(Exit::Usage, message)
        .remedy(format!("name it NAME.py, NAME being a word other than {}", TAKEN.join(", "))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_entry_is_a_module_with_a_name_of_its_own() {
        let module = |entry| module(Path::new(entry)).ok();
        assert_eq!(module("app.py"), Some("app"));
        assert_eq!(module("src/main_2.py"), Some("main_2"));
        for entry in ["app", "rondo.py", "2.py", "my-app.py", ".py", ""] {
            assert_eq!(module(entry), None, "{entry}");
        }
    }
}
