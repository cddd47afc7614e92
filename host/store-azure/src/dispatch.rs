//! What this host has in hand: messages it took from the control queues of its partitions, and who is to be woken.
//!
//! Everything in here can be lost without harm: messages show up again in their queue, wake-ups are backed by a
//! message that stays stored.

mod entry;
mod renewal;
mod state;
mod term;
mod validity;

use std::sync::{Mutex, MutexGuard, PoisonError};

use engine::{InstanceId, Message, Timestamp};
use store::{InstanceRow, MessageId};
use tokio::sync::Notify;
use tokio::sync::futures::Notified;
use tokio::time::Instant;

pub(crate) use self::entry::{Armed, Spent};
pub(crate) use self::renewal::{Renewal, Renewed};
pub(crate) use self::state::{Added, CommitPlan, Committed, Shown, Start, State};
pub(crate) use self::term::Term;

/// A queue message's own id, as the sentinel lists it.
pub(crate) type Guid = [u8; 16];

/// A message fresh from its queue.
#[derive(Debug, Clone)]
pub(crate) struct Arrival {
    pub(crate) partition: u8,
    pub(crate) to: InstanceId,
    pub(crate) message: Message,
    /// Of a start: an orchestration has sent it, and nobody has to have written a row for it.
    pub(crate) begins_without_row: bool,
    /// Of a suspend or resume: when it was sent.
    pub(crate) switched_at: Option<Timestamp>,
    pub(crate) receipt: azure::Receipt,
    /// As it is stored: a renewal has to repeat it.
    pub(crate) text: Box<str>,
    pub(crate) dequeue_count: u32,
    /// When it shows up in its queue again unless it is renewed.
    pub(crate) lapses_at: Instant,
    /// What was read of the row to admit a start.
    pub(crate) hint: Option<Hint>,
}

/// What is known of an instance's row before it is loaded, so that loading need not read it again.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Hint {
    /// There is none.
    Absent,
    /// As read, or as written by this host's own client.
    Row { row: Box<InstanceRow>, etag: azure::ETag },
}

/// [`State`] behind a lock, and what tells that it has changed.
#[derive(Debug, Default)]
pub(crate) struct Dispatch {
    state: Mutex<State>,
    changed: Notify,
}

impl Dispatch {
    /// Looks, without changing what others wait for.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes it and wakes whoever waits.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let answer = change(&mut self.state());
        self.changed.notify_waiters();
        answer
    }

    /// Answers when something changes after this call, even if that is before the answer is polled.
    pub(crate) fn changed(&self) -> Notified<'_> {
        self.changed.notified()
    }
}

/// A queue message's id in 16 bytes; of one that is not a GUID, a hash.
pub(crate) fn guid(message_id: &str) -> Guid {
    let hex: String = message_id.chars().filter(|c| *c != '-').collect();
    match u128::from_str_radix(&hex, 16) {
        Ok(number) if hex.len() == 32 => number.to_be_bytes(),
        _ => {
            let digest = engine::Digest::of(message_id.as_bytes());
            let mut guid = Guid::default();
            guid.copy_from_slice(&digest.as_bytes()[..16]);
            guid
        }
    }
}

/// Names a message of an instance.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    pub(crate) instance_id: InstanceId,
    pub(crate) id: MessageId,
}

#[cfg(test)]
mod tests;
