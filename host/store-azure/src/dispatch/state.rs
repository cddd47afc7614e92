//! The state of [`super::Dispatch`]. Pure: the time is handed in.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use engine::{InstanceId, Message, Timestamp};
use store::wake::WakeQueue;
use store::{MessageId, WorkItem};
use tokio::time::Instant;

use super::entry::{Armed, Content, Entry, Phase, Spent, Stored};
use super::{Arrival, Guid, Hint, Place, Term, guid};
use crate::limits;

/// What became of a message that was taken from a queue.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Added {
    /// It waits to be handed out.
    New,
    /// It was here already; its receipt is the new one now.
    Known,
    /// It was consumed, and its deletion has not been confirmed: delete it.
    Spent(Spent),
}

/// What a commit needs to know before it begins.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct CommitPlan {
    /// The message that stays as the instance's lease.
    pub(crate) lease: Option<MessageId>,
    /// Every message that is consumed and may still be stored afterwards.
    pub(crate) taken_in: Vec<Guid>,
    /// When the newest suspend or resume was sent that is consumed.
    pub(crate) switched_at: Option<Timestamp>,
    /// The scheduled message, if this process has put it.
    pub(crate) armed: Option<Armed>,
}

/// A start that waits, or is in hand.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Start {
    pub(crate) id: MessageId,
    pub(crate) started: Box<engine::ExecutionStarted>,
    /// See [`super::Arrival`].
    pub(crate) begins_without_row: bool,
}

/// A commit that is durable.
#[derive(Debug)]
pub(crate) struct Committed<'a> {
    pub(crate) instance_id: &'a InstanceId,
    pub(crate) partition: u8,
    pub(crate) consumed: &'a [MessageId],
    /// As planned; none if no lease is needed.
    pub(crate) lease: Option<MessageId>,
    pub(crate) wake_at: Option<Timestamp>,
    /// What the scheduled message is now.
    pub(crate) armed: Option<Armed>,
}

/// A message that is to be shown to the next owner of its partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) instance_id: InstanceId,
    pub(crate) id: MessageId,
    pub(crate) receipt: azure::Receipt,
    /// None for a lease, which says only that its instance has work.
    pub(crate) text: Option<Box<str>>,
}

/// Messages and wake-ups of the partitions that this host owns.
#[derive(Debug)]
pub(crate) struct State {
    /// Ordered, so that what is done for each of them is done in the same order in every run.
    entries: BTreeMap<InstanceId, Entry>,
    /// Those that may be ready, longest first, each once. They may turn out not to be, or to be gone, once their turn
    /// comes.
    queue: VecDeque<InstanceId>,
    /// What is in the queue.
    queued: HashSet<InstanceId>,
    /// Every message that is known here.
    known: HashMap<Guid, Place>,
    wakes: WakeQueue<InstanceId>,
    /// Messages that are waiting or in hand.
    unspent: usize,
    next_id: u64,
    /// By partition; of one that was never forgotten, the first.
    pub(super) terms: HashMap<u8, Term>,
    is_shut_down: bool,
}

impl State {
    pub(crate) fn new() -> Self {
        Self {
            entries: BTreeMap::new(),
            queue: VecDeque::new(),
            queued: HashSet::new(),
            known: HashMap::new(),
            wakes: WakeQueue::complete(),
            unspent: 0,
            next_id: 1,
            terms: HashMap::new(),
            is_shut_down: false,
        }
    }

    pub(crate) fn shut_down(&mut self) {
        self.is_shut_down = true;
    }

    pub(crate) fn is_shut_down(&self) -> bool {
        self.is_shut_down
    }

    /// Messages that are waiting or in hand: what takes memory.
    pub(crate) fn unspent(&self) -> usize {
        self.unspent
    }

    /// Messages of the queues that have been received and not yet been deleted, those that keep a wake-up included.
    pub(crate) fn known(&self) -> usize {
        self.known.len()
    }

