//! What goes into a shard and what comes out, as plain data.

use engine::{ActivityTask, Digest, ExecutionId, Failure, InstanceId, LogLine, Message, Payload, TaskId};
use store::{CommitError, HeldReason, Snapshot, StorageError, Token, TurnCommit, WorkItem};

use crate::{Span, Unprepared};

/// Names one attempt of one activity.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActivityKey {
    /// Who waits for it.
    pub instance_id: InstanceId,
    /// Which execution of it.
    pub execution_id: ExecutionId,
    /// Its number there.
    pub task: TaskId,
    /// Which attempt, from 1.
    pub attempt: u32,
}

impl ActivityKey {
    /// The name of this attempt.
    pub fn of(task: &ActivityTask) -> Self {
        Self {
            instance_id: task.instance_id.clone(),
            execution_id: task.execution_id,
            task: task.task,
            attempt: task.attempt,
        }
    }

    /// The attempt whose end a message tells of; none for other messages.
    pub(super) fn of_result(instance_id: &InstanceId, message: &Message) -> Option<Self> {
        match *message {
            Message::TaskCompleted { execution_id, task, attempt, .. }
            | Message::TaskFailed { execution_id, task, attempt, .. } => {
                Some(Self { instance_id: instance_id.clone(), execution_id, task, attempt })
            }
            _ => None,
        }
    }

    /// The message that tells the instance how the attempt ended.
    pub(crate) fn message(&self, result: Result<Option<Payload>, Failure>) -> Message {
        let Self { instance_id: _, execution_id, task, attempt } = *self;
        match result {
            Ok(output) => Message::TaskCompleted { execution_id, task, attempt, output },
            Err(failure) => Message::TaskFailed { execution_id, task, attempt, failure },
        }
    }
}

/// What a shard is told.
#[derive(Debug)]
pub enum Input {
    /// The backend handed this out.
    Work(WorkItem),
    /// Answer to [`Effect::Load`].
    Loaded {
        /// Which instance.
        instance_id: InstanceId,
        /// What is stored.
        result: Result<Option<Box<Snapshot>>, StorageError>,
    },
    /// Answer to [`Effect::Prepare`].
    Prepared {
        /// Which instance.
        instance_id: InstanceId,
        /// Why there is no guest.
        result: Result<(), Unprepared>,
    },
    /// Answer to [`Effect::Commit`].
    Committed {
        /// Which instance.
        instance_id: InstanceId,
        /// The token of the next turn.
        result: Result<Token, CommitError>,
    },
    /// Answer to [`Effect::Hold`].
    Held {
        /// Which instance.
        instance_id: InstanceId,
        /// The new token, of no further use.
        result: Result<Token, CommitError>,
    },
    /// Answer to [`Effect::RunActivity`], unless it was canceled or left to another host.
    ActivityDone {
        /// Which attempt.
        key: ActivityKey,
        /// How it ended.
        result: Result<Option<Payload>, Failure>,
        /// What to tell of it once its result is durable, if anybody wants to know.
        span: Option<Box<Span>>,
    },
    /// Start nothing more; give back what can be given back. No activity starts after this.
    Drain,
}

impl Input {
    /// Which instance it is about; none for what concerns all.
    pub(super) fn instance_id(&self) -> Option<&InstanceId> {
        match self {
            Self::Work(work) => Some(&work.instance_id),
            Self::Loaded { instance_id, .. }
            | Self::Prepared { instance_id, .. }
            | Self::Committed { instance_id, .. }
            | Self::Held { instance_id, .. } => Some(instance_id),
            Self::ActivityDone { key, .. } => Some(&key.instance_id),
            Self::Drain => None,
        }
    }
}

