//! What the API needs of a backend.

use async_trait::async_trait;
use engine::{Digest, EventId, ExecutionStarted, InstanceId, InstanceState, Message, RuntimeStatus};

use crate::{HistoryPage, InstanceFilter, InstancePage, InstanceRow, PurgeFilter, StorageError};

/// A new instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateInstance {
    /// Its id.
    pub instance_id: InstanceId,
    /// How it begins.
    pub start: ExecutionStarted,
    /// What to do when the id is in use.
    pub existing: ExistingInstance,
}

/// What to do when the id of a new instance is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ExistingInstance {
    /// Refuse whatever there is.
    Refuse,
    /// Replace an instance that has ended; refuse one that has not.
    ///
    /// The row becomes that of the new instance at once. The old history stays stored, and is loaded, until the first
    /// commit replaces it.
    #[default]
    ReplaceEnded,
}

/// Whether an instance of that status takes a message of a client. A rewind needs one that has failed, and one that has
/// ended takes a termination of it and its children: those may still run.
pub fn is_welcome(message: &Message, status: RuntimeStatus) -> bool {
    match message {
        Message::Rewind { .. } => status == RuntimeStatus::Failed,
        Message::Terminate { recurse: true, .. } => true,
        _ => !status.is_terminal(),
    }
}

/// The row of an instance that has been started and has had no turn.
pub fn pending_state(instance_id: InstanceId, start: &ExecutionStarted) -> InstanceState {
    InstanceState {
        instance_id,
        execution_id: start.execution_id,
        name: start.name.clone(),
        version: start.version.clone(),
        status: RuntimeStatus::Pending,
        input: start.input.clone(),
        output: None,
        failure: None,
        custom_status: None,
        tags: start.tags.clone(),
        parent: start.parent.clone(),
        created_at: start.created_at,
        updated_at: start.created_at,
        completed_at: None,
        scheduled_start: start.scheduled_start,
        component: None,
        generation: start.generation,
        first_execution: start.first_execution,
    }
}

/// Why an instance was not created.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CreateError {
    /// The id is in use: choose another, or wait for the end of that instance.
    #[error("instance {0} exists")]
    Exists(InstanceId),
    /// Too much is waiting already: try again later.
    #[error("the task hub has too many waiting messages")]
    Overloaded,
    /// The medium failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Why an operation on an instance was not done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InstanceError {
    /// There is no such instance.
    #[error("there is no instance {0}")]
    NotFound(InstanceId),
    /// The instance is not in a state that allows this; the row tells which.
    #[error("instance {} is {}", .0.state.instance_id, .0.state.status.name())]
    WrongStatus(Box<InstanceRow>),
    /// Too much is waiting already: try again later.
    #[error("the task hub has too many waiting messages")]
    Overloaded,
    /// The medium failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// The API's view of a backend. All operations are durable when they answer `Ok`.
#[async_trait]
pub trait Client: Send + Sync + 'static {
    /// Creates an instance: a `Pending` row and a start message, together. What was waiting for an instance that is
    /// replaced goes on waiting, before the start.
    async fn create(&self, instance: CreateInstance) -> Result<(), CreateError>;

    /// Sends a message to an instance that has not ended; see [`is_welcome`] for exceptions. [`Message::Wake`] is not
    /// for clients.
    ///
    /// A message that names no execution is addressed to the one whose status allowed it ([`InstanceRow::addressee`]), so
    /// that it does not reach another one that is created later under the same id.
    async fn send(&self, instance_id: &InstanceId, message: Message) -> Result<(), InstanceError>;

    /// The instance row.
    ///
    /// Where the row that readers see is kept beside the history, it may lag by a few seconds in `updated_at`,
    /// `revision`, `last_event` and `wake_at` while a commit has changed nothing else in it. Rows in lists, in errors
    /// and from `changed` are the same rows. [`crate::WorkSource::load`] never lags.
    async fn get(&self, instance_id: &InstanceId) -> Result<Option<InstanceRow>, StorageError>;

    /// One page of the stored history: from `from` on, at most `max` events, of bounded bytes (see [`crate::PageRoom`]); empty
    /// when there is none. A page costs what is in it, not what comes before or behind it.
    async fn history(&self, instance_id: &InstanceId, from: EventId, max: usize) -> Result<HistoryPage, StorageError>;

    /// Instances, one page at a time: newest first by creation where the backend can sort, else in an order of its own.
    /// An instance that exists from the first page to the last and is not replaced meanwhile is listed exactly once.
    /// A page is bounded in bytes as well, see [`crate::PageRoom`].
    ///
    /// # Errors
    /// `Permanent` for a continuation that no page has answered with.
    async fn list(&self, filter: &InstanceFilter) -> Result<InstancePage, StorageError>;

    /// Deletes an ended instance with its history and whatever was waiting for it. Parents that were waiting for an answer
    /// get [`OutboxMessage::answer_for_gone`](engine::OutboxMessage::answer_for_gone).
    async fn purge(&self, instance_id: &InstanceId) -> Result<(), InstanceError>;

    /// Deletes all ended instances that match; answers how many there were.
    async fn purge_matching(&self, filter: &PurgeFilter) -> Result<u64, StorageError>;

    /// Lets a held instance go on and, if given, pins it to another component first. Also migrates one that is not
    /// held; without a component that does nothing.
    ///
    /// A host that has the instance warm finds its next commit `Stale`. All messages that are stored for the instance
    /// are handed out again, even if a host has them in hand; a wake-up if there are none.
    async fn release(&self, instance_id: &InstanceId, component: Option<Digest>) -> Result<(), InstanceError>;

    /// Answers once the row may differ from what the caller knows: its `revision` is greater than `seen`, or the
    /// instance is gone. Changes made through this backend are noticed at once, others within a poll interval.
    /// Waits for as long as it takes; dropping the future is safe.
    async fn changed(&self, instance_id: &InstanceId, seen: u64) -> Result<Option<InstanceRow>, StorageError>;
}
