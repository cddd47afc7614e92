//! `rondo build`.

mod c;
mod go;
mod progress;
mod project;
mod python;
mod rust;
mod tools;
mod typescript;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde::Serialize;
use wasm::{Inspection, Reason};

use self::project::Project;
use super::inspect;
use crate::exit::{Exit, Failure};
use crate::language::Language;
use crate::output::Output;
use crate::slow::while_slow;
use crate::table;

/// Build a project to a component that can be deployed
///
/// A folder with a Cargo.toml is built as Rust; others say in rondo.toml what they are. Runs the language's own
/// compiler and says what to install if one is missing. What it needs beyond that is in this binary; it downloads
/// nothing, though compilers may.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The project
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// Where to write the component; without it where rondo.toml says, or build/NAME.wasm
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// In Rust, the profile to build with
    #[arg(long, default_value = "release", value_name = "PROFILE")]
    profile: String,
}

/// What a compiler has written.
struct Built {
    /// A component, or a core module to make one of.
    file: PathBuf,
    /// What the component is called where nobody says otherwise.
    name: String,
}

pub(crate) fn run(args: &Args, output: Output) -> Result<Exit> {
    let project = Project::open(&args.folder)?;
    let built = match project.language {
        Language::Rust => rust::build(&project, &args.profile)?,
        Language::TypeScript => typescript::build(&project)?,
        Language::Go => go::build(&project)?,
        Language::Python => python::build(&project)?,
        Language::C => c::build(&project)?,
    };
    let file = fs::read(&built.file).with_context(|| format!("reading {}", built.file.display()))?;
    let component = wasm::componentize(&file).map_err(|reason| refused(&project, reason))?;
    let inspection = while_slow("checking the component", || inspect::look_into(&component))?;
    if !inspection.deployable {
        output.answer(&serde_json::to_string_pretty(&inspection)?, || Ok(inspect::describe(&inspection)))?;
        return Ok(Exit::Failed);
    }
    let out = match (&args.out, &project.output) {
        (Some(out), _) => out.clone(),
        (None, Some(out)) => args.folder.join(out),
        (None, None) => args.folder.join("build").join(built.name).with_extension("wasm"),
    };
    put(&out, &component)?;
    let written = Written { file: shown(&out), inspection };
    output.answer(&serde_json::to_string_pretty(&written)?, || Ok(written.describe()))?;
    Ok(Exit::Done)
}

/// The compiler was content, and the host would not be.
fn refused(project: &Project, Reason { problem, remedy }: Reason) -> Failure {
    let language = project.language.name();
    Failure::new(Exit::Failed, format!("what the {language} toolchain wrote cannot be deployed: {problem}"))
        .remedy(remedy)
}

/// Writes a file at once, so that nobody who watches the folder sees half of it.
fn put(path: &Path, bytes: &[u8]) -> Result<()> {
    let writing = || format!("writing {}", path.display());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder).with_context(writing)?;
    let partial = path.with_extension("wasm-partial");
    fs::write(&partial, bytes).with_context(writing)?;
    fs::rename(&partial, path).with_context(writing)
}

/// A path as people type it.
fn shown(path: &Path) -> String {
    path.strip_prefix(".").unwrap_or(path).display().to_string()
}

/// A component that was built.
#[derive(Debug, Serialize)]
struct Written {
    file: String,
    #[serde(flatten)]
    inspection: Inspection,
}

impl Written {
    fn describe(&self) -> String {
        let mut pairs = vec![("file", Some(self.file.clone()))];
        // The rest goes without saying, or is for `rondo inspect`.
        let told = |name: &str| ["size", "digest", "orchestrations", "activities"].contains(&name);
        pairs.extend(inspect::pairs(&self.inspection).into_iter().filter(|(name, _)| told(name)));
        format!("{}\n\nrondo deploy {}", table::pairs(pairs), self.file)
    }
}

#[cfg(test)]
mod tests {
    use engine::Digest;
    use wasm::{Definition, FileKind};

    use super::*;

    #[test]
    fn what_was_built_is_told_with_the_command_that_deploys_it() {
        let inspection = Inspection {
            kind: FileKind::Component,
            size_bytes: 20_480,
            digest: Digest::from_bytes([0xab; 32]),
            exports: vec!["rondo:orchestration/orchestrator@0.1.0".into()],
            imports: Vec::new(),
            orchestrations: vec![Definition { name: "desk".into(), description: "Greets.".into() }],
            activities: vec![Definition { name: "greet".into(), description: String::new() }],
            deployable: true,
            reasons: Vec::new(),
        };
        let written = Written { file: shown(Path::new("./build/desk.wasm")), inspection };
        insta::assert_snapshot!(written.describe(), @r"
        file            build/desk.wasm
        size            20 KiB
        digest          abababababababababababababababababababababababababababababababab
        orchestrations  desk: Greets.
        activities      greet

        rondo deploy build/desk.wasm
        ");
    }

    #[test]
    fn a_file_appears_as_a_whole_and_its_folders_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("build/deep/a.wasm");
        put(&path, b"1").unwrap();
        put(&path, b"2").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"2");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }
}
