//! Which files of a project are compiled, and as what.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// The files by language, each list by name.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Sources {
    pub(super) c: Vec<PathBuf>,
    pub(super) cpp: Vec<PathBuf>,
    /// The only one that is compiled by itself: it imports the others.
    pub(super) zig: Option<PathBuf>,
}

impl Sources {
    /// The file itself, or all sources in a folder; of those in Zig, `main.zig`.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub(super) fn of(entry: &Path) -> Result<Self> {
        let mut sources = Self::default();
        if entry.is_dir() {
            for file in fs::read_dir(entry).with_context(|| format!("looking into {}", entry.display()))? {
                sources.add(file?.path());
            }
            sources.zig = sources.zig.map(|_| entry.join("main.zig"));
            sources.c.sort();
            sources.cpp.sort();
        } else {
            sources.add(entry.to_owned());
        }
        Ok(sources)
    }

    /// A header, or what else is in a folder, is no source.
    fn add(&mut self, file: PathBuf) {
        match file.extension().and_then(|extension| extension.to_str()) {
            Some("c") => self.c.push(file),
            Some("cc" | "cpp") => self.cpp.push(file),
            Some("zig") => self.zig = Some(file),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(names: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            fs::write(folder.path().join(name), "").unwrap();
        }
        folder
    }

    #[test]
    fn a_folder_stands_for_all_its_sources() {
        let folder = folder(&["b.c", "a.c", "a.h", "d.cpp", "c.cc", "c.hpp", "main.zig", "part.zig"]);
        let path = |name: &str| folder.path().join(name);
        let sources = Sources::of(folder.path()).unwrap();
        assert_eq!(sources.c, [path("a.c"), path("b.c")]);
        assert_eq!(sources.cpp, [path("c.cc"), path("d.cpp")]);
        assert_eq!(sources.zig, Some(path("main.zig")));
    }

    #[test]
    fn a_file_is_compiled_alone() {
        let folder = folder(&["a.c", "b.cc", "other.zig"]);
        let path = |name: &str| folder.path().join(name);
        let of = |name: &str| Sources::of(&path(name)).unwrap();
        assert_eq!(of("a.c"), Sources { c: vec![path("a.c")], ..Sources::default() });
        assert_eq!(of("b.cc"), Sources { cpp: vec![path("b.cc")], ..Sources::default() });
        assert_eq!(of("other.zig"), Sources { zig: Some(path("other.zig")), ..Sources::default() });
    }
}
