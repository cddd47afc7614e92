//! What is ready, as a pure state: the time is handed in.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use engine::{InstanceId, Message, Timestamp};
use store::wake::{Horizon, WakeQueue};
use store::{Envelope, MessageId, WorkItem, limits};

use super::{Change, Key, Loaded, MessagePage, Page, Taken, TakenBack, Wanted};
use crate::Options;

/// The horizon of wake-ups is read further when it is nearer than this.
const HORIZON_NEAR: Duration = Duration::from_secs(30);

/// Instances that are due are moved to the ready ones only while these are fewer; the others wait their turn.
const QUEUE_WAKE_UPS_MAX: usize = 10_000;

/// Of one page at most this share of what memory may hold, so that there is room for the next.
const PAGES_IN_MEMORY: usize = 2;

/// The state of [`super::Dispatch`].
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) is_shut_down: bool,
    messages_max: usize,
    bytes_max: usize,
    wake_ups_max: usize,
    /// Each once; the one that waits longest first. It may turn out that there is nothing to hand out.
    queue: VecDeque<i64>,
    /// What is in the queue.
    entries: HashMap<i64, Entry>,
    /// Totals over all entries.
    messages: usize,
    bytes: usize,
    wakes: WakeQueue<Key>,
    /// The last message that is or was in memory; those behind it are only in the file.
    read_up_to: MessageId,
    /// Whether there are any behind it.
    has_unread: bool,
    taken_back: VecDeque<TakenBack>,
    /// Instances with open activities behind this number have not been looked at since the file was opened.
    open_after: Option<i64>,
}

#[derive(Debug)]
struct Entry {
    id: InstanceId,
    messages: BTreeMap<MessageId, (Message, usize)>,
    owes_wake_up: bool,
    rests_until: Timestamp,
}

