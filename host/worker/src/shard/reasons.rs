//! Why an instance is held, in words for a person.

use std::fmt::Display;

use engine::{Nondeterminism, Timestamp};
use store::{HeldReason, StorageError};

/// The component and the history disagree.
pub(super) fn nondeterminism(mismatch: &Nondeterminism, now: Timestamp) -> HeldReason {
    let message = format!(
        "{mismatch}. The history is untouched. Deploy a component that matches it and the instance goes on by itself, \
         or move it to one that is deployed with `rondo migrate`."
    );
    reason(HeldReason::NONDETERMINISM, message, now)
}

/// There is no guest to run it.
pub(super) fn unavailable(why: &str, now: Timestamp) -> HeldReason {
    reason(
        HeldReason::COMPONENT_UNAVAILABLE,
        format!("{why}. Once such a component is deployed, the instance goes on by itself."),
        now,
    )
}

/// Nobody offers its orchestration.
pub(super) fn not_offered(why: &str, fails_at: Option<Timestamp>, now: Timestamp) -> HeldReason {
    let patience = match fails_at {
        Some(at) => format!(" If nobody does, it fails in {} s.", at.saturating_since(now).as_secs()),
        None => String::new(),
    };
    let message = format!(
        "{why}. Deploy a component that offers it and the instance goes on by itself; or terminate it.{patience}"
    );
    reason(HeldReason::ORCHESTRATION_NOT_FOUND, message, now)
}

/// The stored history is not one that the engine wrote.
pub(super) fn corrupt_history(problem: &dyn Display, now: Timestamp) -> HeldReason {
    let message = format!("{problem}. Restore it from a backup, then let it go on with `rondo migrate`; or purge it.");
    reason(HeldReason::CORRUPT_HISTORY, message, now)
}

/// Storage refuses the turn for good.
pub(super) fn storage(error: &StorageError, now: Timestamp) -> HeldReason {
    let message = format!("{error}: {}. Remove the cause, then let it go on with `rondo migrate`.", error.source);
    reason("storage", message, now)
}

/// The host itself failed.
pub(super) fn internal(what: &str, now: Timestamp) -> HeldReason {
    let message = format!("the host failed while running a turn: {what}. This is a bug of the host; please report it.");
    reason("internal", message, now)
}

fn reason(code: &str, message: String, since: Timestamp) -> HeldReason {
    HeldReason { code: code.to_owned(), message, since }
}
