//! Compiled code on disk.
//!
//! One file per component and engine: a magic number, a tag, the code. Machine code runs as part of the process that loads
//! it, so the folder and all in it must belong to the process' user and be closed to others, and the tag is an HMAC with
//! a key that only this user can read. What does not match its tag is compiled again.

mod key;

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use engine::Digest;

use self::key::{Key, TAG_BYTES};

/// The first bytes of every entry; another layout gets another number.
const MAGIC: &[u8; 8] = b"rondoAC2";
const EXTENSION: &str = "compiled";
/// How the names of files begin that are being written.
const WRITING: &str = "writing-";
const LEFTOVER_AGE: Duration = Duration::from_hours(1);

/// A folder of compiled components.
#[derive(Debug)]
pub(crate) struct Cache {
    folder: PathBuf,
    bytes_max: u64,
    /// Of the engine and its configuration: another one makes other code.
    fingerprint: u64,
    key: Key,
}

/// Why code is not kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unusable {
    /// Others may have a hand in the folder.
    #[error(transparent)]
    Folder(files::Error),
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl From<files::Error> for Unusable {
    fn from(error: files::Error) -> Self {
        match error {
            files::Error::Io { problem, .. } => Self::Io(problem),
            other => Self::Folder(other),
        }
    }
}

impl Cache {
    /// Creates the folder where there is none, and closes it to others.
    pub(crate) fn open(folder: &Path, bytes_max: u64, fingerprint: u64) -> Result<Self, Unusable> {
        files::own_folder(folder)?;
        remove_leftovers(folder)?;
        let key = Key::of_folder(folder)?;
        Ok(Self { folder: folder.to_owned(), bytes_max, fingerprint, key })
    }

    /// The code of a component, if it is there and undamaged.
    pub(crate) fn load(&self, digest: Digest) -> Option<Vec<u8>> {
        let path = self.path(digest);
        let code = match self.read(digest) {
            Ok(code) => code?,
            Err(problem) => {
                tracing::warn!(path = %path.display(), problem, "ignoring compiled code that cannot be used");
                self.forget(digest);
                return None;
            }
        };
        // The time of change is the time of use: what has not been used for longest goes first.
        if let Err(error) =
            File::options().append(true).open(&path).and_then(|file| file.set_modified(SystemTime::now()))
        {
            tracing::debug!(path = %path.display(), %error, "cannot note the use of compiled code");
        }
        Some(code)
    }

    /// Keeps the code of a component. Failing to do so is logged and otherwise ignored.
    pub(crate) fn store(&self, digest: Digest, code: &[u8]) {
        let path = self.path(digest);
        if let Err(error) = self.write(digest, code).and_then(|()| self.shrink(&path)) {
            tracing::warn!(path = %path.display(), %error, "cannot keep compiled code");
        }
    }

    /// Removes an entry that turned out to be useless.
    pub(crate) fn forget(&self, digest: Digest) {
        let path = self.path(digest);
        if let Err(error) = remove(&path) {
            tracing::warn!(path = %path.display(), %error, "cannot remove compiled code");
        }
    }

    fn name(&self, digest: Digest) -> String {
        format!("{digest}-{:016x}.{EXTENSION}", self.fingerprint)
    }

    fn path(&self, digest: Digest) -> PathBuf {
        self.folder.join(self.name(digest))
    }

    /// None if there is no entry.
    fn read(&self, digest: Digest) -> Result<Option<Vec<u8>>, String> {
        let mut file = match files::open_own(&self.path(digest)) {
            Err(error) if error.is_not_found() => return Ok(None),
            opened => opened.map_err(|error| error.to_string())?,
        };
        let mut head = [0; MAGIC.len() + TAG_BYTES];
        file.read_exact(&mut head).map_err(|error| error.to_string())?;
        let (magic, tag) = head.split_at(MAGIC.len());
        if magic != MAGIC {
            return Err("it is not an entry of this cache".to_owned());
        }
        let mut code = Vec::new();
        file.read_to_end(&mut code).map_err(|error| error.to_string())?;
        if !self.key.vouches(&self.name(digest), &code, tag) {
            return Err("it is damaged, or was not written with this folder's key".to_owned());
        }
        Ok(Some(code))
    }

    /// Writes beside and renames, so that nobody ever sees half an entry. Temporary files are closed to others.
    fn write(&self, digest: Digest, code: &[u8]) -> io::Result<()> {
        let mut file = tempfile::Builder::new().prefix(WRITING).tempfile_in(&self.folder)?;
        file.write_all(MAGIC)?;
        file.write_all(&self.key.tag(&self.name(digest), code))?;
        file.write_all(code)?;
        file.persist(self.path(digest))?;
        Ok(())
    }

    /// Removes the entries that were not used for longest, until the rest fits. Never the one just written.
    fn shrink(&self, just_written: &Path) -> io::Result<()> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            if path.extension().is_none_or(|extension| extension != EXTENSION) {
                continue;
            }
            // Another process may have removed it in between.
            let Ok(metadata) = fs::metadata(&path) else { continue };
            entries.push((metadata.modified()?, metadata.len(), path));
        }
        let mut total: u64 = entries.iter().map(|(_, bytes, _)| bytes).sum();
        entries.sort();
        for (_, bytes, path) in entries {
            if total <= self.bytes_max {
                break;
            }
            if path != just_written {
                remove(&path)?;
                total -= bytes;
            }
        }
        Ok(())
    }
}

