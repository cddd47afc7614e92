//! Why something failed.

use minicbor::{Decode, Encode};

use crate::{Payload, limits};

/// A failure as guests see it and histories keep it. Persisted; see `wit/types.wit`.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Failure {
    /// A short, stable name to branch on.
    #[n(0)]
    pub kind: String,
    /// One sentence for a person.
    #[n(1)]
    pub message: String,
    /// Anything else.
    #[n(2)]
    pub details: Option<Payload>,
    /// True when trying again cannot help.
    #[n(3)]
    pub non_retriable: bool,
}

impl Failure {
    /// A retriable failure without details.
    pub fn new(kind: impl Into<String>, message: impl Into<String>) -> Self {
        Self { kind: kind.into(), message: message.into(), details: None, non_retriable: false }
    }

    /// The same, but no retry policy will try again.
    #[must_use]
    pub fn non_retriable(self) -> Self {
        Self { non_retriable: true, ..self }
    }

    /// The same with kind and message cut to what a history may hold.
    #[must_use]
    pub(crate) fn bounded(mut self) -> Self {
        self.kind.truncate(self.kind.floor_char_boundary(limits::NAME_BYTES_MAX));
        self.message.truncate(self.message.floor_char_boundary(limits::FAILURE_MESSAGE_BYTES_MAX));
        self
    }
}

/// The failure kinds that the host itself produces. Users branch on them, so they never change.
pub mod kind {
    /// The guest trapped: a panic, an out-of-bounds access, an exhausted stack.
    pub const GUEST_TRAPPED: &str = "guest-trapped";
    /// The guest ran past its deadline.
    pub const GUEST_DEADLINE: &str = "guest-deadline-exceeded";
    /// The guest asked for more memory than it may have.
    pub const GUEST_MEMORY: &str = "guest-memory-exceeded";
    /// The guest broke a rule of the contract: a garbage task id, a payload over the limit, …
    pub const GUEST_PROTOCOL: &str = "guest-broke-contract";
    /// No deployed component offers an orchestration of that name, and the operator wants such instances to fail.
    pub const ORCHESTRATION_NOT_FOUND: &str = "orchestration-not-found";
    /// No deployed component has an activity of that name.
    pub const ACTIVITY_NOT_FOUND: &str = "activity-not-found";
    /// The host cannot give an activity what its deployment grants it, such as a folder that is gone.
    pub const GRANT_UNAVAILABLE: &str = "grant-unavailable";
    /// A child could not start because its instance id is in use.
    pub const INSTANCE_EXISTS: &str = "instance-exists";
    /// A child that its rewound parent still waits for is not there any more: it was purged, or its id is another's.
    pub const INSTANCE_GONE: &str = "instance-gone";
    /// A child was terminated.
    pub const TERMINATED: &str = "terminated";
    /// The history grew past its limit.
    pub const HISTORY_TOO_LONG: &str = "history-too-long";
    /// The host failed while running an activity: a bug of the host.
    pub const HOST_PANICKED: &str = "host-panicked";
}
