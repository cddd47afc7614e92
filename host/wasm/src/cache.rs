//! Compiled code on disk.
//!
//! One file per component and engine: a magic number, the SHA-256 of the code, the code. Machine code is trusted by
//! whoever loads it, so the folder is closed to others, and what does not match its checksum is compiled again.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use engine::Digest;
use sha2::{Digest as _, Sha256};

/// The first bytes of every entry; another layout gets another number.
const MAGIC: &[u8; 8] = b"rondoAC1";
const CHECKSUM_BYTES: usize = 32;
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
}

impl Cache {
    /// Creates the folder where there is none, and closes it to others.
    pub(crate) fn open(folder: &Path, bytes_max: u64, fingerprint: u64) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        close_to_others(folder)?;
        remove_leftovers(folder)?;
        Ok(Self { folder: folder.to_owned(), bytes_max, fingerprint })
    }

    /// The code of a component, if it is there and undamaged.
    pub(crate) fn load(&self, digest: Digest) -> Option<Vec<u8>> {
        let path = self.path(digest);
        let code = match read(&path) {
            Ok(code) => code,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "ignoring compiled code that cannot be used");
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
        if let Err(error) = write(&self.folder, &path, code).and_then(|()| self.shrink(&path)) {
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

    fn path(&self, digest: Digest) -> PathBuf {
        self.folder.join(format!("{digest}-{:016x}.{EXTENSION}", self.fingerprint))
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

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let damaged = |why: &'static str| io::Error::new(io::ErrorKind::InvalidData, why);
    let mut file = File::open(path)?;
    let mut head = [0; MAGIC.len() + CHECKSUM_BYTES];
    file.read_exact(&mut head)?;
    let (magic, checksum) = head.split_at(MAGIC.len());
    if magic != MAGIC {
        return Err(damaged("not an entry of this cache"));
    }
    let mut code = Vec::new();
    file.read_to_end(&mut code)?;
    if Sha256::digest(&code).as_slice() != checksum {
        return Err(damaged("the checksum does not match"));
    }
    Ok(code)
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

/// Writes beside and renames, so that nobody ever sees half an entry.
fn write(folder: &Path, path: &Path, code: &[u8]) -> io::Result<()> {
    let mut file = tempfile::Builder::new().prefix(WRITING).tempfile_in(folder)?;
    file.write_all(MAGIC)?;
    file.write_all(&Sha256::digest(code))?;
    file.write_all(code)?;
    file.persist(path)?;
    Ok(())
}

#[cfg(unix)]
fn close_to_others(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;

    let others = fs::metadata(folder)?.permissions().mode() % 0o100;
    if others == 0 {
        return Ok(());
    }
    // Fails, as it should, when the folder belongs to somebody else.
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
}

#[cfg(not(unix))]
#[allow(clippy::unnecessary_wraps, reason = "the same signature as elsewhere")]
fn close_to_others(_: &Path) -> io::Result<()> {
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
    }

    #[test]
    fn the_layout_never_changes() {
        let folder = tempfile::tempdir().unwrap();
        let (cache, digest) = (cache(folder.path()), Digest::of(b"a"));
        cache.store(digest, b"code");
        let bytes = fs::read(cache.path(digest)).unwrap();
        assert_eq!(&bytes[..8], b"rondoAC1");
        assert_eq!(&bytes[8..40], Sha256::digest(b"code").as_slice());
        assert_eq!(&bytes[40..], b"code");
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
