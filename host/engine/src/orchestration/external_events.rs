//! External events and the waits for them.
//!
//! First in, first out by name, compared without regard to ASCII case. Events and waits are brought together only when
//! something is delivered to the guest, so that a wait which is canceled in its own turn takes no event.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::{EventId, EventKey, TaskId};

#[derive(Debug, Default)]
pub(super) struct ExternalEvents {
    /// Lower-case name to queue.
    names: BTreeMap<String, usize>,
    queues: Vec<Queue>,
    /// Queues that have both a wait and an event.
    matched: BTreeSet<usize>,
    /// Every key of this execution's history, and the last ones of the generations before.
    seen: BTreeSet<EventKey>,
    /// Events in all queues.
    kept: usize,
}

#[derive(Debug, Default)]
struct Queue {
    waits: BTreeSet<TaskId>,
    events: VecDeque<EventId>,
}

impl ExternalEvents {
    /// Of an execution that begins after these.
    pub(super) fn after(earlier: &[EventKey]) -> Self {
        Self { seen: earlier.iter().copied().collect(), ..Self::default() }
    }

    pub(super) fn has_seen(&self, key: EventKey) -> bool {
        self.seen.contains(&key)
    }

    /// Events that no wait has taken.
    pub(super) fn kept(&self) -> usize {
        self.kept
    }

    /// Whether an event of that name would be taken at the next delivery.
    pub(super) fn is_awaited(&self, name: &str) -> bool {
        self.names
            .get(&*folded(name))
            .is_some_and(|&queue| self.queues[queue].waits.len() > self.queues[queue].events.len())
    }

    pub(super) fn raise(&mut self, name: &str, key: EventKey, event: EventId) -> Result<(), String> {
        if !self.seen.insert(key) {
            return Err(format!("an event of key {key} was raised before"));
        }
        self.keep(name, event);
        Ok(())
    }

    /// Adds an event whose key is known.
    pub(super) fn keep(&mut self, name: &str, event: EventId) {
        let queue = self.queue(name);
        self.queues[queue].events.push_back(event);
        self.kept += 1;
        self.note(queue);
    }

    /// The keys of all that is known; they are taken out, or copied.
    pub(super) fn seen(&mut self, copies: bool) -> BTreeSet<EventKey> {
        if copies { self.seen.clone() } else { std::mem::take(&mut self.seen) }
    }

    pub(super) fn set_seen(&mut self, seen: BTreeSet<EventKey>) {
        self.seen = seen;
    }

    /// The queue of that name.
    pub(super) fn queue(&mut self, name: &str) -> usize {
        let name = folded(name);
        if let Some(&queue) = self.names.get(&*name) {
            return queue;
        }
        let queue = self.queues.len();
        self.names.insert(name.into_owned(), queue);
        self.queues.push(Queue::default());
        queue
    }

    pub(super) fn wait(&mut self, queue: usize, task: TaskId) {
        self.queues[queue].waits.insert(task);
        self.note(queue);
    }

    pub(super) fn cancel(&mut self, queue: usize, task: TaskId) {
        self.queues[queue].waits.remove(&task);
        self.note(queue);
    }

    pub(super) fn has_matches(&self) -> bool {
        !self.matched.is_empty()
    }

    /// Gives the oldest events to the oldest waits of their names.
    pub(super) fn take_matches(&mut self) -> Vec<(EventId, TaskId)> {
        let mut taken = Vec::new();
        for queue in std::mem::take(&mut self.matched) {
            let Queue { waits, events } = &mut self.queues[queue];
            while let (Some(&event), Some(&task)) = (events.front(), waits.first()) {
                events.pop_front();
                waits.pop_first();
                taken.push((event, task));
            }
        }
        self.kept -= taken.len();
        taken
    }

    /// Puts an event that a wait has taken back into its place among the others.
    pub(super) fn put_back(&mut self, queue: usize, event: EventId) {
        let events = &mut self.queues[queue].events;
        let place = events.partition_point(|kept| *kept < event);
        events.insert(place, event);
        self.kept += 1;
        self.note(queue);
    }

    /// Events that no wait has taken, oldest first.
    pub(super) fn untaken(&self) -> Vec<EventId> {
        let mut events: Vec<_> = self.queues.iter().flat_map(|queue| queue.events.iter().copied()).collect();
        events.sort_unstable();
        events
    }

    fn note(&mut self, queue: usize) {
        let Queue { waits, events } = &self.queues[queue];
        if waits.is_empty() || events.is_empty() {
            self.matched.remove(&queue);
        } else {
            self.matched.insert(queue);
        }
    }
}

/// The name as the queues have it; a copy only where that differs.
fn folded(name: &str) -> Cow<'_, str> {
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) { name.to_ascii_lowercase().into() } else { name.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raise(events: &mut ExternalEvents, name: &str, id: u64) {
        let key = EventKey::from_bytes(u128::from(id).to_be_bytes());
        events.raise(name, key, EventId(id)).unwrap();
    }

    fn wait(events: &mut ExternalEvents, name: &str, task: u32) {
        let queue = events.queue(name);
        events.wait(queue, TaskId(task));
    }

    #[test]
    fn the_oldest_wait_takes_the_oldest_event_of_its_name() {
        let mut events = ExternalEvents::default();
        raise(&mut events, "go", 1);
        raise(&mut events, "GO", 2);
        raise(&mut events, "stop", 3);
        wait(&mut events, "Go", 0);
        wait(&mut events, "other", 1);
        wait(&mut events, "go", 2);
        assert_eq!(events.take_matches(), [(EventId(1), TaskId(0)), (EventId(2), TaskId(2))]);
        assert_eq!(events.untaken(), [EventId(3)]);
        assert_eq!(events.kept(), 1);
    }

    #[test]
    fn an_event_that_is_given_back_has_its_old_place() {
        let mut events = ExternalEvents::default();
        (1..=4).for_each(|event| raise(&mut events, "go", event));
        (0..3).for_each(|task| wait(&mut events, "go", task));
        assert_eq!(events.take_matches().len(), 3);
        let queue = events.queue("go");
        events.put_back(queue, EventId(3));
        events.put_back(queue, EventId(1));
        assert_eq!((events.untaken(), events.kept()), ([1, 3, 4].map(EventId).to_vec(), 3));
        wait(&mut events, "go", 3);
        assert_eq!(events.take_matches(), [(EventId(1), TaskId(3))]);
    }

    #[test]
    fn a_canceled_wait_leaves_its_event_to_the_next() {
        let mut events = ExternalEvents::default();
        raise(&mut events, "go", 1);
        wait(&mut events, "go", 0);
        wait(&mut events, "go", 1);
        let queue = events.queue("go");
        events.cancel(queue, TaskId(0));
        assert_eq!(events.take_matches(), [(EventId(1), TaskId(1))]);
        assert!(!events.has_matches());
    }
}
