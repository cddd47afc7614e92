//! Whose a file is.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use crate::Error;

/// The owner of a file, beside the user who runs the process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Owner {
    pub(crate) of: u32,
    us: u32,
}

impl Owner {
    pub(crate) fn of(metadata: &Metadata) -> Self {
        Self { of: metadata.uid(), us: rustix::process::geteuid().as_raw() }
    }

    /// Whether the system lets us change its mode.
    pub(crate) fn may_be_changed(self) -> bool {
        self.of == self.us || self.us == 0
    }

    /// # Errors
    /// It belongs to somebody else, however much we may do with it.
    pub(crate) fn must_be_us(self, path: &Path) -> Result<(), Error> {
        if self.of == self.us { Ok(()) } else { Err(self.foreign(path)) }
    }

    pub(crate) fn foreign(self, path: &Path) -> Error {
        let Self { of: owner, us: user } = self;
        Error::Foreign { path: path.to_owned(), owner, user }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_belongs_to_somebody_else_is_not_ours() {
        let may = |of, us| {
            let owner = Owner { of, us };
            (owner.may_be_changed(), owner.must_be_us(Path::new("/a")).is_ok())
        };
        assert_eq!(may(5, 5), (true, true));
        assert_eq!(may(6, 5), (false, false));
        assert_eq!(may(0, 5), (false, false));
        assert_eq!(may(5, 0), (true, false), "the superuser may do anything, but did not write it");
    }

    #[test]
    fn the_user_is_told_whose_it_is() {
        let error = Owner { of: 6, us: 5 }.foreign(Path::new("/srv/rondo.db"));
        assert_eq!(
            error.to_string(),
            "/srv/rondo.db belongs to user 6 and not to user 5, who runs this: give it to that user with \
             `chown -R 5 /srv/rondo.db`, or choose another folder"
        );
    }
}
