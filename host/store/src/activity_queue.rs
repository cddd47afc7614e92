//! Activities that any host of a task hub may run.

use async_trait::async_trait;
use engine::{ActivityTask, Digest, Message};

use crate::StorageError;

/// An attempt of an activity that the host which scheduled it has no room for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferedActivity {
    /// What to run.
    pub task: ActivityTask,
    /// The pin of the instance that scheduled it: the component whose own activity of that name comes first.
    pub component: Option<Digest>,
}

/// Names an activity that was taken. Only its backend looks inside; another process has no use for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TakenId(pub u64);

/// An activity that this host is to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenActivity {
    /// What names it from here on.
    pub id: TakenId,
    /// What to run.
    pub activity: OfferedActivity,
}

/// Where hosts leave activities for each other.
///
/// Lossless, but not exact: what was offered runs at least once, sometimes twice, and may run although nobody waits for
/// it any more. The engine takes in one result of an attempt and drops the others. Nothing is withdrawn: an attempt that
/// is canceled after it was offered runs for nothing.
///
/// Ends with [`crate::WorkSource::shutdown`]: waiting `take` calls, and later ones, answer with nothing; other calls begun
/// afterwards fail as `NotDone`.
#[async_trait]
pub trait ActivityQueue: Send + Sync + 'static {
    /// Leaves an activity for whoever has room for it, this host included. Durable once it answers `Ok`.
    ///
    /// # Errors
    /// After an unknown outcome the activity may have been left nevertheless.
    async fn offer(&self, activity: OfferedActivity) -> Result<(), StorageError>;

    /// Waits until there are activities and takes up to `max` (at least 1) of them, oldest first as far as the backend
    /// can tell.
    ///
    /// What was taken is nobody else's until it is finished or given back, for as long as this process lives; the
    /// backend renews its claim by itself. What a dead process had taken is handed out again. Dropping the future loses
    /// nothing.
    async fn take(&self, max: usize) -> Result<Vec<TakenActivity>, StorageError>;

    /// Sends `result`, a [`Message::TaskCompleted`] or a [`Message::TaskFailed`], to the instance that waits for it, and
    /// then removes the activity: a crash in between leads to a second result, never to none. Like any message it is
    /// dropped if there is no such instance. Nothing happens if the activity is no longer in hand.
    ///
    /// # Errors
    /// The activity is still in hand: finish it again if the error is transient; otherwise it returns with a restart.
    async fn finish(&self, id: TakenId, result: Message) -> Result<(), StorageError>;

    /// Leaves a taken activity to others. Nothing happens if it is no longer in hand.
    async fn give_back(&self, id: TakenId) -> Result<(), StorageError>;
}
