//! The guests of this repository.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

/// The language whose guests are crates of this workspace.
pub(crate) const RUST: &str = "rust";

/// The languages whose guests have a `rondo.toml`.
const OTHERS: [&str; 4] = ["c", "go", "python", "typescript"];

/// Where each language has one guest of the same name: in folders that are named after the languages.
const FAMILIES: [(&str, &str); 2] = [("examples", "examples"), ("tests/guests/scenarios", "scenarios")];

/// A folder that is built to one component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Guest {
    /// Seen from the top of the repository.
    pub(super) folder: String,
    pub(super) language: &'static str,
    pub(super) name: String,
}

impl Guest {
    /// Where its component goes.
    pub(super) fn component(&self, root: &Path) -> PathBuf {
        root.join("target/guests").join(self.language).join(&self.name).with_extension("wasm")
    }

    /// All files that a build leaves and that somebody relies on.
    pub(super) fn files(&self, root: &Path) -> Vec<PathBuf> {
        let mut files = vec![self.component(root)];
        if self.language == RUST {
            let folder = root.join("target/guests/wasm32-unknown-unknown/guest");
            files.push(folder.join(&self.name).with_extension("wasm"));
        }
        files
    }
}

/// All guests, by language and folder: crates in `examples/`, `tests/guests` with the crates in it, and whatever else
/// has a `rondo.toml` in a folder that is named after its language.
pub(super) fn all(root: &Path) -> Result<Vec<Guest>> {
    let mut crates = crates_in(root, "examples")?;
    crates.extend(crates_in(root, "tests/guests")?);
    if root.join("tests/guests/Cargo.toml").is_file() {
        crates.push("tests/guests".to_owned());
    }
    crates.sort();
    let mut guests = Vec::new();
    for folder in crates {
        let name = folder.rsplit('/').next().unwrap_or(&folder).to_owned();
        guests.push(Guest { folder, language: RUST, name });
    }
    for language in [RUST].into_iter().chain(OTHERS) {
        for (parent, name) in FAMILIES {
            let folder = format!("{parent}/{language}");
            if ["rondo.toml", "Cargo.toml"].iter().any(|file| root.join(&folder).join(file).is_file()) {
                guests.push(Guest { folder, language, name: name.to_owned() });
            }
        }
    }
    for guest in guests.iter().filter(|guest| guest.language == RUST) {
        check_name(root, guest)?;
    }
    Ok(guests)
}

fn crates_in(root: &Path, parent: &str) -> Result<Vec<String>> {
    let mut crates = Vec::new();
    let path = root.join(parent);
    if !path.is_dir() {
        return Ok(crates);
    }
    for entry in fs::read_dir(&path).with_context(|| format!("reading {}", path.display()))? {
        let entry = entry?;
        let name = entry.file_name().into_string().ok().context("a guest's folder name is not UTF-8")?;
        if name != RUST && entry.path().join("Cargo.toml").is_file() {
            crates.push(format!("{parent}/{name}"));
        }
    }
    Ok(crates)
}

/// A crate is called like its folder, or like its family; so its files are found by its name.
fn check_name(root: &Path, Guest { folder, name, .. }: &Guest) -> Result<()> {
    let manifest = fs::read_to_string(root.join(folder).join("Cargo.toml"))?;
    let line = format!("name = \"{name}\"");
    ensure!(manifest.lines().any(|found| found.trim() == line), "the package in {folder} should be called {name}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[(&str, &str)]) -> Result<String> {
        let root = tempfile::tempdir()?;
        for (file, text) in files {
            let file = root.path().join(file);
            fs::create_dir_all(file.parent().context("a file has a folder")?)?;
            fs::write(file, text)?;
        }
        fs::create_dir_all(root.path().join("examples/no-guest"))?;
        let guests = all(root.path())?;
        let lines: Vec<String> =
            guests.iter().map(|guest| format!("{} {}/{}", guest.folder, guest.language, guest.name)).collect();
        Ok(lines.join(", "))
    }

    #[test]
    fn crates_and_folders_named_after_a_language_are_guests() -> Result<()> {
        let found = found(&[
            ("examples/b/Cargo.toml", "name = \"b\""),
            ("examples/a/Cargo.toml", "name = \"a\""),
            ("examples/go/rondo.toml", ""),
            ("examples/cobol/rondo.toml", ""),
            ("tests/guests/Cargo.toml", "name = \"guests\""),
            ("tests/guests/scenarios/rust/Cargo.toml", "name = \"scenarios\""),
            ("tests/guests/scenarios/go/rondo.toml", ""),
        ])?;
        assert_eq!(
            found,
            "examples/a rust/a, examples/b rust/b, tests/guests rust/guests, tests/guests/scenarios/rust rust/scenarios, \
             examples/go go/examples, tests/guests/scenarios/go go/scenarios"
        );
        Ok(())
    }

    #[test]
    fn a_crate_that_is_not_called_like_its_folder_is_refused() {
        let error = found(&[("examples/a/Cargo.toml", "name = \"z\"")]).unwrap_or_else(|error| error.to_string());
        assert_eq!(error, "the package in examples/a should be called a");
    }
}
