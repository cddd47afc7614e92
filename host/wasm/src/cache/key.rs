//! The key under which compiled code is kept.
//!
//! What is loaded runs as part of this process, so it must come from a process of this user. Whoever can write into the
//! folder but not read the key cannot make an entry, and an entry cannot be passed off as another component's.

use std::io::{self, Read as _, Write as _};
use std::path::Path;

use hmac::{Hmac, Mac as _};
use sha2::Sha256;

const NAME: &str = "key";
const KEY_BYTES: usize = 32;
pub(super) const TAG_BYTES: usize = 32;

/// Never printed.
pub(super) struct Key([u8; KEY_BYTES]);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(…)")
    }
}

impl Key {
    /// Reads the folder's key. One that others may have read is replaced, which makes all entries worthless.
    pub(super) fn of_folder(folder: &Path) -> io::Result<Self> {
        if let Some(key) = read(folder) {
            return Ok(key);
        }
        match make(folder) {
            // Another process has been quicker.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => return made,
        }
        read(folder).ok_or_else(|| io::Error::other("the key for compiled code cannot be read"))
    }

    /// Vouches for the code of an entry.
    pub(super) fn tag(&self, entry: &str, code: &[u8]) -> [u8; TAG_BYTES] {
        self.mac(entry, code).finalize().into_bytes().into()
    }

    /// Compares in constant time.
    pub(super) fn vouches(&self, entry: &str, code: &[u8], tag: &[u8]) -> bool {
        self.mac(entry, code).verify_slice(tag).is_ok()
    }

    fn mac(&self, entry: &str, code: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        // The length keeps name and code apart.
        mac.update(&(entry.len() as u64).to_be_bytes());
        mac.update(entry.as_bytes());
        mac.update(code);
        mac
    }

    #[cfg(test)]
    pub(super) fn fixed() -> Self {
        Self([7; KEY_BYTES])
    }
}

/// None: there is no key that can be trusted, and none is left.
fn read(folder: &Path) -> Option<Key> {
    let path = folder.join(NAME);
    let opened = files::open_own(&path);
    if opened.as_ref().is_err_and(files::Error::is_not_found) {
        return None;
    }
    let mut key = [0; KEY_BYTES];
    let problem = match opened {
        Ok(mut file) => match file.read_exact(&mut key) {
            Ok(()) => return Some(Key(key)),
            Err(error) => error.to_string(),
        },
        Err(error) => error.to_string(),
    };
    tracing::warn!(%problem, "replacing the key for compiled code: components are compiled again");
    if let Err(error) = super::remove(&path) {
        tracing::warn!(path = %path.display(), %error, "cannot remove the key for compiled code");
    }
    None
}

fn make(folder: &Path) -> io::Result<Key> {
    let mut key = [0; KEY_BYTES];
    getrandom::fill(&mut key).map_err(io::Error::other)?;
    let mut file = tempfile::Builder::new().prefix(super::WRITING).tempfile_in(folder)?;
    file.write_all(&key)?;
    file.persist_noclobber(folder.join(NAME))?;
    Ok(Key(key))
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn key(folder: &Path) -> [u8; KEY_BYTES] {
        Key::of_folder(folder).unwrap().0
    }

    #[test]
    fn a_folder_has_one_key_which_is_closed_to_others() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(key(folder.path()), key(folder.path()));
        let mode = fs::metadata(folder.path().join(NAME)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_ne!(key(folder.path()), key(tempfile::tempdir().unwrap().path()));
    }

    #[test]
    fn a_key_that_others_may_know_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(NAME);
        let first = key(folder.path());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let second = key(folder.path());
        assert_ne!(first, second, "it could be read");
        fs::write(&path, "short").unwrap();
        assert_ne!(second, key(folder.path()), "it is cut short");
        let elsewhere = folder.path().join("elsewhere");
        fs::rename(&path, &elsewhere).unwrap();
        symlink(&elsewhere, &path).unwrap();
        assert_ne!(fs::read(elsewhere).unwrap(), key(folder.path()), "it is a link");
    }

    #[test]
    fn a_tag_is_for_one_entry_and_one_code() {
        let key = Key::fixed();
        let tag = key.tag("a", b"code");
        assert!(key.vouches("a", b"code", &tag));
        assert!(!key.vouches("b", b"code", &tag));
        assert!(!key.vouches("a", b"cod3", &tag));
        assert!(!key.vouches("ac", b"ode", &tag));
        assert!(!key.vouches("a", b"code", &tag[..31]));
        assert!(!Key([8; KEY_BYTES]).vouches("a", b"code", &tag));
    }
}
