//! One stored instance and what is waiting for it.

use std::collections::BTreeMap;

use engine::{HistoryChange, HistoryEvent, InstanceState, Message, Timestamp};

use crate::{Cursor, Envelope, InstanceRow, MessageId, Token, limits};

/// All that is known of one instance.
#[derive(Debug, Clone)]
pub(super) struct Instance {
    /// Counts the instances of the hub, in the order of their insertion.
    pub(super) number: u64,
    pub(super) row: InstanceRow,
    pub(super) history: Vec<HistoryEvent>,
    pub(super) has_open_activities: bool,
    pub(super) inbox: BTreeMap<MessageId, Stored>,
    /// To be handed out even without messages.
    pub(super) owes_wake_up: bool,
    /// Not to be handed out before.
    pub(super) rests_until: Timestamp,
    /// Whether it is in the queue of the ready ones; it may turn out not to be ready once its turn comes.
    pub(super) is_queued: bool,
}

/// A message until it is consumed.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub(super) message: Message,
    /// A host has it.
    pub(super) is_in_hand: bool,
}

impl Instance {
    pub(super) fn pending(number: u64, state: InstanceState, revision: u64) -> Self {
        Self {
            number,
            row: InstanceRow { state, held: None, last_event: None, revision, wake_at: None },
            history: Vec::new(),
            has_open_activities: false,
            inbox: BTreeMap::new(),
            owes_wake_up: false,
            rests_until: Timestamp::default(),
            is_queued: false,
        }
    }

    pub(super) fn token(&self) -> Token {
        Token(self.row.revision.to_string().into())
    }

    pub(super) fn cursor(&self) -> Cursor {
        Cursor { created_at: self.row.state.created_at, number: self.number }
    }

    pub(super) fn is_ready(&self) -> bool {
        self.row.held.is_none() && (self.owes_wake_up || self.inbox.values().any(|stored| !stored.is_in_hand))
    }

    /// Makes this the row of a new instance of the same id. The history stays until the first commit.
    pub(super) fn replace(&mut self, state: InstanceState) {
        let Self { number: _, row, history: _, has_open_activities, owes_wake_up, .. } = self;
        *row = InstanceRow { state, held: None, last_event: row.last_event, revision: row.revision + 1, wake_at: None };
        *has_open_activities = false;
        *owes_wake_up = false;
        self.take_back_all();
    }

    /// Whoever has messages in hand is stale: they are handed out again, at once.
    pub(super) fn take_back_all(&mut self) {
        self.rests_until = Timestamp::default();
        for stored in self.inbox.values_mut() {
            stored.is_in_hand = false;
        }
    }

    /// The messages of the next work item.
    pub(super) fn take_messages(&mut self) -> Vec<Envelope> {
        self.owes_wake_up = false;
        let waiting = self.inbox.iter_mut().filter(|(_, stored)| !stored.is_in_hand);
        waiting
            .take(limits::MESSAGES_PER_WORK_ITEM_MAX)
            .map(|(id, stored)| {
                stored.is_in_hand = true;
                Envelope { id: *id, message: stored.message.clone() }
            })
            .collect()
    }

    pub(super) fn change_history(&mut self, change: HistoryChange) {
        match change {
            HistoryChange::None => (),
            HistoryChange::Append { events } => self.history.extend(events),
            HistoryChange::Replace { events } => self.history = events,
        }
    }
}
