//! What a folder says of itself.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde::Deserialize;

use crate::exit::{Exit, Failure};
use crate::language::Language;

/// A project that can be built.
#[derive(Debug)]
pub(super) struct Project {
    /// Absolute.
    pub(super) folder: PathBuf,
    pub(super) language: Language,
    /// The main source file or package; in the folder.
    pub(super) entry: String,
    /// Where the component goes, if the project says so; in the folder.
    pub(super) output: Option<PathBuf>,
    /// The SDK's folder; absolute.
    pub(super) sdk: PathBuf,
}

/// `rondo.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    language: Language,
    #[serde(default)]
    entry: String,
    output: Option<PathBuf>,
    #[serde(default = "default_sdk")]
    sdk: PathBuf,
}

/// Where `rondo new` puts it.
fn default_sdk() -> PathBuf {
    "sdk".into()
}

impl Project {
    /// Finds out what is in a folder.
    ///
    /// # Errors
    /// There is no project in it, or its `rondo.toml` is malformed.
    pub(super) fn open(folder: &Path) -> Result<Self> {
        let shown = folder.display();
        let folder = folder.canonicalize().with_context(|| format!("looking into {shown}"))?;
        let Manifest { language, entry, output, sdk } = match fs::read_to_string(folder.join("rondo.toml")) {
            Ok(text) => toml_edit::de::from_str(&text).map_err(|error| malformed(&error.to_string()))?,
            Err(error) if error.kind() == ErrorKind::NotFound && folder.join("Cargo.toml").is_file() => {
                Manifest { language: Language::Rust, entry: String::new(), output: None, sdk: default_sdk() }
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let message = format!("{shown} holds no project: there is neither a rondo.toml nor a Cargo.toml");
                let remedy = "`rondo new NAME --lang LANGUAGE` begins one";
                return Err(Failure::new(Exit::Usage, message).remedy(remedy).into());
            }
            Err(error) => return Err(error).with_context(|| format!("reading rondo.toml in {shown}")),
        };
        if language != Language::Rust && entry.is_empty() {
            return Err(malformed("missing field `entry`: the main source file or package").into());
        }
        let sdk = folder.join(sdk);
        Ok(Self { folder, language, entry, output, sdk })
    }

    /// The folder for intermediate files, made; and beside it the contract, for tools that want it as files.
    pub(super) fn work_folder(&self) -> Result<PathBuf> {
        let build = self.folder.join("build");
        let (work, wit) = (build.join("work"), self.wit_folder());
        for folder in [&work, &wit] {
            fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
        }
        for (name, text) in wasm::WIT {
            fs::write(wit.join(name), text).with_context(|| format!("writing {name} to {}", wit.display()))?;
        }
        Ok(work)
    }

    /// Where [`work_folder`](Self::work_folder) puts the contract.
    pub(super) fn wit_folder(&self) -> PathBuf {
        self.folder.join("build/wit")
    }

    /// The folder's name, for components that have no other.
    pub(super) fn name(&self) -> String {
        self.folder.file_name().map_or_else(|| "component".to_owned(), |name| name.to_string_lossy().into_owned())
    }
}

fn malformed(problem: &str) -> Failure {
    Failure::new(Exit::Usage, format!("rondo.toml: {}", problem.trim_end()))
        .remedy("it says `language`, `entry` and `output`, and `sdk` where the SDK is not in the folder of that name")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(files: &[(&str, &str)]) -> Result<Project> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        Project::open(folder.path())
    }

    #[test]
    fn a_cargo_manifest_makes_it_a_rust_project() {
        let project = open(&[("Cargo.toml", "")]).unwrap();
        assert_eq!((project.language, project.output), (Language::Rust, None));
    }

    #[test]
    fn others_say_what_they_are() {
        let text = "language = \"typescript\"\nentry = \"src/main.ts\"\noutput = \"build/a.wasm\"\n";
        let project = open(&[("rondo.toml", text)]).unwrap();
        assert_eq!((project.language, project.entry.as_str()), (Language::TypeScript, "src/main.ts"));
        assert_eq!(project.output.as_deref(), Some(Path::new("build/a.wasm")));
        assert_eq!(project.sdk, project.folder.join("sdk"));
    }

    #[test]
    fn a_folder_without_a_project_is_told_how_to_get_one() {
        let error = open(&[("main.go", "")]).unwrap_err();
        let failure = error.downcast_ref::<Failure>().unwrap();
        assert!(failure.message.ends_with("there is neither a rondo.toml nor a Cargo.toml"), "{failure}");
        assert!(failure.remedy.as_ref().unwrap().contains("rondo new"));
    }

    #[test]
    fn what_is_wrong_in_rondo_toml_is_said() {
        let problem = |text: &str| open(&[("rondo.toml", text)]).unwrap_err().to_string();
        for (text, words) in [
            ("language = \"cobol\"\nentry = \"a\"", "cobol"),
            ("language = \"go\"", "entry"),
            ("language = \"go\"\nentry = \".\"\nouput = \"a\"", "ouput"),
            ("language", "expected"),
        ] {
            assert!(problem(text).contains(words), "{}", problem(text));
        }
    }

    #[test]
    fn tools_find_the_contract_beside_their_work() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("Cargo.toml"), "").unwrap();
        let project = Project::open(folder.path()).unwrap();
        assert!(project.work_folder().unwrap().is_dir());
        assert!(project.wit_folder().join("worlds.wit").is_file());
    }
}