    /// Takes in a message from a queue.
    pub(crate) fn add(&mut self, arrival: Arrival) -> Added {
        let Arrival {
            partition,
            to,
            message,
            begins_without_row,
            switched_at,
            receipt,
            text,
            dequeue_count,
            lapses_at,
            hint,
        } = arrival;
        let guid = guid(&receipt.message_id);
        if let Some(stored) = self.stored_mut(&guid) {
            stored.receipt = receipt;
            stored.lapses_at = lapses_at;
            stored.is_lost = false;
            stored.dequeue_count = dequeue_count;
            let spent = if stored.is_spent() { self.spent_unless_lease(&guid) } else { None };
            return spent.map_or(Added::Known, Added::Spent);
        }
        let id = MessageId(self.next_id);
        self.next_id += 1;
        let is_inherited = self.is_inherited(&to, &guid);
        if is_inherited && self.entries.get(&to).is_some_and(|entry| entry.lease.is_some()) {
            return Added::Spent(Spent { partition, id, receipt });
        }
        self.known.insert(guid, Place { instance_id: to.clone(), id });
        let entry = self.entries.entry(to.clone()).or_insert_with(|| Entry::new(partition));
        if entry.is_held && matches!(message, Message::Wake) {
            // Somebody released it, or its lease came back: loading will tell.
            entry.is_held = false;
            entry.take_back_all();
        }
        if hint.is_some() {
            entry.hint = hint;
        }
        // It may have been the lease, and whoever kept it is gone: the instance must not be left without one.
        let message = if is_inherited { Message::Wake } else { message };
        let phase = Phase::Waiting(Box::new(Content { message, begins_without_row, switched_at, text }));
        let (is_lost, is_renewing, is_unwanted) = (false, false, false);
        let stored = Stored { guid, receipt, dequeue_count, phase, lapses_at, is_lost, is_renewing, is_unwanted };
        entry.messages.insert(id, stored);
        self.unspent += 1;
        self.enqueue(&to);
        Added::New
    }

    /// Hands out up to `max` work items of partitions that `is_served`. Messages that may have shown up in their queue
    /// again are not handed out: they come anew, unless somebody else has made something of them.
    pub(crate) fn take(
        &mut self,
        max: usize,
        now: Timestamp,
        instant: Instant,
        is_served: impl Fn(u8) -> bool,
    ) -> Vec<WorkItem> {
        if self.is_shut_down {
            return Vec::new();
        }
        while let Some(id) = self.wakes.pop_due(now) {
            if let Some(entry) = self.entries.get_mut(&id) {
                entry.owes_wake_up = true;
            }
            self.enqueue(&id);
        }
        let mut items = Vec::new();
        for _ in 0..self.queue.len() {
            if items.len() == max {
                break;
            }
            let Some(id) = self.queue.pop_front() else { break };
            self.queued.remove(&id);
            self.forget_lapsed_waiting(&id, instant);
            let Some(entry) = self.entries.get_mut(&id) else { continue };
            if entry.is_ready() && entry.rests_until <= now && is_served(entry.partition) {
                items.push(entry.take(id.clone()));
            }
            self.enqueue(&id);
        }
        items
    }

    /// When something of the partitions that are served becomes ready by itself.
    pub(crate) fn next_ready_at(&self, is_served: impl Fn(u8) -> bool) -> Option<Timestamp> {
        let queued = self.queue.iter().filter_map(|id| self.entries.get(id));
        let resting = queued.filter(|entry| is_served(entry.partition)).map(|entry| entry.rests_until).min();
        [resting, self.wakes.next_at()].into_iter().flatten().min()
    }

    /// What a commit that consumes `consumed` has to record.
    pub(crate) fn plan(&self, instance_id: &InstanceId, consumed: &[MessageId], needs_lease: bool) -> CommitPlan {
        let Some(entry) = self.entries.get(instance_id) else { return CommitPlan::default() };
        // Not one that an earlier commit has had deleted, as it does with a wake-up that is in hand.
        let may_stay = |id: &&MessageId| entry.messages.get(id).is_some_and(|stored| !stored.is_unwanted);
        let lease = entry.lease.or_else(|| consumed.iter().find(may_stay).copied()).filter(|_| needs_lease);
        let taken_in = entry
            .messages
            .iter()
            .filter(|(id, stored)| stored.is_spent() || consumed.contains(id))
            .map(|(_, stored)| stored.guid);
        let inherited = entry.inherited.iter().flat_map(|inherited| inherited.guids.iter().copied());
        let taken_in = inherited.chain(taken_in).collect();
        CommitPlan { lease, taken_in, switched_at: entry.newest_switch(consumed), armed: entry.armed.clone() }
    }

    /// Which messages of an instance `taken_in` lists; the worker is told not to take them in again.
    pub(crate) fn known_of(&self, instance_id: &InstanceId, taken_in: &[Guid]) -> Vec<MessageId> {
        let Some(entry) = self.entries.get(instance_id) else { return Vec::new() };
        let is_to_come = |stored: &Stored| !stored.is_spent() && taken_in.contains(&stored.guid);
        entry.messages.iter().filter(|(_, stored)| is_to_come(stored)).map(|(id, _)| *id).collect()
    }

