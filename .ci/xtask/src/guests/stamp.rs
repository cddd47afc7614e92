//! What a guest was built from, kept beside it: these toolchains are too slow to be run for nothing.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};

use super::project::{Guest, RUST};
use crate::tools;

/// What becomes part of a guest beside its own folder and the SDK of its language.
const SHARED: [&str; 4] =
    ["wit", "host/cli/src/commands/build", "host/wasm/src/componentize", "host/wasm/src/componentize.rs"];

/// What else becomes part of a guest in Rust: versions, profiles.
const SHARED_IN_RUST: [&str; 2] = ["Cargo.lock", "Cargo.toml"];

/// Folders that tools fill; hidden ones are such, too.
const FILLED_BY_TOOLS: [&str; 5] = ["__pycache__", "build", "dist", "node_modules", "target"];

/// A digest of everything that decides what a guest is built to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stamp(String);

impl Stamp {
    pub(super) fn of(root: &Path, guest: &Guest) -> Result<Self> {
        let sdk = format!("guest-sdk/{}", guest.language);
        let mut sources = vec![guest.folder.as_str(), &sdk];
        sources.extend(SHARED);
        if guest.language == RUST {
            sources.extend(SHARED_IN_RUST);
        }
        let mut digest = Sha256::new();
        digest.update(tools::versions(guest.language));
        for source in sources {
            for file in files(&root.join(source))? {
                let bytes = fs::read(&file).with_context(|| format!("reading {}", file.display()))?;
                let name = file.strip_prefix(root).unwrap_or(&file).to_string_lossy();
                // Lengths keep apart what would run together.
                digest.update(format!("\n{} {name} {}\n", name.len(), bytes.len()));
                digest.update(bytes);
            }
        }
        Ok(Self(format!("{:x}", digest.finalize())))
    }

    /// Whether a component was built from this.
    pub(super) fn is_on(&self, component: &Path) -> bool {
        fs::read_to_string(beside(component)).is_ok_and(|text| text == self.0)
    }

    pub(super) fn put_on(&self, component: &Path) -> Result<()> {
        let path = beside(component);
        fs::write(&path, &self.0).with_context(|| format!("writing {}", path.display()))
    }
}

/// From now on it is not known what a component was built from.
pub(super) fn remove(component: &Path) -> Result<()> {
    let path = beside(component);
    match fs::remove_file(&path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("removing {}", path.display()))
        }
        _ => Ok(()),
    }
}

fn beside(component: &Path) -> PathBuf {
    component.with_extension("stamp")
}

/// The file, or the files of the folder, by path.
fn files(top: &Path) -> Result<Vec<PathBuf>> {
    if top.is_file() {
        return Ok(vec![top.to_owned()]);
    }
    let mut files = Vec::new();
    let mut folders = if top.is_dir() { vec![top.to_owned()] } else { Vec::new() };
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))? {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            // Through links, which dependencies may be.
            if entry.path().is_dir() {
                if !name.starts_with('.') && !FILLED_BY_TOOLS.contains(&&*name) {
                    folders.push(entry.path());
                }
            } else {
                files.push(entry.path());
            }
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_changes_with_the_sources_and_the_sdk_and_not_with_what_tools_write() -> Result<()> {
        let root = tempfile::tempdir()?;
        let guest = Guest { folder: "examples/go".into(), language: "go", name: "examples".into() };
        let put = |path: &str, text: &str| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().context("a file has a folder")?)?;
            anyhow::Ok(fs::write(path, text)?)
        };
        let stamp = || Stamp::of(root.path(), &guest);
        put("examples/go/main.go", "1")?;
        let first = stamp()?;
        put("examples/go/build/x.wasm", "1")?;
        put("examples/python/main.py", "1")?;
        assert_eq!(first, stamp()?);
        put("guest-sdk/go/rondo.go", "1")?;
        let second = stamp()?;
        assert_ne!(first, second);
        put("examples/go/main.go", "2")?;
        assert_ne!(second, stamp()?);
        Ok(())
    }

    #[test]
    fn a_component_has_the_stamp_that_was_put_on_it() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let component = folder.path().join("a.wasm");
        let stamp = Stamp("1".into());
        assert!(!stamp.is_on(&component));
        stamp.put_on(&component)?;
        assert!(stamp.is_on(&component));
        assert!(!Stamp("2".into()).is_on(&component));
        remove(&component)?;
        remove(&component)?;
        assert!(!stamp.is_on(&component));
        Ok(())
    }
}
