//! Folders that deployments may grant.
//!
//! What counts is the folder that a path leads to, with all links followed. It is opened first and asked afterwards where
//! it is, so that nobody can put another one in its place in between.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::grants::{DirGrant, GrantsError};

/// A folder of the host below which deployments may grant folders: `DIR`, or `DIR:rw` to let activities write, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirCeiling {
    path: PathBuf,
    writable: bool,
}

impl FromStr for DirCeiling {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (path, writable) = match text.strip_suffix(":rw") {
            Some(path) => (path, true),
            None => (text, false),
        };
        if path.is_empty() {
            return Err(format!("\"{text}\" names no folder; write it as DIR or DIR:rw"));
        }
        Ok(Self { path: path.into(), writable })
    }
}

/// A folder of the ceiling that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CeilingError {
    /// It is not there, or may not be looked at.
    #[error("the folder {} cannot be used", path.display())]
    Unusable {
        /// The folder.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Nothing in it could be granted.
    #[error("{} is in {}, the server's own data, which no activity may reach", path.display(), closed.display())]
    Closed {
        /// The folder.
        path: PathBuf,
        /// The server's.
        closed: PathBuf,
    },
}

/// All paths are where the folders really are.
#[derive(Debug, Default)]
pub(super) struct Dirs {
    allowed: Vec<DirCeiling>,
    closed: Vec<PathBuf>,
}

/// A granted folder that was opened.
#[derive(Debug)]
pub(crate) struct OpenDir {
    /// Held for the path.
    _folder: File,
    path: PathBuf,
}

impl OpenDir {
    /// Leads to what was opened, as long as this value is there.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Dirs {
    pub(super) fn new(allowed: &[DirCeiling], closed: &[PathBuf]) -> Result<Self, CeilingError> {
        let real =
            |path: &Path| fs::canonicalize(path).map_err(|source| CeilingError::Unusable { path: path.into(), source });
        let closed = closed.iter().map(|path| real(path)).collect::<Result<Vec<_>, _>>()?;
        let mut dirs = Self { allowed: Vec::with_capacity(allowed.len()), closed };
        for DirCeiling { path, writable } in allowed {
            let path = real(path)?;
            if !path.is_dir() {
                return Err(CeilingError::Unusable { path, source: io::ErrorKind::NotADirectory.into() });
            }
            if let Some(closed) = dirs.closed.iter().find(|closed| path.starts_with(closed)) {
                return Err(CeilingError::Closed { closed: closed.clone(), path });
            }
            dirs.allowed.push(DirCeiling { path, writable: *writable });
        }
        Ok(dirs)
    }

    /// At deployment, when the folder need not be there yet.
    pub(super) fn check(&self, dir: &DirGrant) -> Result<(), GrantsError> {
        let real = real_path(&dir.host).map_err(|error| unusable(dir, &error))?;
        self.admit(dir, &real)
    }

    pub(super) fn open(&self, dir: &DirGrant) -> Result<OpenDir, GrantsError> {
        let (opened, real) = open(&dir.host).map_err(|error| unusable(dir, &error))?;
        self.admit(dir, &real)?;
        Ok(opened)
    }

    /// Whether a folder may be granted, by where it really is.
    fn admit(&self, dir: &DirGrant, real: &Path) -> Result<(), GrantsError> {
        let path = dir.host.display();
        let whereabouts = if real == dir.host { String::new() } else { format!(", which is {}", real.display()) };
        // A folder around the server's data would hold it, too.
        if let Some(closed) = self.closed.iter().find(|closed| real.starts_with(closed) || closed.starts_with(real)) {
            let closed = closed.display();
            return Err(GrantsError::new(format!(
                "no activity may reach the folder `{path}`{whereabouts}: the server's own data is in {closed}"
            )));
        }
        let mut around = self.allowed.iter().filter(|allowed| real.starts_with(&allowed.path)).peekable();
        let is_readable = around.peek().is_some();
        if is_readable && (!dir.writable || around.any(|allowed| allowed.writable)) {
            return Ok(());
        }
        let purpose = if is_readable { " for writing" } else { "" };
        let access = if dir.writable { ":rw" } else { "" };
        let real = real.display();
        Err(GrantsError::new(format!(
            "the server does not let deployments grant the folder `{path}`{whereabouts}{purpose}: start it with \
             `--grant-dirs {real}{access}`, or deploy without this folder"
        )))
    }
}

