//! What waits for an instance's next turn.

use std::collections::BTreeSet;

use engine::{ExecutionId, InstanceId, Message, Timestamp};
use store::{Envelope, MessageId, WorkItem};

use crate::Span;

/// One message, and whether a commit must consume it.
#[derive(Debug, Clone)]
enum Item {
    /// Stored by the backend until it is consumed.
    Stored(Envelope),
    /// An activity's result, and its span if somebody wants it; nobody else has them.
    Local(Message, Option<Box<Span>>),
}

/// Messages in the order of their arrival, and whether the instance is to run even without any.
#[derive(Debug, Clone, Default)]
pub(super) struct Inbox {
    items: Vec<Item>,
    woken: bool,
    /// Messages that an earlier turn has taken in and that may be on their way here nevertheless.
    taken_in: BTreeSet<MessageId>,
    /// When the oldest of it arrived; none if nothing has.
    waits_since: Option<Timestamp>,
}

impl Inbox {
    /// Takes in what the backend handed out.
    pub(super) fn add_work(&mut self, messages: Vec<Envelope>) {
        self.woken |= messages.is_empty();
        for mut envelope in messages {
            if self.taken_in.remove(&envelope.id) {
                envelope.message = Message::Wake;
            }
            self.items.push(Item::Stored(envelope));
        }
    }

    /// Learns which messages the stored history has taken in already: those here, and those still to come, are only
    /// wake-ups, that a commit must consume.
    pub(super) fn set_taken_in(&mut self, taken_in: impl IntoIterator<Item = MessageId>) {
        self.taken_in = taken_in.into_iter().collect();
        if self.taken_in.is_empty() {
            return;
        }
        for item in &mut self.items {
            if let Item::Stored(envelope) = item
                && self.taken_in.remove(&envelope.id)
            {
                envelope.message = Message::Wake;
            }
        }
    }

    /// Takes in an activity's result.
    pub(super) fn add_result(&mut self, message: Message, span: Option<Box<Span>>) {
        self.items.push(Item::Local(message, span));
    }

    /// Takes note of when what was added arrived, unless there was something already.
    pub(super) fn waits_from(&mut self, now: Timestamp) {
        self.waits_since.get_or_insert(now);
    }

    /// When the oldest of what is here arrived.
    pub(super) fn waits_since(&self) -> Option<Timestamp> {
        self.waits_since
    }

