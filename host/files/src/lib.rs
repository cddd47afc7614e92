//! Files and folders that only the user who runs the process may use.
//!
//! Modes are set and not left to the umask, and what an earlier process left open to others is closed. Nothing here
//! follows a link in the last part of a path, but for [`folder`]: where the data is kept is the operator's to say.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may panic"))]

mod error;
mod owner;

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use rustix::fs::OFlags;

pub use error::Error;

use crate::owner::Owner;

/// What others may do with a file.
const OTHERS: u32 = 0o077;
/// Every user of the machine may write.
const WORLD_WRITABLE: u32 = 0o002;
/// Of a file: its owner may read and write it.
const FILE: u32 = 0o600;
/// Of a folder: its owner may do everything with it.
const FOLDER: u32 = 0o700;
/// A link is not followed, and the other end of a pipe is not waited for.
const FLAGS: OFlags = OFlags::NOFOLLOW.union(OFlags::NONBLOCK);

/// Makes a folder, and those around it, or takes one that is there, and closes it to others.
///
/// A folder of another user stays as it is, with a warning: volumes of containers often belong to the superuser.
///
/// # Errors
/// There is something else, or every user may write to a folder that is not ours.
pub fn folder(path: &Path) -> Result<(), Error> {
    if make_folder(path)? {
        return Ok(());
    }
    let metadata = fs::metadata(path).map_err(Error::io(path))?;
    if !metadata.is_dir() {
        return Err(Error::kind(path, &metadata, "a folder"));
    }
    let owner = Owner::of(&metadata);
    if owner.may_be_changed() {
        return close_if_open(path, &metadata);
    }
    if metadata.mode() & WORLD_WRITABLE != 0 {
        return Err(owner.foreign(path));
    }
    if metadata.mode() & OTHERS != 0 {
        tracing::warn!(path = %path.display(), owner = owner.of, "other users may look into the folder, which belongs to another user: give it to the user who runs this, or choose a folder in it");
    }
    Ok(())
}

/// The same for a folder from which code is loaded: it must belong to this very user, and no link leads to it.
///
/// # Errors
/// There is something else, or it belongs to somebody else.
pub fn own_folder(path: &Path) -> Result<(), Error> {
    if make_folder(path)? {
        return Ok(());
    }
    let metadata = fs::symlink_metadata(path).map_err(Error::io(path))?;
    if !metadata.is_dir() {
        return Err(Error::kind(path, &metadata, "a folder"));
    }
    Owner::of(&metadata).must_be_us(path)?;
    close_if_open(path, &metadata)
}

/// Closes a file to others without opening it: other parts of the process may hold locks on it, which would be lost. No
/// file is fine; answers whether there is one.
///
/// # Errors
/// There is something else, or it belongs to somebody else.
pub fn close(path: &Path) -> Result<bool, Error> {
    let metadata = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        metadata => metadata.map_err(Error::io(path))?,
    };
    if !metadata.is_file() {
        return Err(Error::kind(path, &metadata, "a file"));
    }
    let owner = Owner::of(&metadata);
    if !owner.may_be_changed() {
        return Err(owner.foreign(path));
    }
    close_if_open(path, &metadata)?;
    Ok(true)
}

/// Opens a file for writing, made if it is not there, closed to others, with what is in it.
///
/// # Errors
/// There is something else, or it belongs to somebody else.
pub fn open(path: &Path) -> Result<File, Error> {
    let mut options = OpenOptions::new();
    let file = open_with(path, options.write(true).create(true).truncate(false).mode(FILE))?;
    let metadata = file.metadata().map_err(Error::io(path))?;
    let owner = Owner::of(&metadata);
    if !owner.may_be_changed() {
        return Err(owner.foreign(path));
    }
    if metadata.mode() & 0o777 != FILE {
        file.set_permissions(Permissions::from_mode(FILE)).map_err(Error::io(path))?;
    }
    Ok(file)
}

/// Opens a file for reading that only this user can have written.
///
/// # Errors
/// There is none, or something else; it belongs to somebody else, or others may use it.
pub fn open_own(path: &Path) -> Result<File, Error> {
    let file = open_with(path, OpenOptions::new().read(true))?;
    let metadata = file.metadata().map_err(Error::io(path))?;
    Owner::of(&metadata).must_be_us(path)?;
    if metadata.mode() & OTHERS != 0 {
        return Err(Error::Open { path: path.to_owned() });
    }
    Ok(file)
}

/// Writes a file whole or not at all, so that a reader never sees half of it.
///
/// # Errors
/// It cannot be written.
pub fn replace(path: &Path, contents: &[u8]) -> Result<(), Error> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    let partial = Path::new(&partial);
    let mut file = open(partial)?;
    let written = file.set_len(0).and_then(|()| file.write_all(contents)).and_then(|()| fs::rename(partial, path));
    written.map_err(Error::io(path))
}

/// Answers whether there was none.
fn make_folder(path: &Path) -> Result<bool, Error> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(Error::io(path))?;
    }
    match DirBuilder::new().mode(FOLDER).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
        made => made.map_err(Error::io(path))?,
    }
    // The umask may have taken something away.
    fs::set_permissions(path, Permissions::from_mode(FOLDER)).map_err(Error::io(path))?;
    Ok(true)
}