/// Removes a file, unless another process was quicker.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Removes what a process that was killed while writing has left behind.
fn remove_leftovers(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let is_partial = entry.file_name().to_str().is_some_and(|name| name.starts_with(WRITING));
        // Whoever else may be writing at the moment is done long before that.
        let is_old = entry.metadata()?.modified()?.elapsed().is_ok_and(|age| age > LEFTOVER_AGE);
        if is_partial && is_old {
            remove(&entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache(folder: &Path) -> Cache {
        Cache::open(folder, 1_000, 1).unwrap()
    }

    #[test]
    fn what_was_stored_is_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let (cache, digest) = (cache(folder.path()), Digest::of(b"a"));
        assert_eq!(cache.load(digest), None);
        cache.store(digest, b"code");
        assert_eq!(cache.load(digest).as_deref(), Some(&b"code"[..]));
        assert_eq!(Cache { fingerprint: 2, ..cache }.load(digest), None, "another engine has code of its own");
        assert_eq!(self::cache(folder.path()).load(digest).as_deref(), Some(&b"code"[..]), "also by the next process");
    }

    #[test]
    fn the_layout_never_changes() {
        let folder = tempfile::tempdir().unwrap();
        let (cache, digest) = (Cache { key: Key::fixed(), ..cache(folder.path()) }, Digest::of(b"a"));
        cache.store(digest, b"code");
        let bytes = fs::read(cache.path(digest)).unwrap();
        assert_eq!(&bytes[..8], b"rondoAC2");
        let tag = Digest::from_bytes(bytes[8..40].try_into().unwrap());
        insta::assert_snapshot!(tag, @"5fafe00c389d8eeedf6e2bc1b38ef1ca85f9892aeaeaf3d76d8a17b4ff7bfd04");
        assert_eq!(&bytes[40..], b"code");
    }

    #[test]
    fn code_that_another_has_put_there_is_not_loaded() {
        let (folder, foreign) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (cache, other) = (cache(folder.path()), self::cache(foreign.path()));
        let [digest, another] = [b"a", b"b"].map(|name| Digest::of(name));
        other.store(digest, b"evil");
        fs::copy(other.path(digest), cache.path(digest)).unwrap();
        assert_eq!(cache.load(digest), None, "written with another key");
        cache.store(another, b"code");
        fs::rename(cache.path(another), cache.path(digest)).unwrap();
        assert_eq!(cache.load(digest), None, "written for another component");
    }

    #[cfg(unix)]
    #[test]
    fn entries_that_others_may_use_are_not_loaded() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};

        let folder = tempfile::tempdir().unwrap();
        let (cache, digest) = (cache(folder.path()), Digest::of(b"a"));
        cache.store(digest, b"code");
        fs::set_permissions(cache.path(digest), fs::Permissions::from_mode(0o660)).unwrap();
        assert_eq!(cache.load(digest), None, "others may write it");
        cache.store(digest, b"code");
        let elsewhere = folder.path().join("elsewhere");
        fs::rename(cache.path(digest), &elsewhere).unwrap();
        symlink(&elsewhere, cache.path(digest)).unwrap();
        assert_eq!(cache.load(digest), None, "it is a link");
        assert!(fs::symlink_metadata(cache.path(digest)).is_err(), "which is removed");
        assert!(elsewhere.exists(), "and not what it leads to");
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_is_a_link_is_not_used() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("cache");
        std::os::unix::fs::symlink(tempfile::tempdir().unwrap().path(), &link).unwrap();
        assert!(matches!(Cache::open(&link, 1, 1), Err(Unusable::Folder(_))));
    }

    #[test]
    fn a_damaged_entry_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let (cache, digest) = (cache(folder.path()), Digest::of(b"a"));
        for damage in [0, 20, 43] {
            cache.store(digest, b"code");
            let mut bytes = fs::read(cache.path(digest)).unwrap();
            bytes[damage] ^= 1;
            fs::write(cache.path(digest), bytes).unwrap();
            assert_eq!(cache.load(digest), None, "byte {damage}");
            assert!(!cache.path(digest).exists(), "byte {damage}");
        }
        fs::write(cache.path(digest), b"rondo").unwrap();
        assert_eq!(cache.load(digest), None, "cut short");
    }

    #[test]
    fn the_least_recently_used_goes_first() {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(folder.path());
        let digests = [b"a", b"b", b"c"].map(|name| Digest::of(name));
        let age = |digest: Digest, seconds| {
            let file = File::options().append(true).open(cache.path(digest)).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(seconds)).unwrap();
        };
        cache.store(digests[0], &[0; 400]);
        cache.store(digests[1], &[0; 400]);
        age(digests[0], 100);
        age(digests[1], 50);
        assert!(cache.load(digests[0]).is_some(), "used just now");
        cache.store(digests[2], &[0; 400]);
        assert!(cache.load(digests[0]).is_some());
        assert!(cache.load(digests[1]).is_none());
        assert!(cache.load(digests[2]).is_some());
    }

    #[test]
    fn an_entry_larger_than_the_cache_stays_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (cache, small, large) = (cache(folder.path()), Digest::of(b"a"), Digest::of(b"b"));
        cache.store(small, &[0; 10]);
        cache.store(large, &[0; 5_000]);
        assert!(cache.load(small).is_none());
        assert!(cache.load(large).is_some());
    }

    #[test]
    fn leftovers_are_removed_once_they_are_old() {
        let folder = tempfile::tempdir().unwrap();
        let (old, new) = (folder.path().join("writing-old"), folder.path().join("writing-new"));
        fs::write(&new, b"").unwrap();
        File::create(&old).unwrap().set_modified(SystemTime::now() - 2 * LEFTOVER_AGE).unwrap();
        cache(folder.path());
        assert!(!old.exists());
        assert!(new.exists());
    }

    #[cfg(unix)]
    #[test]
    fn the_folder_is_closed_to_others() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        cache(folder.path());
        assert_eq!(fs::metadata(folder.path()).unwrap().permissions().mode() & 0o777, 0o700);
    }
}
