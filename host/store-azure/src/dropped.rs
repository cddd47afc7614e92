//! Messages that are dropped for good: each leaves a line in the log, as nobody sees it again.

use azure::Receipt;
use engine::{InstanceId, Message};

use crate::core::Core;

/// Why a message is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// Of a start: another execution has the id, or had it first, and its sender learns that by itself.
    Refused,
    /// Of a start of a client: its row never came, or was purged.
    NoRow,
    /// Of a start of an orchestration: what it has started was purged.
    Purged,
    /// The instance it is for does not exist.
    NoInstance,
}

impl Core {
    /// Deletes a message that no instance will take in.
    pub(crate) fn drop_message(&self, partition: u8, receipt: Receipt, to: &InstanceId, message: &Message, why: Why) {
        let (instance_id, message) = (to, name_of(message));
        match why {
            Why::Refused => {
                tracing::info!(%instance_id, message, "a message is dropped: another execution has the id");
            }
            Why::NoRow => tracing::warn!(
                %instance_id,
                message,
                "a message is dropped: the client that sent it has written no instance row; start the instance again"
            ),
            Why::Purged => tracing::info!(%instance_id, message, "a message is dropped: what it started was purged"),
            Why::NoInstance => {
                tracing::info!(%instance_id, message, "a message is dropped: the instance does not exist");
            }
        }
        self.delete_quietly(partition, receipt);
    }
}

/// What a message is, without what it says.
fn name_of(message: &Message) -> &'static str {
    match message {
        Message::Start(_) => "start",
        Message::TaskCompleted { .. } => "task-completed",
        Message::TaskFailed { .. } => "task-failed",
        Message::ChildCompleted { .. } => "child-completed",
        Message::ChildFailed { .. } => "child-failed",
        Message::RaiseEvent { .. } => "raise-event",
        Message::Terminate { .. } => "terminate",
        Message::Suspend { .. } => "suspend",
        Message::Resume { .. } => "resume",
        Message::Rewind { .. } => "rewind",
        Message::Wake => "wake",
        _ => "other",
    }
}