fn close_if_open(path: &Path, metadata: &fs::Metadata) -> Result<(), Error> {
    let mode = metadata.mode();
    if mode & OTHERS == 0 {
        return Ok(());
    }
    fs::set_permissions(path, Permissions::from_mode(mode & 0o7777 & !OTHERS)).map_err(Error::io(path))?;
    tracing::info!(path = %path.display(), "closed to other users, who could use it until now");
    Ok(())
}

fn open_with(path: &Path, options: &mut OpenOptions) -> Result<File, Error> {
    // A few flags that all systems have in the low bits.
    let flags = i32::try_from(FLAGS.bits()).map_err(|error| Error::io(path)(io::Error::other(error)))?;
    let opened = options.custom_flags(flags).open(path);
    let file = match (opened, fs::symlink_metadata(path)) {
        // What the system says of a link depends on the system.
        (Err(_), Ok(metadata)) if !metadata.is_file() => return Err(Error::kind(path, &metadata, "a file")),
        (opened, _) => opened.map_err(Error::io(path))?,
    };
    let metadata = file.metadata().map_err(Error::io(path))?;
    if metadata.is_file() { Ok(file) } else { Err(Error::kind(path, &metadata, "a file")) }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::process::Command;

    use tempfile::TempDir;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o7777
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    fn temporary() -> TempDir {
        tempfile::tempdir().unwrap()
    }

    #[test]
    fn what_is_made_is_closed_whatever_the_umask() {
        let temporary = temporary();
        for umask in [0, 0o022, 0o277] {
            let before = rustix::process::umask(rustix::fs::Mode::from_raw_mode(umask));
            let at = |name: &str| temporary.path().join(format!("{name}-{umask}"));
            folder(&at("folder")).unwrap();
            own_folder(&at("own")).unwrap();
            open(&at("file")).unwrap();
            replace(&at("whole"), b"1").unwrap();
            rustix::process::umask(before);
            assert_eq!([mode(&at("folder")), mode(&at("own"))], [0o700; 2]);
            assert_eq!([mode(&at("file")), mode(&at("whole"))], [0o600; 2]);
        }
    }

    #[test]
    fn what_others_could_use_is_closed() {
        let temporary = temporary();
        let at = |name: &str| temporary.path().join(name);
        for name in ["folder", "own"] {
            fs::create_dir(at(name)).unwrap();
            set_mode(&at(name), 0o2755);
        }
        for name in ["file", "closed", "whole.partial"] {
            fs::write(at(name), "there").unwrap();
            set_mode(&at(name), 0o664);
        }
        folder(&at("folder")).unwrap();
        own_folder(&at("own")).unwrap();
        open(&at("file")).unwrap();
        assert!(close(&at("closed")).unwrap());
        replace(&at("whole"), b"new").unwrap();
        assert_eq!([mode(&at("folder")), mode(&at("own"))], [0o2700; 2]);
        assert_eq!([mode(&at("file")), mode(&at("closed")), mode(&at("whole"))], [0o600; 3]);
        assert_eq!(fs::read_to_string(at("file")).unwrap(), "there", "it is opened with what is in it");
        assert_eq!(fs::read_to_string(at("whole")).unwrap(), "new");
    }

    #[test]
    fn the_folders_around_a_new_one_are_made() {
        let temporary = temporary();
        folder(&temporary.path().join("a/b")).unwrap();
        assert!(temporary.path().join("a/b").is_dir());
    }

    #[test]
    fn no_file_is_nothing_to_close() {
        assert!(!close(&temporary().path().join("gone")).unwrap());
    }

    #[test]
    fn links_lead_nowhere_but_to_a_folder_of_data() {
        let temporary = temporary();
        let at = |name: &str| temporary.path().join(name);
        fs::create_dir(at("folder")).unwrap();
        fs::write(at("file"), "").unwrap();
        set_mode(&at("file"), 0o600);
        symlink(at("folder"), at("to-folder")).unwrap();
        symlink(at("file"), at("to-file")).unwrap();
        symlink(at("gone"), at("to-nothing")).unwrap();
        folder(&at("to-folder")).unwrap();
        assert_eq!(mode(&at("folder")), 0o700);
        let link = |error: Error| matches!(error, Error::Kind { found: "a link", .. });
        assert!(link(own_folder(&at("to-folder")).unwrap_err()));
        for name in ["to-file", "to-nothing"] {
            assert!(link(open(&at(name)).unwrap_err()), "{name}");
            assert!(link(open_own(&at(name)).unwrap_err()), "{name}");
            assert!(link(close(&at(name)).unwrap_err()), "{name}");
        }
    }

    #[test]
    fn what_is_no_file_is_not_waited_for() {
        let temporary = temporary();
        let pipe = temporary.path().join("pipe");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        for refused in [open(&pipe), open_own(&pipe), open(temporary.path()), open_own(temporary.path())] {
            assert!(matches!(refused.unwrap_err(), Error::Kind { .. }));
        }
        assert!(matches!(folder(&pipe).unwrap_err(), Error::Kind { .. }));
    }

    #[test]
    fn a_file_is_our_own_only_if_nobody_else_may_use_it() {
        let temporary = temporary();
        let file = temporary.path().join("file");
        fs::write(&file, "").unwrap();
        for (mode, is_own) in [(0o600, true), (0o400, true), (0o640, false), (0o602, false), (0o604, false)] {
            set_mode(&file, mode);
            assert_eq!(open_own(&file).is_ok(), is_own, "{mode:o}");
        }
    }
}