impl State {
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            is_shut_down: false,
            messages_max: options.ready_messages_max,
            bytes_max: options.ready_bytes_max,
            wake_ups_max: options.wake_ups_max,
            queue: VecDeque::new(),
            entries: HashMap::new(),
            messages: 0,
            bytes: 0,
            wakes: WakeQueue::bounded(options.wake_ups_max),
            read_up_to: MessageId(0),
            has_unread: true,
            taken_back: VecDeque::new(),
            open_after: Some(0),
        }
    }

    pub(crate) fn take(&mut self, max: usize, now: Timestamp) -> Taken {
        let mut items = Vec::new();
        if !self.is_shut_down {
            self.wake_up(now);
            for _ in 0..self.queue.len() {
                if items.len() == max {
                    break;
                }
                items.extend(self.take_next(now));
            }
        }
        let look_again_at = if items.is_empty() { self.next_at() } else { None };
        Taken { items, is_shut_down: self.is_shut_down, look_again_at }
    }

    /// Looks at the instance that waits longest: hands it out, forgets it, or puts it back.
    fn take_next(&mut self, now: Timestamp) -> Option<WorkItem> {
        let number = self.queue.pop_front()?;
        let entry = self.entries.get_mut(&number)?;
        if entry.messages.is_empty() && !entry.owes_wake_up {
            self.entries.remove(&number);
            return None;
        }
        if entry.rests_until > now {
            self.queue.push_back(number);
            return None;
        }
        entry.owes_wake_up = false;
        let mut messages = Vec::new();
        while messages.len() < limits::MESSAGES_PER_WORK_ITEM_MAX
            && let Some((id, (message, bytes))) = entry.messages.pop_first()
        {
            self.messages -= 1;
            self.bytes -= bytes;
            messages.push(Envelope { id, message });
        }
        let item = WorkItem { instance_id: entry.id.clone(), messages };
        if entry.messages.is_empty() {
            self.entries.remove(&number);
        } else {
            self.queue.push_back(number);
        }
        Some(item)
    }

    fn wake_up(&mut self, now: Timestamp) {
        while self.queue.len() < QUEUE_WAKE_UPS_MAX
            && let Some(key) = self.wakes.pop_due(now)
        {
            self.entry(&key).owes_wake_up = true;
        }
    }

    /// When something happens by itself: an instance has rested, a wake-up is due, the horizon is near.
    fn next_at(&self) -> Option<Timestamp> {
        let resting = self.queue.iter().filter_map(|number| Some(self.entries.get(number)?.rests_until)).min();
        [resting, self.wakes.next_at(), self.horizon_near_at()].into_iter().flatten().min()
    }

    /// When more wake-ups are to be read: never, while there is no room for them.
    fn horizon_near_at(&self) -> Option<Timestamp> {
        if self.wakes.room() < self.wake_ups_max.div_ceil(PAGES_IN_MEMORY) {
            return None;
        }
        let near = u64::try_from(HORIZON_NEAR.as_millis()).unwrap_or(u64::MAX);
        match self.wakes.horizon() {
            Horizon::Nothing => Some(Timestamp::default()),
            Horizon::Time(at) | Horizon::Entry(at, _) => {
                Some(Timestamp::from_millis(at.as_millis().saturating_sub(near)))
            }
            Horizon::Everything => None,
        }
    }

    pub(crate) fn wanted(&self, now: Timestamp) -> Option<Wanted> {
        let has_room =
            self.messages <= self.messages_max / PAGES_IN_MEMORY && self.bytes <= self.bytes_max / PAGES_IN_MEMORY;
        let wants_wake_ups = self.horizon_near_at().is_some_and(|at| at <= now);
        let wanted = Wanted {
            messages_after: (self.has_unread && has_room).then_some(self.read_up_to),
            taken_back: self.taken_back.front().filter(|_| has_room).cloned(),
            wake_ups: wants_wake_ups.then(|| (self.wakes.horizon().clone(), self.wakes.room())),
            open_after: self.open_after.filter(|_| self.queue.len() < QUEUE_WAKE_UPS_MAX),
            messages_max: (self.messages_max / PAGES_IN_MEMORY).max(1),
            bytes_max: self.bytes_max / PAGES_IN_MEMORY,
        };
        let Wanted { messages_after, taken_back, wake_ups, open_after, messages_max: _, bytes_max: _ } = &wanted;
        let is_anything =
            messages_after.is_some() || taken_back.is_some() || wake_ups.is_some() || open_after.is_some();
        is_anything.then_some(wanted)
    }

    pub(crate) fn add(&mut self, page: Page) {
        if let Some(MessagePage { messages, last, is_last_page, damaged: _ }) = page.messages {
            self.read_up_to = self.read_up_to.max(last);
            self.has_unread = !is_last_page;
            self.put_all(messages);
        }
        if let Some(MessagePage { messages, last, is_last_page, damaged: _ }) = page.taken_back {
            if is_last_page {
                self.taken_back.pop_front();
            } else if let Some(front) = self.taken_back.front_mut() {
                front.after = last;
            }
            self.put_all(messages);
        }
        if let Some((wake_ups, horizon)) = page.wake_ups {
            self.wakes.extend(wake_ups, horizon);
        }
        if let Some((open, is_last_page)) = page.open {
            self.open_after = open.last().map(|key| key.number).filter(|_| !is_last_page);
            for key in open {
                self.entry(&key).owes_wake_up = true;
            }
        }
    }

    /// Answers whether whoever waits for work should look again.
    pub(crate) fn apply(&mut self, change: Change) -> bool {
        match change {
            // Its start is another change.
            Change::Created { .. } => return false,
            Change::Stored { key, is_held, message } => self.stored(&key, is_held, message),
            Change::Committed { key, is_held, consumed, wake_at, row: _ } => {
                let entry = self.entries.get_mut(&key.number);
                // Most turns leave nothing to hand out, and nothing that comes by itself.
                let is_news = entry.is_some() || wake_at.is_some();
                if let Some(entry) = entry {
                    entry.owes_wake_up = false;
                    entry.rests_until = Timestamp::default();
                    for id in consumed {
                        if let Some((_, bytes)) = entry.messages.remove(&id) {
                            self.messages -= 1;
                            self.bytes -= bytes;
                        }
                    }
                }
                self.wakes.set(key, wake_at.filter(|_| !is_held));
                return is_news;
            }
            Change::GivenBack { key, messages, ready_at } => self.given_back(&key, messages, ready_at),
            Change::TakenBack { key, owes_wake_up, wake_at } => {
                let entry = self.entry(&key);
                entry.owes_wake_up = owes_wake_up;
                entry.rests_until = Timestamp::default();
                self.wakes.set(key.clone(), wake_at);
                self.taken_back.retain(|taken_back| taken_back.key != key);
                self.taken_back.push_back(TakenBack { key, after: MessageId(0), up_to: self.read_up_to });
            }
            Change::Held { key } | Change::Purged { key } => {
                if let Some(entry) = self.entries.get_mut(&key.number) {
                    entry.owes_wake_up = false;
                    for (_, bytes) in std::mem::take(&mut entry.messages).into_values() {
                        self.messages -= 1;
                        self.bytes -= bytes;
                    }
                }
                self.taken_back.retain(|taken_back| taken_back.key != key);
                self.wakes.set(key, None);
            }
        }
        true
    }

    fn stored(&mut self, key: &Key, is_held: bool, message: Loaded) {
        let is_full = self.messages >= self.messages_max || self.bytes >= self.bytes_max;
        if self.has_unread || (is_full && !is_held) {
            self.has_unread = true;
            return;
        }
        self.read_up_to = message.id;
        if !is_held {
            self.put(key, message);
        }
    }

    fn given_back(&mut self, key: &Key, mut messages: Vec<Loaded>, ready_at: Timestamp) {
        let owes_wake_up = messages.is_empty();
        // What is not in anybody's hand will be handed out anyway.
        let entry = self.entries.get(&key.number);
        let is_here = |id: MessageId| {
            id > self.read_up_to
                || entry.is_some_and(|entry| entry.messages.contains_key(&id))
                || self.taken_back.iter().any(|range| range.key == *key && range.after < id && id <= range.up_to)
        };
        messages.retain(|message| !is_here(message.id));
        if messages.is_empty() && !owes_wake_up {
            return;
        }
        let entry = self.entry(key);
        entry.owes_wake_up |= owes_wake_up;
        entry.rests_until = ready_at;
        self.put_all(messages.into_iter().map(|message| (key.clone(), message)));
    }

    fn put_all(&mut self, messages: impl IntoIterator<Item = (Key, Loaded)>) {
        for (key, message) in messages {
            self.put(&key, message);
        }
    }

    fn put(&mut self, key: &Key, message: Loaded) {
        let Loaded { id, message, bytes } = message;
        if self.entry(key).messages.insert(id, (message, bytes)).is_none() {
            self.messages += 1;
            self.bytes += bytes;
        }
    }

    /// The entry of an instance, which is in the queue from now on.
    fn entry(&mut self, key: &Key) -> &mut Entry {
        self.entries.entry(key.number).or_insert_with(|| {
            self.queue.push_back(key.number);
            Entry {
                id: key.id.clone(),
                messages: BTreeMap::new(),
                owes_wake_up: false,
                rests_until: Timestamp::default(),
            }
        })
    }
}

#[cfg(test)]
mod tests;
