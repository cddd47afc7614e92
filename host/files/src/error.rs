//! Why a file is not used.

use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};

/// Why a file or folder is not used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It belongs to another user.
    #[error(
        "{0} belongs to user {owner} and not to user {user}, who runs this: give it to that user with \
         `chown -R {user} {0}`, or choose another folder",
        path.display()
    )]
    Foreign {
        /// Which one.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Who runs the process.
        user: u32,
    },
    /// Others may use it.
    #[error("other users may use {0}: close it with `chmod 600 {0}`", path.display())]
    Open {
        /// Which one.
        path: PathBuf,
    },
    /// It is something else.
    #[error("{} is {found} and not {wanted}: move it away, or choose another folder", path.display())]
    Kind {
        /// Which one.
        path: PathBuf,
        /// What it is.
        found: &'static str,
        /// What it should be.
        wanted: &'static str,
    },
    /// The system refused.
    #[error("cannot use {}: {problem}", path.display())]
    Io {
        /// Which one.
        path: PathBuf,
        /// What the system says.
        problem: io::Error,
    },
}

impl Error {
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |problem| Self::Io { path: path.to_owned(), problem }
    }

    pub(crate) fn kind(path: &Path, found: &Metadata, wanted: &'static str) -> Self {
        let found = match found.file_type() {
            kind if kind.is_symlink() => "a link",
            kind if kind.is_dir() => "a folder",
            kind if kind.is_file() => "a file",
            _ => "a pipe, a socket or a device",
        };
        Self::Kind { path: path.to_owned(), found, wanted }
    }

    /// The system's own error where it is one, so that a full disk is still known as such.
    pub fn into_io(self) -> io::Error {
        match self {
            Self::Io { problem, .. } => problem,
            other => io::Error::other(other),
        }
    }

    /// Whether there is nothing under the path.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Io { problem, .. } if problem.kind() == io::ErrorKind::NotFound)
    }
}
