//! What a status query shows of an instance.

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};

use crate::{Digest, ExecutionId, Failure, InstanceId, Parent, Payload, Timestamp};

/// Where an instance stands. Persisted by number, shown by the DurableTask name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum RuntimeStatus {
    /// Created; its guest has not run yet.
    #[n(0)]
    Pending,
    /// Its guest runs or waits.
    #[n(1)]
    Running,
    /// Held back by a client.
    #[n(2)]
    Suspended,
    /// Ended with a result.
    #[n(3)]
    Completed,
    /// Ended with a failure.
    #[n(4)]
    Failed,
    /// Ended by a client or a parent.
    #[n(5)]
    Terminated,
}

impl RuntimeStatus {
    /// Every status, in order.
    pub const ALL: [Self; 6] =
        [Self::Pending, Self::Running, Self::Suspended, Self::Completed, Self::Failed, Self::Terminated];

    /// Whether the instance has ended. Only a rewind or a new start leads out of here.
    pub const fn is_terminal(self) -> bool {
        match self {
            Self::Pending | Self::Running | Self::Suspended => false,
            Self::Completed | Self::Failed | Self::Terminated => true,
        }
    }

    /// The name that DurableTask tools know.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Running => "Running",
            Self::Suspended => "Suspended",
            Self::Completed => "Completed",
            Self::Failed => "Failed",
            Self::Terminated => "Terminated",
        }
    }
}

/// The instance row's content, as far as the engine decides it. Derived from the history; backends store it for queries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceState {
    /// The user's id.
    pub instance_id: InstanceId,
    /// The current generation.
    pub execution_id: ExecutionId,
    /// The orchestration's name.
    pub name: String,
    /// The version text that was asked for.
    pub version: Option<String>,
    /// Where it stands.
    pub status: RuntimeStatus,
    /// The current generation's input.
    pub input: Option<Payload>,
    /// The result, or the reason of a termination.
    pub output: Option<Payload>,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// What the guest wants shown.
    pub custom_status: Option<Payload>,
    /// Sorted by key.
    pub tags: BTreeMap<String, String>,
    /// Who waits for the result.
    pub parent: Option<Parent>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When its last turn was.
    pub updated_at: Timestamp,
    /// When it ended.
    pub completed_at: Option<Timestamp>,
    /// When its guest may run first.
    pub scheduled_start: Option<Timestamp>,
    /// The component it is pinned to; none until its guest has run.
    pub component: Option<Digest>,
    /// How many continue-as-new came before.
    pub generation: u32,
    /// The first generation, where this is a later one and it was recorded; see [`ExecutionStarted`].
    ///
    /// [`ExecutionStarted`]: crate::ExecutionStarted
    pub first_execution: Option<ExecutionId>,
}
