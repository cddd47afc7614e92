//! Queue messages: DurableTask's JSON around ours.
//!
//! What has no member there is in one of our own, `Rondo`, which DurableTask skips.

mod decode;
mod encode;
mod shape;

use engine::{ActivityTask, Digest, ExecutionId, InstanceId, Message, Timestamp};

use super::Overflow;

pub(crate) use decode::{addressee, decode, input_of_start, sent_at};
pub(crate) use encode::encode;

/// What a queue message says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Content {
    /// A message to an instance; in a control queue.
    ToInstance {
        /// To whom.
        to: InstanceId,
        /// What.
        message: Message,
        /// Of a start: what it may replace.
        replaces: Replaces,
    },
    /// An attempt of an activity; in the work-item queue.
    Activity {
        /// Which.
        task: ActivityTask,
        /// The component to run it on.
        component: Option<Digest>,
    },
    /// The whole message is in a blob of that name, to be unpacked and decoded in its place.
    InBlob {
        /// Its name.
        name: String,
    },
}

/// What a start may replace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Replaces {
    /// Nothing: there was no instance of that id.
    Nothing,
    /// That execution, which has ended.
    Execution(ExecutionId),
    /// Whatever execution has ended; what has not is for the engine to see. So it is of another orchestration.
    Ended,
    /// The same, and its sender has inserted the row before: where there is none, it has been purged.
    EndedShown,
    /// Like the one of an orchestration, sent once more because the first time may have come to nothing: what it starts may have begun.
    EndedAgain,
    /// The sender did not say; so it is of a DurableTask client.
    Unsaid,
}

impl Replaces {
    /// Whether an orchestration has sent the start. Then its commit vouches for it; a client's start is nothing without
    /// the row that the client writes.
    pub(crate) fn is_of_orchestration(self) -> bool {
        matches!(self, Self::Ended | Self::EndedShown | Self::EndedAgain)
    }
}

/// What surrounds a message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Header<'a> {
    /// Names the message, and its blob if it has one.
    pub(crate) activity_id: [u8; 16],
    /// Counts what this process sends.
    pub(crate) sequence: u64,
    /// Who sends it; none: a client.
    pub(crate) sender: Option<(&'a InstanceId, ExecutionId)>,
    /// When it is sent; of a wake-up, when it is due.
    pub(crate) at: Timestamp,
}

/// A message as it is put into a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Encoded {
    /// The text.
    pub(crate) text: String,
    /// What has to be stored before, if it was too long.
    pub(crate) blob: Option<Overflow>,
}

#[cfg(test)]
mod tests;
