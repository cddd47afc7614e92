//! What the worker needs of a backend.

use std::sync::Arc;

use async_trait::async_trait;
use engine::{EngineRevision, HistoryEvent, InstanceId, Message};

use crate::{ActivityQueue, CommitError, HeldReason, InstanceRow, StorageError, Token, TurnCommit};

/// Names a message that was handed out. Only its backend looks inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(pub u64);

/// A message that was handed out and stays stored until a commit consumes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// What a commit names to consume it.
    pub id: MessageId,
    /// The message.
    pub message: Message,
}

/// An instance that needs a turn.
///
/// Without messages it is a wake-up: a timer or retry is due, or a crash interrupted the instance's activities. One of
/// nothing but [`Message::Wake`] is the same: a backend whose wake-ups are messages hands them out as such, also where
/// it says below that a work item has no messages, and a commit consumes them like others. They come among other
/// messages as well, and more often than there is a reason for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkItem {
    /// Which instance.
    pub instance_id: InstanceId,
    /// What was sent to it, oldest first.
    pub messages: Vec<Envelope>,
}

/// All that is stored of an instance.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// What a commit on top of this must carry.
    pub token: Token,
    /// The instance row.
    pub row: InstanceRow,
    /// The current execution's history; empty before its first turn, and when it is damaged.
    pub history: Vec<HistoryEvent>,
    /// What is wrong with the stored history, for a person: the instance is to be held with this as the reason.
    pub damage: Option<String>,
    /// Messages that this host may have in hand, or may be handed out, although an earlier turn has taken them in: their
    /// removal did not come to pass. They must not be taken in again, which a worker ensures by running them as
    /// [`Message::Wake`], but a commit still has to consume them. Empty where consuming is part of the commit.
    pub taken_in: Vec<MessageId>,
    /// Of the turn committed last only the history is certain: readers may still be shown what was before it. The next
    /// commit makes up for that, so there is to be one, even if it changes nothing.
    pub is_unfinished: bool,
}

/// The worker's view of a backend.
///
/// A host calls these for the instances it owns. Which those are is the backend's business: where several hosts share a
/// task hub, instances move between them. Two hosts that believe to own the same instance harm nobody: the commit of the
/// slower one is `Stale`, or `NotOwned` if its backend has noticed.
#[async_trait]
pub trait WorkSource: Send + Sync + 'static {
    /// Waits until instances need turns and hands out up to `max` work items (at least 1, at most
    /// [`crate::limits::WORK_ITEMS_PER_FETCH_MAX`]), each of another instance.
    ///
    /// A message is handed out once, until `abandon`, a stale commit that names it, `release`, a replacement of the
    /// instance, or a restart brings it back. An instance may be handed out again, with newer messages, while earlier
    /// ones of it are being worked on. A wake-up is handed out once its `wake_at` has passed, unless a later commit
    /// changed it; with `has_open_activities`, once after a restart, and once after this host has come to own the
    /// instance. Held instances are not handed out. Instances that are ready take turns: none waits forever.
    ///
    /// A message to an instance that does not exist may be handed out as well, where the backend learns only from `load`
    /// that there is none; once that has answered so, the message is gone.
    ///
    /// An error says that storage does not answer. It is told once, or as often as the backend likes; see
    /// [`is_available`](Self::is_available) for when it is over.
    ///
    /// Dropping the future loses nothing.
    async fn fetch(&self, max: usize) -> Result<Vec<WorkItem>, StorageError>;

    /// Whether work that was just handed out shows that storage answers. A backend that hands out from memory may have
    /// work although storage does not answer; it tells that it does again by answering a `fetch` with nothing.
    fn is_available(&self) -> bool {
        true
    }

    /// The newest rules that an execution may follow which begins now: every host that shares the task hub knows them.
    /// May change at any time, and costs nothing to ask.
    fn engine_revision(&self) -> EngineRevision;

    /// Everything stored of an instance, consistent in itself and never behind what was committed; none when there is
    /// no such instance.
    ///
    /// A damaged history is part of the answer, so that the instance can be held; see [`Snapshot::damage`].
    ///
    /// # Errors
    /// `Permanent`: the row itself is damaged, which says nothing about other instances.
    async fn load(&self, instance_id: &InstanceId) -> Result<Option<Snapshot>, StorageError>;

    /// Commits one turn, all or nothing as far as a reader can tell; see [`TurnCommit`].
    ///
    /// After `Ok` the answered token is the one to commit the next turn under, with no read in between. Dropping the
    /// future leaves open whether the turn was committed.
    async fn commit(&self, commit: TurnCommit) -> Result<Token, CommitError>;

    /// Whether the futures of `commit` and `hold` may be polled on any thread, because they do no I/O themselves: they
    /// wait for a thread of the backend's own, or are done at once. A worker then polls them on the thread that runs
    /// the instance, which spares two changes of threads on the way of every turn.
    fn commits_elsewhere(&self) -> bool {
        false
    }

    /// Gives a work item back: what is still stored of it, or the wake-up, is handed out again after
    /// [`crate::limits::ABANDONED_REST`], together with what arrives for the instance until then. A commit ends the
    /// rest: it shows that the instance can be worked on. Nothing happens if the instance is gone, or is no longer this
    /// host's.
    async fn abandon(&self, work: WorkItem) -> Result<(), StorageError>;

    /// Stops handing out an instance until [`crate::Client::release`], and says why. Its messages stay.
    ///
    /// Conditional on the token like a commit; nothing of the history changes. Answers with the new token.
    /// Messages in hand need not be abandoned: `release` hands out everything again.
    ///
    /// # Errors
    /// As for a commit: `Stale` and `NotOwned` mean that the decision to hold was made on something outdated.
    async fn hold(&self, instance_id: &InstanceId, token: Token, reason: HeldReason) -> Result<Token, CommitError>;

    /// Where activities go that this host has no room for; none: each host runs what it has scheduled itself. Always
    /// the same answer.
    fn activity_queue(&self) -> Option<Arc<dyn ActivityQueue>> {
        None
    }

    /// Finishes what was begun, and hands out nothing any more. Waiting `fetch` calls, and later ones, answer with
    /// nothing; other calls begun afterwards fail as `NotDone`.
    async fn shutdown(&self) -> Result<(), StorageError>;
}
