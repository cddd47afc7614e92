//! The guest as the engine sees it: a function from turns to actions.

use crate::{Action, Digest, Execution, Failure, Payload, TaskId, Timestamp};

/// A live guest, already started for one execution. Tests use closures, the host uses WebAssembly.
pub trait Guest {
    /// Runs the turns in order; one list of actions for each.
    ///
    /// # Errors
    /// After any error the guest is used no more.
    fn run(&mut self, turns: &[Turn]) -> Result<Vec<Vec<Action>>, GuestError>;

    /// Bytes this guest keeps alive between calls; what the warm cache counts.
    fn memory_bytes(&self) -> usize;
}

/// Where guests come from.
pub trait GuestSource {
    /// A fresh guest, started for `execution`.
    ///
    /// `component`: the digest the instance is pinned to; none: the newest that offers the orchestration.
    /// Answers with the digest it chose, which is from now on the pin.
    fn start(
        &mut self,
        execution: &Execution,
        component: Option<Digest>,
    ) -> Result<(Box<dyn Guest>, Digest), GuestError>;
}

/// One turn, as handed to a guest.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    /// The time the guest sees.
    pub now: Timestamp,
    /// What happened.
    pub events: Vec<Event>,
}

/// Something that happened and that the guest waits for.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "the meaning of every case is in wit/types.wit")]
pub enum Event {
    ActivityCompleted { task: TaskId, output: Option<Payload> },
    ActivityFailed { task: TaskId, failure: Failure },
    TimerFired { task: TaskId },
    ChildCompleted { task: TaskId, output: Option<Payload> },
    ChildFailed { task: TaskId, failure: Failure },
    EventRaised { task: TaskId, data: Option<Payload> },
}

/// Why a guest gave no answer.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GuestError {
    /// The guest itself is at fault: its instance fails with this, in its history.
    #[error("{}: {}", .0.kind, .0.message)]
    Failed(Failure),
    /// The host has no such guest right now: the instance is held, nothing is recorded, and it goes on once the
    /// reason is gone.
    #[error("{0}")]
    Unavailable(String),
}