    /// A commit is durable: answers what is to be deleted now.
    pub(crate) fn committed(&mut self, committed: Committed<'_>) -> Vec<Spent> {
        let Committed { instance_id, partition, consumed, lease, wake_at, armed } = committed;
        let needs_entry = lease.is_some() || wake_at.is_some() || armed.is_some();
        if needs_entry {
            self.entries.entry(instance_id.clone()).or_insert_with(|| Entry::new(partition));
        }
        let Some(entry) = self.entries.get_mut(instance_id) else { return Vec::new() };
        entry.owes_wake_up = false;
        entry.rests_until = Timestamp::default();
        entry.armed = armed;
        entry.switched_at = entry.switched_at.max(entry.newest_switch(consumed));
        let mut spent: Vec<MessageId> = entry.lease.take().into_iter().collect();
        // A wake-up that came before there was anything to wake is not given back; what it asked for has been done.
        let woken: Vec<MessageId> = entry.wakes_in_hand().filter(|id| !consumed.contains(id)).collect();
        for id in consumed.iter().chain(&woken) {
            if let Some(stored) = entry.messages.get_mut(id) {
                self.unspent -= usize::from(!stored.is_spent());
                stored.phase = Phase::Spent;
                spent.push(*id);
            }
        }
        entry.lease = lease.filter(|id| entry.messages.contains_key(id));
        let kept = entry.lease;
        let is_held = entry.is_held;
        let deletable = spent.into_iter().filter(|id| Some(*id) != kept);
        let deletable = deletable.filter_map(|id| self.unwanted(instance_id, id)).collect();
        self.set_wake(instance_id, wake_at.filter(|_| !is_held));
        self.forget_if_empty(instance_id);
        deletable
    }

    /// A message that this process has put itself becomes the lease of an instance.
    pub(crate) fn lease_put(
        &mut self,
        instance_id: &InstanceId,
        partition: u8,
        receipt: azure::Receipt,
        lapses_at: Instant,
    ) -> Option<MessageId> {
        let guid = guid(&receipt.message_id);
        if self.known.contains_key(&guid) {
            return None;
        }
        let id = MessageId(self.next_id);
        self.next_id += 1;
        self.known.insert(guid, Place { instance_id: instance_id.clone(), id });
        let entry = self.entries.entry(instance_id.clone()).or_insert_with(|| Entry::new(partition));
        let stored = Stored {
            guid,
            receipt,
            dequeue_count: 0,
            phase: Phase::Spent,
            lapses_at,
            is_lost: false,
            is_renewing: false,
            is_unwanted: false,
        };
        entry.messages.insert(id, stored);
        entry.lease = Some(id);
        Some(id)
    }

    /// When an instance wants to be woken, as a load has found.
    pub(crate) fn loaded(&mut self, instance_id: &InstanceId, partition: u8, wake_at: Option<Timestamp>) {
        if wake_at.is_some() {
            self.entries.entry(instance_id.clone()).or_insert_with(|| Entry::new(partition));
        }
        self.set_wake(instance_id, wake_at);
        self.forget_if_empty(instance_id);
    }

    /// A message was deleted, or is gone.
    pub(crate) fn deleted(&mut self, instance_id: &InstanceId, id: MessageId) {
        if let Some(entry) = self.entries.get_mut(instance_id)
            && let Some(stored) = entry.messages.remove(&id)
        {
            self.known.remove(&stored.guid);
            self.unspent -= usize::from(!stored.is_spent());
            if entry.lease == Some(id) {
                entry.lease = None;
            }
        }
        self.forget_if_empty(instance_id);
    }

    /// Work came back: it is handed out again from `ready_at` on.
    pub(crate) fn given_back(
        &mut self,
        instance_id: &InstanceId,
        messages: &[MessageId],
        is_wake_up: bool,
        ready_at: Timestamp,
    ) {
        let Some(entry) = self.entries.get_mut(instance_id) else { return };
        let mut came_back = is_wake_up;
        entry.owes_wake_up |= is_wake_up;
        for id in messages {
            came_back |= entry.messages.get_mut(id).is_some_and(Stored::take_back);
        }
        if came_back {
            entry.rests_until = ready_at;
        }
        self.enqueue(instance_id);
    }

    /// Somebody replaced, released or migrated it: whatever is in hand is handed out again.
    pub(crate) fn taken_back(&mut self, instance_id: &InstanceId) {
        let Some(entry) = self.entries.get_mut(instance_id) else { return };
        entry.is_held = false;
        entry.hint = None;
        entry.take_back_all();
        self.enqueue(instance_id);
        self.forget_if_empty(instance_id);
    }

