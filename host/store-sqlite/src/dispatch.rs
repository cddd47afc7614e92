//! Work that is ready to be handed out, in memory.
//!
//! The writer puts it here once it is committed, and `fetch` takes it: on the way of a message from its sender to its
//! receiver nothing is read from the file. What is here is bounded; the rest stays in the file and is read in pages
//! when its turn comes, by the writer, so that nothing changes in between.

mod state;

use std::sync::{Mutex, MutexGuard, PoisonError};

use engine::{InstanceId, Message, Timestamp};
use store::wake::Horizon;
use store::{Envelope, InstanceRow, MessageId, WorkItem};
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use self::state::State;
use crate::Options;

/// An instance by its number in the file, and what it is called.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) number: i64,
    pub(crate) id: InstanceId,
}

/// A message and what it takes.
#[derive(Debug, Clone)]
pub(crate) struct Loaded {
    pub(crate) id: MessageId,
    pub(crate) message: Message,
    pub(crate) bytes: usize,
}

/// What a committed transaction means for the work that is ready.
#[derive(Debug)]
pub(crate) enum Change {
    /// An instance was inserted.
    Created { key: Key, row: Box<InstanceRow> },
    /// A message was stored.
    Stored { key: Key, is_held: bool, message: Loaded },
    /// A turn was committed. The row is there if anybody watches it.
    Committed {
        key: Key,
        is_held: bool,
        consumed: Vec<MessageId>,
        wake_at: Option<Timestamp>,
        row: Option<Box<InstanceRow>>,
    },
    /// Messages, or a wake-up if there are none, were given back and are still wanted.
    GivenBack { key: Key, messages: Vec<Loaded>, ready_at: Timestamp },
    /// Whoever has messages in hand is stale.
    TakenBack { key: Key, owes_wake_up: bool, wake_at: Option<Timestamp> },
    /// The instance is not to be handed out.
    Held { key: Key },
    /// The instance is gone.
    Purged { key: Key },
}

impl Change {
    pub(crate) fn key(&self) -> &Key {
        match self {
            Self::Created { key, .. }
            | Self::Stored { key, .. }
            | Self::Committed { key, .. }
            | Self::GivenBack { key, .. }
            | Self::TakenBack { key, .. }
            | Self::Held { key }
            | Self::Purged { key } => key,
        }
    }
}

/// What is to be read from the file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// Messages of any instance behind this one.
    pub(crate) messages_after: Option<MessageId>,
    /// Messages of one instance that was taken back.
    pub(crate) taken_back: Option<TakenBack>,
    /// Wake-ups behind this horizon, at most so many.
    pub(crate) wake_ups: Option<(Horizon<Key>, usize)>,
    /// Instances with open activities behind this number.
    pub(crate) open_after: Option<i64>,
    /// Of messages: at most so many, and so many bytes.
    pub(crate) messages_max: usize,
    pub(crate) bytes_max: usize,
}

/// Messages of one instance that go out again: those behind `after`, up to and including `up_to`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TakenBack {
    pub(crate) key: Key,
    pub(crate) after: MessageId,
    pub(crate) up_to: MessageId,
}

/// What was read; each part is there if it was wanted.
#[derive(Debug, Default)]
pub(crate) struct Page {
    /// The messages, the last one looked at, and whether there may be more behind it.
    pub(crate) messages: Option<MessagePage>,
    /// The same of the instance that was taken back.
    pub(crate) taken_back: Option<MessagePage>,
    /// Wake-ups up to a new horizon.
    pub(crate) wake_ups: Option<WakeUpPage>,
    /// Instances with open activities, and whether there may be more.
    pub(crate) open: Option<(Vec<Key>, bool)>,
}

impl Page {
    /// Whatever was found damaged.
    pub(crate) fn damaged(&self) -> impl Iterator<Item = &(Key, String)> {
        self.messages.iter().chain(&self.taken_back).flat_map(|page| &page.damaged)
    }
}

/// Some wake-ups, and up to where these are all there are.
pub(crate) type WakeUpPage = (Vec<(Timestamp, Key)>, Horizon<Key>);

/// Some messages in the order of their numbers.
#[derive(Debug)]
pub(crate) struct MessagePage {
    pub(crate) messages: Vec<(Key, Loaded)>,
    /// The last one that was looked at, readable or not.
    pub(crate) last: MessageId,
    pub(crate) is_last_page: bool,
    /// Instances of messages that cannot be read, and what is wrong with those.
    pub(crate) damaged: Vec<(Key, String)>,
}

/// What `fetch` found.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) items: Vec<WorkItem>,
    pub(crate) is_shut_down: bool,
    /// When to look again even if nothing happens.
    pub(crate) look_again_at: Option<Timestamp>,
}

/// All of it.
#[derive(Debug)]
pub(crate) struct Dispatch {
    state: Mutex<State>,
    changed: Notify,
}

impl Dispatch {
    /// Nothing is known yet of what the file holds.
    pub(crate) fn new(options: &Options) -> Self {
        Self { state: Mutex::new(State::new(options)), changed: Notify::new() }
    }

    /// Answers when something changes after this call, even if that is before the answer is polled.
    pub(crate) fn changed(&self) -> Notified<'_> {
        self.changed.notified()
    }

    pub(crate) fn take(&self, max: usize, now: Timestamp) -> Taken {
        self.state().take(max, now)
    }

    pub(crate) fn wanted(&self, now: Timestamp) -> Option<Wanted> {
        self.state().wanted(now)
    }

    pub(crate) fn apply(&self, changes: Vec<Change>) {
        let mut is_news = false;
        let mut state = self.state();
        for change in changes {
            is_news |= state.apply(change);
        }
        drop(state);
        if is_news {
            self.changed.notify_waiters();
        }
    }

    pub(crate) fn add(&self, page: Page) {
        self.state().add(page);
        self.changed.notify_waiters();
    }

    /// Has whoever waits for work look at everything anew.
    pub(crate) fn look_again(&self) {
        self.changed.notify_waiters();
    }

    pub(crate) fn shut_down(&self) {
        self.state().is_shut_down = true;
        self.changed.notify_waiters();
    }

    pub(crate) fn is_shut_down(&self) -> bool {
        self.state().is_shut_down
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<Loaded> for Envelope {
    fn from(loaded: Loaded) -> Self {
        Self { id: loaded.id, message: loaded.message }
    }
}
