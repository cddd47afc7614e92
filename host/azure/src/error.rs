//! How a storage request fails.

use std::time::Duration;

/// A failed request, by what the caller has to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// What was to be made is there already. Nothing was changed.
    #[error("it exists already")]
    Exists,
    /// The etag is not the stored one. Nothing was changed.
    #[error("it was changed by somebody else")]
    Changed,
    /// There is no such table, entity, queue, message (or its receipt is outdated), container or blob. Nothing was
    /// changed.
    #[error("it is not there")]
    NotFound,
    /// The service is busy (429, 503). Nothing was changed; wait before trying again.
    #[error("the service is busy")]
    Throttled {
        /// What the service asked for.
        retry_after: Option<Duration>,
    },
    /// The request never reached the service. Nothing was changed; the same request may succeed later.
    #[error("the service cannot be reached: {0}")]
    Unreachable(String),
    /// The request was sent, and it is not known what became of it: no answer, a time-out, or a failure of the service
    /// (500 and the like). Read before deciding anything.
    #[error("it is not known whether it happened: {0}")]
    Ambiguous(String),
    /// The service, or this crate on its behalf, refuses the request, and would refuse it again. Nothing was changed.
    #[error(transparent)]
    Refused(#[from] Refused),
}

/// A request that cannot succeed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{status} {code}: {message}")]
pub struct Refused {
    /// The HTTP status; 0 if the request was not even sent.
    pub status: u16,
    /// The service's code, such as `AuthenticationFailed`.
    pub code: String,
    /// What is wrong, for a person; never contains a key or a signature.
    pub message: String,
}

impl Error {
    /// Whether nothing was changed and the same request may succeed later.
    pub fn is_not_done(&self) -> bool {
        matches!(self, Self::Throttled { .. } | Self::Unreachable(_))
    }
}