    /// It is not handed out until a message says that it was released.
    pub(crate) fn held(&mut self, instance_id: &InstanceId, partition: u8) {
        self.set_wake(instance_id, None);
        let entry = self.entries.entry(instance_id.clone()).or_insert_with(|| Entry::new(partition));
        entry.is_held = true;
        entry.owes_wake_up = false;
        entry.hint = None;
    }

    /// The id of the next message to arrive.
    pub(crate) fn next_message(&self) -> MessageId {
        MessageId(self.next_id)
    }

    /// It did not exist when that message was the next to arrive: answers all that had arrived before, how often each was
    /// handed out, and what each says. What came since may be for another one of that id.
    pub(crate) fn gone(
        &mut self,
        instance_id: &InstanceId,
        next: MessageId,
    ) -> Vec<(Spent, u32, Option<Message>, Box<str>)> {
        let Some(entry) = self.entries.get_mut(instance_id) else {
            self.set_wake(instance_id, None);
            return Vec::new();
        };
        let partition = entry.partition;
        let later = entry.messages.split_off(&next);
        let messages = std::mem::replace(&mut entry.messages, later);
        if entry.messages.is_empty() {
            self.entries.remove(instance_id);
            self.set_wake(instance_id, None);
        } else {
            entry.lease = entry.lease.filter(|id| entry.messages.contains_key(id));
        }
        let mut gone = Vec::new();
        for (id, stored) in messages {
            self.known.remove(&stored.guid);
            self.unspent -= usize::from(!stored.is_spent());
            let (message, text) = match stored.phase {
                Phase::Waiting(content) | Phase::InHand(content) => (Some(content.message), content.text),
                Phase::Spent => (None, Box::default()),
            };
            gone.push((Spent { partition, id, receipt: stored.receipt }, stored.dequeue_count, message, text));
        }
        gone
    }

    /// What admission has read of an instance's row; it is told once.
    pub(crate) fn take_hint(&mut self, instance_id: &InstanceId) -> Option<Hint> {
        let hint = self.entries.get_mut(instance_id)?.hint.take();
        self.forget_if_empty(instance_id);
        hint
    }

    /// The starts of an instance that are waiting or in hand, oldest first.
    pub(crate) fn starts(&self, instance_id: &InstanceId) -> Vec<Start> {
        let Some(entry) = self.entries.get(instance_id) else { return Vec::new() };
        let start = |(id, stored): (&MessageId, &Stored)| match &stored.phase {
            Phase::Waiting(content) | Phase::InHand(content) => match &content.message {
                Message::Start(start) => {
                    Some(Start { id: *id, started: start.clone(), begins_without_row: content.begins_without_row })
                }
                _ => None,
            },
            Phase::Spent => None,
        };
        entry.messages.iter().filter_map(start).collect()
    }

    /// Whether a termination waits for an instance, or is in hand.
    pub(crate) fn is_to_be_terminated(&self, instance_id: &InstanceId) -> bool {
        let is_it = |stored: &Stored| match &stored.phase {
            Phase::Waiting(content) | Phase::InHand(content) => matches!(content.message, Message::Terminate { .. }),
            Phase::Spent => false,
        };
        self.entries.get(instance_id).is_some_and(|entry| entry.messages.values().any(is_it))
    }

    /// Whether an instance of a partition has been handed out and not committed or given back.
    pub(crate) fn has_in_hand(&self, partition: u8) -> bool {
        self.entries.values().any(|entry| entry.partition == partition && entry.has_in_hand())
    }

    /// Forgets a partition that is no longer this host's; `next_commit` is the number of its next commit, should it come
    /// back. Answers all its messages, so that they can be shown to the next owner at once.
    pub(crate) fn forget_partition(&mut self, partition: u8, next_commit: u64) -> Vec<Shown> {
        self.terms.insert(partition, Term { first_message: MessageId(self.next_id), first_commit: next_commit });
        let ids: Vec<InstanceId> =
            self.entries.iter().filter(|(_, entry)| entry.partition == partition).map(|(id, _)| id.clone()).collect();
        let mut messages = Vec::new();
        for instance_id in ids {
            self.set_wake(&instance_id, None);
            let Some(entry) = self.entries.remove(&instance_id) else { continue };
            for (id, stored) in entry.messages {
                self.known.remove(&stored.guid);
                self.unspent -= usize::from(!stored.is_spent());
                let text = match stored.phase {
                    Phase::Waiting(content) | Phase::InHand(content) => Some(content.text),
                    // A lease says only that its instance has work.
                    Phase::Spent if entry.lease == Some(id) => None,
                    Phase::Spent => continue,
                };
                messages.push(Shown { instance_id: instance_id.clone(), id, receipt: stored.receipt, text });
            }
        }
        messages
    }