    /// Whether there is no reason to run.
    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty() && !self.woken
    }

    /// Whether there are messages, wake-ups aside.
    pub(super) fn has_messages(&self) -> bool {
        self.items.iter().any(|item| match item {
            Item::Stored(envelope) => envelope.message != Message::Wake,
            Item::Local(..) => true,
        })
    }

    /// Whether something here ends the instance.
    pub(super) fn has_termination(&self) -> bool {
        self.stored().any(|message| matches!(message, Message::Terminate { .. }))
    }

    /// Messages kept.
    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether something here is lost if it is dropped: a result would have to be worked for again.
    pub(super) fn has_results(&self) -> bool {
        self.items.iter().any(|item| matches!(item, Item::Local(..)))
    }

    /// Takes out what the next turn runs with: at most `max` messages, oldest first, and the wake-up.
    pub(super) fn take_batch(&mut self, max: usize) -> Self {
        let later = self.items.split_off(self.items.len().min(max));
        let waits_since = self.waits_since;
        if later.is_empty() {
            self.waits_since = None;
        }
        Self {
            items: std::mem::replace(&mut self.items, later),
            woken: std::mem::take(&mut self.woken),
            taken_in: BTreeSet::new(),
            waits_since,
        }
    }

    /// Adds the batch of a later turn.
    pub(super) fn append(&mut self, later: Self) {
        self.items.extend(later.items);
        self.woken |= later.woken;
    }

    /// Has the instance run even without a message.
    pub(super) fn wake(&mut self) {
        self.woken = true;
    }

    /// Puts a batch back in front of what has arrived since.
    pub(super) fn put_back(&mut self, batch: Self) {
        self.items.splice(..0, batch.items);
        self.woken |= batch.woken;
        self.waits_since = batch.waits_since.or(self.waits_since);
    }

    /// The messages, for the engine.
    pub(super) fn messages(&self) -> Vec<Message> {
        self.items
            .iter()
            .map(|item| match item {
                Item::Stored(envelope) => envelope.message.clone(),
                Item::Local(message, _) => message.clone(),
            })
            .collect()
    }

    /// What a commit of these messages consumes.
    pub(super) fn message_ids(&self) -> Vec<MessageId> {
        self.items
            .iter()
            .filter_map(|item| match item {
                Item::Stored(envelope) => Some(envelope.id),
                Item::Local(..) => None,
            })
            .collect()
    }

    /// Whether this is a wake-up and nothing else.
    pub(super) fn is_wake_up(&self) -> bool {
        self.woken && self.items.is_empty()
    }

    /// Whether the start of that execution is here.
    pub(super) fn has_start(&self, execution_id: ExecutionId) -> bool {
        self.stored().any(|message| matches!(message, Message::Start(start) if start.execution_id == execution_id))
    }

    /// The stored messages, oldest first.
    pub(super) fn stored(&self) -> impl Iterator<Item = &Message> {
        self.items.iter().filter_map(|item| match item {
            Item::Stored(envelope) => Some(&envelope.message),
            Item::Local(..) => None,
        })
    }

    /// What to tell of once these messages' turn is durable.
    pub(super) fn into_spans(self) -> impl Iterator<Item = Box<Span>> {
        self.items.into_iter().filter_map(|item| match item {
            Item::Stored(_) => None,
            Item::Local(_, span) => span,
        })
    }

    /// What the backend gets back. Results are dropped: their activities are run again.
    pub(super) fn into_work(self, instance_id: InstanceId) -> WorkItem {
        let messages = self
            .items
            .into_iter()
            .filter_map(|item| match item {
                Item::Stored(envelope) => Some(envelope),
                Item::Local(..) => None,
            })
            .collect();
        WorkItem { instance_id, messages }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn envelope(id: u64) -> Envelope {
        Envelope { id: MessageId(id), message: Message::Resume { reason: None, execution_id: None } }
    }

    #[test]
    fn work_without_messages_is_a_wake_up() {
        let mut inbox = Inbox::default();
        assert!(inbox.is_empty());
        inbox.add_work(Vec::new());
        assert!(inbox.is_wake_up() && !inbox.is_empty());
        inbox.add_work(vec![envelope(1)]);
        assert!(!inbox.is_wake_up());
    }

    #[test]
    fn a_batch_is_the_oldest_and_goes_back_in_front() {
        let mut inbox = Inbox::default();
        inbox.add_work((1..=5).map(envelope).collect());
        let batch = inbox.take_batch(3);
        assert_eq!((batch.len(), inbox.len()), (3, 2));
        inbox.put_back(batch);
        assert_eq!(inbox.message_ids(), (1..=5).map(MessageId).collect::<Vec<_>>());
    }

    #[test]
    fn what_waits_does_so_since_the_oldest_of_it_arrived() {
        let [early, late] = [1, 2].map(Timestamp::from_millis);
        let mut inbox = Inbox::default();
        assert_eq!(inbox.waits_since(), None);
        inbox.add_work((1..=5).map(envelope).collect());
        inbox.waits_from(early);
        inbox.waits_from(late);
        let batch = inbox.take_batch(3);
        assert_eq!((batch.waits_since(), inbox.waits_since()), (Some(early), Some(early)));
        inbox.take_batch(2);
        inbox.waits_from(late);
        assert_eq!(inbox.waits_since(), Some(late), "nothing was left of what had waited");
        inbox.put_back(batch);
        assert_eq!(inbox.waits_since(), Some(early));
    }

    #[test]
    fn what_was_taken_in_before_only_wakes_whether_it_is_here_or_still_to_come() {
        let mut inbox = Inbox::default();
        inbox.add_work(vec![envelope(1), envelope(2)]);
        inbox.set_taken_in([2, 3].map(MessageId));
        let batch = inbox.take_batch(10);
        inbox.add_work(vec![envelope(3), envelope(4)]);
        inbox.put_back(batch);
        let resume = || Message::Resume { reason: None, execution_id: None };
        assert_eq!(inbox.messages(), [resume(), Message::Wake, Message::Wake, resume()]);
        assert_eq!(inbox.message_ids(), [1, 2, 3, 4].map(MessageId));
    }

    #[test]
    fn a_wake_is_no_message_to_come_back_for() {
        let mut inbox = Inbox::default();
        inbox.add_work(vec![Envelope { id: MessageId(1), message: Message::Wake }]);
        assert!(!inbox.has_messages() && !inbox.is_empty());
    }

    #[test]
    fn only_stored_messages_are_consumed_or_given_back() {
        let mut inbox = Inbox::default();
        inbox.add_result(Message::Resume { reason: None, execution_id: None }, None);
        inbox.add_work(vec![envelope(9)]);
        assert_eq!(inbox.messages().len(), 2);
        assert!(inbox.has_results());
        assert_eq!(inbox.message_ids(), [MessageId(9)]);
        assert_eq!(inbox.into_work(InstanceId::new("a").unwrap()).messages, [envelope(9)]);
    }
}
