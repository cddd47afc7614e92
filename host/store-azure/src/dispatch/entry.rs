//! One instance and what this host knows to be stored for it.

use std::collections::BTreeMap;

use azure::Receipt;
use engine::{InstanceId, Message, Timestamp};
use store::{Envelope, MessageId, WorkItem, limits};
use tokio::time::Instant;

use super::{Guid, Hint};

/// All that is known of one instance; forgotten when there is nothing to know.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) partition: u8,
    pub(super) messages: BTreeMap<MessageId, Stored>,
    /// To be handed out even without messages.
    pub(super) owes_wake_up: bool,
    /// Not to be handed out before.
    pub(super) rests_until: Timestamp,
    /// Not to be handed out until a message says that it was released.
    pub(super) is_held: bool,
    /// The spent message that brings the instance back if this host dies.
    pub(super) lease: Option<MessageId>,
    /// The scheduled message that wakes the instance later.
    pub(super) armed: Option<Armed>,
    pub(super) hint: Option<Hint>,
    /// When the newest suspend or resume was sent that a commit has consumed here.
    pub(super) switched_at: Option<Timestamp>,
    /// Messages that commits of other processes have consumed, and that may show up here yet.
    pub(super) inherited: Option<Inherited>,
}

/// Consumed messages that this process has not seen itself.
#[derive(Debug)]
pub(super) struct Inherited {
    pub(super) guids: Vec<Guid>,
    /// When whatever has not shown up is gone.
    pub(super) until: Instant,
}

/// A message that is in its queue, invisible.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) guid: Guid,
    pub(super) receipt: Receipt,
    pub(super) dequeue_count: u32,
    pub(super) phase: Phase,
    /// When it shows up in its queue again.
    pub(super) lapses_at: Instant,
    /// Somebody else has taken it since.
    pub(super) is_lost: bool,
    /// A request is under way that makes the receipt outdated.
    pub(super) is_renewing: bool,
    /// To be deleted as soon as it is not renewing.
    pub(super) is_unwanted: bool,
}

/// What has become of a message.
#[derive(Debug)]
pub(super) enum Phase {
    /// Not handed out yet.
    Waiting(Box<Content>),
    /// Handed out; a commit will consume it, or it is given back.
    InHand(Box<Content>),
    /// Consumed by a commit, and either to be deleted or the instance's lease.
    Spent,
}

/// What a message says.
#[derive(Debug, Clone)]
pub(super) struct Content {
    pub(super) message: Message,
    /// See [`super::Arrival`].
    pub(super) begins_without_row: bool,
    /// See [`super::Arrival`].
    pub(super) switched_at: Option<Timestamp>,
    pub(super) text: Box<str>,
}

/// A scheduled message that this process has put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Armed {
    pub(crate) receipt: Receipt,
    pub(crate) at: Timestamp,
}

/// A message that was consumed and is to be deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spent {
    pub(crate) partition: u8,
    pub(crate) id: MessageId,
    pub(crate) receipt: Receipt,
}

/// The suspends and resumes of a work item. Messages that are delivered again come in any order.
#[derive(Debug, Default)]
struct Switches {
    /// Where each is, and when it was sent.
    places: Vec<(usize, Timestamp)>,
    is_any_repeated: bool,
}

impl Switches {
    fn add(&mut self, place: usize, sent_at: Timestamp, is_repeated: bool) {
        self.places.push((place, sent_at));
        self.is_any_repeated |= is_repeated;
    }

    /// Puts them into the order in which they were sent, among themselves.
    fn put_in_order(self, messages: &mut [Envelope]) {
        if !self.is_any_repeated {
            return;
        }
        let mut sent = self.places.clone();
        sent.sort_by_key(|(_, sent_at)| *sent_at);
        let sorted: Vec<Envelope> = sent.iter().map(|(place, _)| messages[*place].clone()).collect();
        for ((place, _), envelope) in self.places.iter().zip(sorted) {
            messages[*place] = envelope;
        }
    }
}