fn unusable(dir: &DirGrant, error: &io::Error) -> GrantsError {
    GrantsError::new(format!("the granted folder {} cannot be opened: {error}", dir.host.display()))
}

/// Where a path leads, also if its last parts are not there yet.
fn real_path(path: &Path) -> io::Result<PathBuf> {
    for ancestor in path.ancestors() {
        match fs::canonicalize(ancestor) {
            Ok(real) => {
                let rest = path.strip_prefix(ancestor).map_err(io::Error::other)?;
                let is_plain = rest.components().all(|part| matches!(part, std::path::Component::Normal(_)));
                if rest.as_os_str().is_empty() {
                    return Ok(real);
                }
                return if is_plain { Ok(real.join(rest)) } else { Err(io::ErrorKind::NotFound.into()) };
            }
            // A link that leads nowhere may lead anywhere tomorrow.
            Err(error) if error.kind() == io::ErrorKind::NotFound && fs::symlink_metadata(ancestor).is_err() => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::NotFound.into())
}

/// Opens a folder, and says where it is.
#[cfg(target_os = "linux")]
fn open(path: &Path) -> io::Result<(OpenDir, PathBuf)> {
    use std::os::fd::AsRawFd as _;

    // The dot makes the system refuse what is no folder, instead of waiting for the other end of a pipe.
    let folder = File::open(path.join("."))?;
    let path: PathBuf = format!("/proc/self/fd/{}", folder.as_raw_fd()).into();
    let real = fs::read_link(&path)?;
    Ok((OpenDir { _folder: folder, path }, real))
}

#[cfg(not(target_os = "linux"))]
fn open(path: &Path) -> io::Result<(OpenDir, PathBuf)> {
    let real = fs::canonicalize(path.join("."))?;
    Ok((OpenDir { _folder: File::open(&real)?, path: real.clone() }, real))
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;

    use tempfile::TempDir;

    use super::*;

    /// A folder with `in/deep`, `rw`, `out` and `data`, of which `in` may be read and `rw` written.
    fn setting() -> (TempDir, Dirs) {
        let folder = tempfile::tempdir().unwrap();
        for name in ["in/deep", "rw", "out", "data/cache"] {
            fs::create_dir_all(folder.path().join(name)).unwrap();
        }
        let at = |name: &str| folder.path().join(name);
        let allowed = [DirCeiling { path: at("in"), writable: false }, DirCeiling { path: at("rw"), writable: true }];
        let dirs = Dirs::new(&allowed, &[at("data")]).unwrap();
        (folder, dirs)
    }

    /// The same answer at deployment and for an attempt, if the folder is there.
    fn asked(dirs: &Dirs, folder: &TempDir, name: &str, writable: bool) -> Result<(), String> {
        let dir = DirGrant { host: folder.path().join(name), guest: "/data".into(), writable };
        let checked = dirs.check(&dir).map_err(|error| error.to_string());
        let opened = dirs.open(&dir).map(drop).map_err(|error| error.to_string());
        assert_eq!(checked, opened, "{name}");
        let shown = fs::canonicalize(folder.path()).unwrap().display().to_string();
        opened.map_err(|error| error.replace(&shown, "").replace(&folder.path().display().to_string(), ""))
    }

    #[test]
    fn folders_below_the_ceiling_are_granted_as_far_as_it_goes() {
        let (folder, dirs) = setting();
        assert_eq!(asked(&dirs, &folder, "in", false), Ok(()));
        assert_eq!(asked(&dirs, &folder, "in/deep", false), Ok(()));
        assert_eq!(asked(&dirs, &folder, "in/../in/deep", false), Ok(()));
        assert_eq!(asked(&dirs, &folder, "rw", true), Ok(()));
        insta::assert_snapshot!(asked(&dirs, &folder, "in/deep", true).unwrap_err(), @"the server does not let deployments grant the folder `/in/deep` for writing: start it with `--grant-dirs /in/deep:rw`, or deploy without this folder");
    }

    #[test]
    fn no_other_folder_is_granted() {
        let (folder, dirs) = setting();
        insta::assert_snapshot!(asked(&dirs, &folder, "out", false).unwrap_err(), @"the server does not let deployments grant the folder `/out`: start it with `--grant-dirs /out`, or deploy without this folder");
        assert!(asked(&dirs, &folder, "in/../out", false).is_err());
        assert!(asked(&Dirs::default(), &folder, "in", false).is_err());
        fs::create_dir(folder.path().join("in-and-more")).unwrap();
        assert!(asked(&dirs, &folder, "in-and-more", false).is_err(), "the same beginning is not the same folder");
    }

    #[test]
    fn links_are_followed_before_anything_is_compared() {
        let (folder, dirs) = setting();
        let at = |name: &str| folder.path().join(name);
        symlink(at("out"), at("in/link")).unwrap();
        symlink(at("in/deep"), at("good")).unwrap();
        symlink(at("not-there"), at("in/dangling")).unwrap();
        insta::assert_snapshot!(asked(&dirs, &folder, "in/link", false).unwrap_err(), @"the server does not let deployments grant the folder `/in/link`, which is /out: start it with `--grant-dirs /out`, or deploy without this folder");
        assert_eq!(asked(&dirs, &folder, "good", false), Ok(()));
        let dangling = DirGrant { host: at("in/dangling"), guest: "/data".into(), writable: false };
        assert!(dirs.check(&dangling).is_err());
    }

    #[test]
    fn the_servers_data_is_never_granted_nor_is_what_holds_it() {
        let (folder, _) = setting();
        let at = |name: &str| folder.path().join(name);
        let all = Dirs::new(&[DirCeiling { path: folder.path().into(), writable: true }], &[at("data")]).unwrap();
        symlink(at("data/cache"), at("in/link")).unwrap();
        assert_eq!(asked(&all, &folder, "out", true), Ok(()));
        for name in ["data", "data/cache", "in/link", "."] {
            let refused = asked(&all, &folder, name, false).unwrap_err();
            assert!(refused.contains("the server's own data"), "{name}: {refused}");
        }
        let inside = Dirs::new(&[DirCeiling { path: at("data/cache"), writable: false }], &[at("data")]);
        assert!(matches!(inside, Err(CeilingError::Closed { .. })));
    }

    #[test]
    fn what_is_no_folder_is_not_opened() {
        let (folder, dirs) = setting();
        let pipe = folder.path().join("in/pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let refused = dirs.open(&DirGrant { host: pipe, guest: "/data".into(), writable: false });
        assert!(refused.unwrap_err().to_string().contains("cannot be opened"));
    }

    #[test]
    fn a_folder_that_is_not_there_yet_can_be_deployed_for() {
        let (folder, dirs) = setting();
        let check = |name: &str| {
            dirs.check(&DirGrant { host: folder.path().join(name), guest: "/data".into(), writable: false }).is_ok()
        };
        assert!(check("in/later/on"));
        assert!(!check("later"));
        assert!(!check("in/later/../../out"));
    }

    #[test]
    fn a_ceiling_that_is_no_folder_is_refused() {
        let (folder, _) = setting();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        for path in [folder.path().join("gone"), file] {
            let refused = Dirs::new(&[DirCeiling { path, writable: false }], &[]);
            assert!(matches!(refused, Err(CeilingError::Unusable { .. })), "{refused:?}");
        }
    }

    #[test]
    fn folders_are_written_as_for_a_deployment() {
        assert_eq!("/a:rw".parse(), Ok(DirCeiling { path: "/a".into(), writable: true }));
        assert_eq!("/a".parse(), Ok(DirCeiling { path: "/a".into(), writable: false }));
        assert!(":rw".parse::<DirCeiling>().is_err());
    }
}