    pub(super) fn entries_mut(&mut self) -> impl Iterator<Item = (&InstanceId, &mut Entry)> {
        self.entries.iter_mut()
    }

    pub(super) fn stored_at(&mut self, place: &Place) -> Option<&mut Stored> {
        self.entries.get_mut(&place.instance_id)?.messages.get_mut(&place.id)
    }

    /// Marks a message as one to be deleted; none while a renewal is under way, which will see to it.
    pub(super) fn unwanted(&mut self, instance_id: &InstanceId, id: MessageId) -> Option<Spent> {
        let entry = self.entries.get_mut(instance_id)?;
        let partition = entry.partition;
        let stored = entry.messages.get_mut(&id)?;
        stored.is_unwanted = true;
        (!stored.is_renewing).then(|| Spent { partition, id, receipt: stored.receipt.clone() })
    }

    fn spent_unless_lease(&mut self, guid: &Guid) -> Option<Spent> {
        let Place { instance_id, id } = self.known.get(guid)?.clone();
        let is_lease = self.entries.get(&instance_id)?.lease == Some(id);
        if is_lease { None } else { self.unwanted(&instance_id, id) }
    }

    pub(super) fn is_known(&self, guid: &Guid) -> bool {
        self.known.contains_key(guid)
    }

    pub(super) fn entry(&self, instance_id: &InstanceId) -> Option<&Entry> {
        self.entries.get(instance_id)
    }

    pub(super) fn entry_mut(&mut self, instance_id: &InstanceId) -> Option<&mut Entry> {
        self.entries.get_mut(instance_id)
    }

    pub(super) fn entry_of(&mut self, instance_id: &InstanceId, partition: u8) -> &mut Entry {
        self.entries.entry(instance_id.clone()).or_insert_with(|| Entry::new(partition))
    }

    fn stored_mut(&mut self, guid: &Guid) -> Option<&mut Stored> {
        let place = self.known.get(guid)?.clone();
        self.stored_at(&place)
    }

    fn set_wake(&mut self, instance_id: &InstanceId, at: Option<Timestamp>) {
        // Beyond the bound the scheduled message alone has to do.
        let has_room = self.wakes.contains(instance_id) || self.wakes.len() < limits::WAKE_UPS_MAX;
        self.wakes.set(instance_id.clone(), at.filter(|_| has_room));
    }

    /// Queues an instance, once, if it has become ready.
    fn enqueue(&mut self, instance_id: &InstanceId) {
        if self.entries.get(instance_id).is_some_and(Entry::is_ready) && self.queued.insert(instance_id.clone()) {
            self.queue.push_back(instance_id.clone());
        }
    }

    pub(super) fn forget_if_empty(&mut self, instance_id: &InstanceId) {
        let has_wake = self.wakes.contains(instance_id);
        if self.entries.get(instance_id).is_some_and(|entry| entry.is_empty() && !has_wake) {
            self.entries.remove(instance_id);
        }
    }
}

#[cfg(test)]
impl State {
    /// What must always hold.
    pub(super) fn check(&self) {
        let mut unspent = 0;
        let mut known = 0;
        for (instance_id, entry) in &self.entries {
            assert!(!entry.is_ready() || self.queued.contains(instance_id), "{instance_id} is ready and not queued");
            if let Some(lease) = entry.lease {
                let lease = &entry.messages[&lease];
                assert!(lease.is_spent() && !lease.is_unwanted, "the lease of {instance_id} is not kept: {lease:?}");
            }
            for (id, stored) in &entry.messages {
                let place = Place { instance_id: instance_id.clone(), id: *id };
                assert_eq!(self.known.get(&stored.guid), Some(&place), "{stored:?}");
                assert!(stored.is_spent() || !stored.is_unwanted, "{stored:?} is to be deleted and was not consumed");
                known += 1;
                unspent += usize::from(!stored.is_spent());
            }
        }
        assert_eq!((self.unspent, self.known.len()), (unspent, known));
        let queued: HashSet<_> = self.queue.iter().cloned().collect();
        assert_eq!((queued.len(), &queued), (self.queue.len(), &self.queued), "something is queued twice");
    }
}

impl Default for State {
    fn default() -> Self {
        Self::new()
    }
}