/// What a shard wants done. Each is independent of the others, except that they are begun in order.
#[derive(Debug)]
pub enum Effect {
    /// Read an instance; answer with [`Input::Loaded`].
    Load {
        /// Which instance.
        instance_id: InstanceId,
        /// Counts from 0; wait before the later ones.
        attempt: u32,
    },
    /// Have a guest ready to start; answer with [`Input::Prepared`].
    Prepare {
        /// For which instance.
        instance_id: InstanceId,
        /// Its orchestration.
        orchestration: String,
        /// Its pin.
        component: Option<Digest>,
    },
    /// Make a turn durable; answer with [`Input::Committed`].
    Commit {
        /// The turn.
        commit: Box<TurnCommit>,
        /// Counts from 0; wait before the later ones.
        attempt: u32,
    },
    /// Hold an instance; answer with [`Input::Held`].
    Hold {
        /// Which instance.
        instance_id: InstanceId,
        /// What the decision is based on.
        token: Token,
        /// Why.
        reason: HeldReason,
        /// Counts from 0; wait before the later ones.
        attempt: u32,
    },
    /// Run one attempt, or leave it to another host; answer with [`Input::ActivityDone`] if it was run here. Otherwise
    /// the backend hands its result out, as a message.
    RunActivity {
        /// What to run.
        task: Box<ActivityTask>,
        /// The pin of the instance.
        component: Option<Digest>,
    },
    /// Nobody waits for this attempt any more. No answer.
    CancelActivity(ActivityKey),
    /// Give messages, or a wake-up, back to the backend. No answer.
    Abandon(WorkItem),
    /// A guest logged this, in a turn that is durable. No answer.
    GuestLog {
        /// Which instance.
        instance_id: InstanceId,
        /// The line.
        line: LogLine,
    },
    /// What took time has become durable. No answer.
    Tell(Box<Span>),
    /// Something that a person may want to know. No answer.
    Notice(Notice),
}

impl Effect {
    /// Which instance waits for what becomes of it; none if nobody does.
    pub(crate) fn waiting(&self) -> Option<&InstanceId> {
        match self {
            Self::Load { instance_id, .. } | Self::Prepare { instance_id, .. } | Self::Hold { instance_id, .. } => {
                Some(instance_id)
            }
            Self::Commit { commit, .. } => Some(&commit.instance_id),
            Self::RunActivity { task, .. } => Some(&task.instance_id),
            Self::CancelActivity(_) | Self::Abandon(_) | Self::GuestLog { .. } | Self::Tell(_) | Self::Notice(_) => {
                None
            }
        }
    }
}

/// Something that a person may want to know.
#[derive(Debug)]
pub enum Notice {
    /// Somebody else moved an instance on while this host believed to own it. The turn was dropped, nothing of it left.
    SplitBrainDetected {
        /// Which instance.
        instance_id: InstanceId,
        /// What the turn was computed on.
        held: Token,
        /// What is stored; none when the instance is gone.
        stored: Option<Token>,
    },
    /// An instance moved to another host in good order while a turn of it was computed here. The turn was dropped.
    NotOwned {
        /// Which instance.
        instance_id: InstanceId,
    },
    /// An instance was held.
    Held {
        /// Which instance.
        instance_id: InstanceId,
        /// Why.
        reason: HeldReason,
    },
    /// An instance could not be held: it is left alone until a restart.
    HoldFailed {
        /// Which instance.
        instance_id: InstanceId,
        /// Why it was to be held.
        reason: HeldReason,
        /// What storage said.
        error: StorageError,
    },
    /// Storage failed, and what failed is tried again or given back.
    StorageFailed {
        /// For which instance.
        instance_id: InstanceId,
        /// What storage said.
        error: StorageError,
    },
    /// An instance cannot be read at all: it is left alone until a restart.
    Unreadable {
        /// Which instance.
        instance_id: InstanceId,
        /// What storage said.
        error: StorageError,
    },
    /// The host panicked, which is a bug of it. Unless it is left alone, the instance is held.
    Panicked {
        /// Over which instance; none if over none in particular.
        instance_id: Option<InstanceId>,
        /// What the panic said.
        what: String,
        /// It happened again and again, or during a shutdown: nothing is done about the instance until a restart.
        is_left_alone: bool,
    },
    /// Messages for an instance that does not exist were dropped.
    InstanceGone {
        /// Which instance.
        instance_id: InstanceId,
    },
}
