//! Where a page of a query ended.

use engine::Timestamp;

use crate::{Outcome, StorageError};

/// The position of an instance in the order of queries: newest first by creation, then by insertion.
///
/// A continuation is the text of one; clients hand it back unread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    /// When the instance was created.
    pub created_at: Timestamp,
    /// Its number in the backend.
    pub number: u64,
}

/// A continuation that no page has answered with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a continuation: pass on the one that the page before answered with")]
pub struct InvalidContinuation(pub String);

impl Cursor {
    /// As a continuation.
    pub fn to_continuation(self) -> String {
        format!("{:x}-{:x}", self.created_at.as_millis(), self.number)
    }

    /// Reads a continuation.
    ///
    /// # Errors
    /// `Permanent`, with [`InvalidContinuation`] as the source.
    pub fn from_continuation(text: &str) -> Result<Self, StorageError> {
        let parts = text.split_once('-').and_then(|(created_at, number)| {
            let created_at = Timestamp::from_millis(u64::from_str_radix(created_at, 16).ok()?);
            Some(Self { created_at, number: u64::from_str_radix(number, 16).ok()? })
        });
        parts.ok_or_else(|| StorageError::new("list", Outcome::Permanent, InvalidContinuation(text.to_owned())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn continuations_round_trip() {
        let cursor = Cursor { created_at: Timestamp::from_millis(1_700_000_000_000), number: 42 };
        assert_eq!(cursor.to_continuation(), "18bcfe56800-2a");
        assert_eq!(Cursor::from_continuation("18bcfe56800-2a").unwrap(), cursor);
    }

    #[test]
    fn a_made_up_continuation_is_refused_for_good() {
        for text in ["", "-", "1-", "x-1", "1-2-3", "99999999999999999-1"] {
            let error = Cursor::from_continuation(text).unwrap_err();
            assert_eq!(error.outcome, Outcome::Permanent, "{text}");
        }
    }
}