impl Entry {
    pub(super) fn new(partition: u8) -> Self {
        Self {
            partition,
            messages: BTreeMap::new(),
            owes_wake_up: false,
            rests_until: Timestamp::default(),
            is_held: false,
            lease: None,
            armed: None,
            hint: None,
            switched_at: None,
            inherited: None,
        }
    }

    pub(super) fn is_ready(&self) -> bool {
        !self.is_held && (self.owes_wake_up || self.messages.values().any(Stored::is_waiting))
    }

    /// Wake-ups that were handed out.
    pub(super) fn wakes_in_hand(&self) -> impl Iterator<Item = MessageId> {
        let is_wake = |stored: &Stored| matches!(&stored.phase, Phase::InHand(it) if it.message == Message::Wake);
        self.messages.iter().filter(move |(_, stored)| is_wake(stored)).map(|(id, _)| *id)
    }

    /// When the newest suspend or resume among these messages in hand was sent.
    pub(super) fn newest_switch(&self, consumed: &[MessageId]) -> Option<Timestamp> {
        let switched_at = |stored: &Stored| match &stored.phase {
            Phase::InHand(content) if content.message != Message::Wake => content.switched_at,
            _ => None,
        };
        consumed.iter().filter_map(|id| self.messages.get(id)).filter_map(switched_at).max()
    }

    /// Whether nothing would be lost by forgetting it.
    pub(super) fn is_empty(&self) -> bool {
        let Self { messages, owes_wake_up, is_held, lease, armed, hint, inherited, .. } = self;
        let is_idle = messages.is_empty() && !owes_wake_up && !is_held && hint.is_none();
        is_idle && lease.is_none() && armed.is_none() && inherited.is_none()
    }

    pub(super) fn has_in_hand(&self) -> bool {
        self.messages.values().any(|stored| matches!(stored.phase, Phase::InHand(_)))
    }

    /// The next work item.
    pub(super) fn take(&mut self, instance_id: InstanceId) -> WorkItem {
        self.owes_wake_up = false;
        let mut messages = Vec::new();
        let mut switches = Switches::default();
        for (id, stored) in &mut self.messages {
            if messages.len() == limits::MESSAGES_PER_WORK_ITEM_MAX {
                break;
            }
            stored.phase = match std::mem::replace(&mut stored.phase, Phase::Spent) {
                Phase::Waiting(mut content) => {
                    if let Some(sent_at) = content.switched_at {
                        let is_repeated = stored.dequeue_count > 1;
                        if is_repeated && self.switched_at.is_some_and(|newest| sent_at < newest) {
                            // What came after it has been taken in.
                            content.message = Message::Wake;
                        } else {
                            switches.add(messages.len(), sent_at, is_repeated);
                        }
                    }
                    messages.push(Envelope { id: *id, message: content.message.clone() });
                    Phase::InHand(content)
                }
                other => other,
            };
        }
        switches.put_in_order(&mut messages);
        WorkItem { instance_id, messages }
    }

    /// Whoever has messages in hand is stale: they are handed out again, at once.
    pub(super) fn take_back_all(&mut self) {
        self.rests_until = Timestamp::default();
        for stored in self.messages.values_mut() {
            stored.take_back();
        }
    }
}

impl Stored {
    /// Whether nobody else can have seen it, as far as this host's clock tells.
    pub(super) fn is_ours(&self, now: Instant) -> bool {
        !self.is_lost && now < self.lapses_at
    }

    pub(super) fn is_waiting(&self) -> bool {
        matches!(self.phase, Phase::Waiting(_))
    }

    pub(super) fn is_spent(&self) -> bool {
        matches!(self.phase, Phase::Spent)
    }

    /// Makes it wait again; false if it was not in hand.
    pub(super) fn take_back(&mut self) -> bool {
        match std::mem::replace(&mut self.phase, Phase::Spent) {
            Phase::InHand(content) => {
                self.phase = Phase::Waiting(content);
                true
            }
            other => {
                self.phase = other;
                false
            }
        }
    }
}
