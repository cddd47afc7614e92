//! The token: which version of an instance a turn was computed on, and what the commit of that turn must know.
//!
//! All but the term comes from storage, so that a token outlives the process that was handed it. Within a term two are
//! equal exactly if the etags are: the rest follows from them.

use azure::ETag;
use engine::{EventId, ExecutionId, Timestamp};
use serde::{Deserialize, Serialize};
use store::Token;

use crate::dispatch::Term;

/// What a [`Token`] says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Version {
    /// The sentinel's etag: the fence. None before the first commit.
    pub(crate) history: Option<Box<str>>,
    /// The instance row's etag; none while there is no row.
    pub(crate) row: Option<Box<str>>,
    /// Of the last commit.
    pub(crate) revision: u64,
    /// The row is that of an earlier commit, and a reader could see the difference.
    pub(crate) row_is_behind: bool,
    /// The row is another execution's, created by a DurableTask client while this one runs; it is left alone.
    pub(crate) is_superseded: bool,
    /// The execution that the row shows, as 32 hex digits.
    pub(crate) row_execution: Option<Box<str>>,
    /// The row shows an execution that has ended: what it says of that must not stay behind.
    pub(crate) row_has_ended: bool,
    /// When the row was written last, in milliseconds.
    pub(crate) row_updated_at: u64,
    /// The last event.
    pub(crate) last_event: u64,
    /// Where the rows of the events begin.
    pub(crate) first_row: u64,
    /// When the scheduled message comes, in milliseconds.
    pub(crate) armed_until: Option<u64>,
    /// The term of the host that loaded it, by its first message; the one thing that does not come from storage. 0 as long
    /// as nothing was forgotten.
    pub(crate) term: u64,
}

impl Version {
    /// Of an instance that has neither history nor row; the first revision is the next one.
    pub(crate) fn of_nothing(revision: u64, term: Term) -> Self {
        Self {
            history: None,
            row: None,
            revision: revision.saturating_sub(1),
            row_is_behind: false,
            is_superseded: false,
            row_execution: None,
            row_has_ended: false,
            row_updated_at: 0,
            last_event: 0,
            first_row: 0,
            armed_until: None,
            term: term.first_message.0,
        }
    }

    /// As it is handed out.
    pub(crate) fn to_token(&self) -> Token {
        Token(serde_json::to_string(self).expect("numbers and texts are always JSON").into())
    }

    /// What a token says; none for a text that is no token of this backend.
    pub(crate) fn of(token: &Token) -> Option<Self> {
        let version: Self = serde_json::from_str(&token.0).ok()?;
        // The same said otherwise was not handed out by anybody.
        (version.to_token() == *token).then_some(version)
    }

    pub(crate) fn history_etag(&self) -> Option<ETag> {
        self.history.clone().map(ETag)
    }

    pub(crate) fn row_etag(&self) -> Option<ETag> {
        self.row.clone().map(ETag)
    }

    pub(crate) fn last_event(&self) -> Option<EventId> {
        (self.last_event > 0).then_some(EventId(self.last_event))
    }

    pub(crate) fn armed_until(&self) -> Option<Timestamp> {
        self.armed_until.map(Timestamp::from_millis)
    }

    /// Whether the row shows this execution.
    pub(crate) fn row_shows(&self, execution_id: ExecutionId) -> bool {
        self.row_execution.as_deref() == Some(&*execution_id.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version() -> Version {
        Version {
            history: Some("W/\"datetime'2026-01-01T00%3A00%3A00.0000001Z'\"".into()),
            row: None,
            revision: 7,
            row_is_behind: false,
            is_superseded: false,
            row_execution: None,
            row_has_ended: false,
            row_updated_at: 5,
            last_event: 4,
            first_row: 0,
            armed_until: None,
            term: 3,
        }
    }

    #[test]
    fn a_token_says_what_it_was_made_of() {
        let token = version().to_token();
        assert_eq!(
            &*token.0,
            r#"{"history":"W/\"datetime'2026-01-01T00%3A00%3A00.0000001Z'\"","row":null,"revision":7,"row_is_behind":false,"is_superseded":false,"row_execution":null,"row_has_ended":false,"row_updated_at":5,"last_event":4,"first_row":0,"armed_until":null,"term":3}"#
        );
        assert_eq!(Version::of(&token), Some(version()));
    }

    #[test]
    fn what_is_no_token_says_nothing() {
        let spaced = format!(" {}", version().to_token().0);
        for text in ["", "7", "{}", "null", r#"{"history":"x"}"#, &spaced] {
            assert_eq!(Version::of(&Token(text.into())), None, "{text}");
        }
    }
}
