//! A folder of components, and what has changed in it.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use engine::Digest;

/// The `.wasm` files of a folder as they were last read.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    known: BTreeMap<PathBuf, Digest>,
}

/// A file that is new or different, or one that should have been read.
pub(crate) type Change = Result<(PathBuf, Vec<u8>), (PathBuf, io::Error)>;

impl Folder {
    /// Nothing of it is known yet.
    pub(crate) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), known: BTreeMap::new() }
    }

    /// The files that are new or different since the last call, by name. Files that are gone are forgotten: what was
    /// deployed stays deployed.
    pub(crate) fn changes(&mut self) -> Vec<Change> {
        let files = match wasm_files(&self.path) {
            Ok(files) => files,
            Err(error) => return vec![Err((self.path.clone(), error))],
        };
        self.known.retain(|path, _| files.contains(path));
        let mut changes = Vec::new();
        for path in files {
            match std::fs::read(&path) {
                Ok(bytes) => {
                    let digest = Digest::of(&bytes);
                    if self.known.insert(path.clone(), digest) != Some(digest) {
                        changes.push(Ok((path, bytes)));
                    }
                }
                // Removed since it was listed: a compiler at work.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => changes.push(Err((path, error))),
            }
        }
        changes
    }
}

fn wasm_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "wasm") && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn names(changes: &[Change]) -> Vec<String> {
        changes
            .iter()
            .map(|change| change.as_ref().unwrap().0.file_name().unwrap().to_string_lossy().into_owned())
            .collect()
    }

    #[test]
    fn only_what_is_new_or_different_is_reported() {
        let dir = tempfile::tempdir().unwrap();
        let mut folder = Folder::new(dir.path());
        fs::write(dir.path().join("b.wasm"), "1").unwrap();
        fs::write(dir.path().join("a.wasm"), "1").unwrap();
        fs::write(dir.path().join("a.d"), "1").unwrap();
        fs::create_dir(dir.path().join("deps.wasm")).unwrap();
        assert_eq!(names(&folder.changes()), ["a.wasm", "b.wasm"]);
        fs::write(dir.path().join("a.wasm"), "1").unwrap();
        assert!(folder.changes().is_empty(), "the same bytes again are no change");
        fs::write(dir.path().join("a.wasm"), "2").unwrap();
        assert_eq!(names(&folder.changes()), ["a.wasm"]);
    }

    #[test]
    fn a_file_that_comes_back_is_new() {
        let dir = tempfile::tempdir().unwrap();
        let mut folder = Folder::new(dir.path());
        let file = dir.path().join("a.wasm");
        fs::write(&file, "1").unwrap();
        folder.changes();
        fs::remove_file(&file).unwrap();
        assert!(folder.changes().is_empty());
        fs::write(&file, "1").unwrap();
        assert_eq!(names(&folder.changes()), ["a.wasm"]);
    }

    #[test]
    fn a_missing_folder_is_reported_and_not_fatal() {
        let mut folder = Folder::new(Path::new("/does/not/exist"));
        assert!(folder.changes()[0].is_err());
    }
}
