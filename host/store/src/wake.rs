//! Which instances want to be woken, and when.

use std::collections::{BTreeMap, BTreeSet};

use engine::Timestamp;

/// A queue of wake-ups, at most one for each key. Pure: the time is handed in.
///
/// It may know all wake-ups there are, or only those up to a horizon; then later ones are left out, and whoever keeps
/// them all reads on from [`horizon`](Self::horizon) before that time comes.
#[derive(Debug)]
pub struct WakeQueue<K> {
    by_time: BTreeSet<(Timestamp, K)>,
    by_key: BTreeMap<K, Timestamp>,
    horizon: Horizon<K>,
    entries_max: usize,
}

/// How far a queue knows all wake-ups there are, in order of time, then key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Horizon<K> {
    /// It knows none yet.
    Nothing,
    /// All up to and including this time.
    Time(Timestamp),
    /// All up to and including this one.
    Entry(Timestamp, K),
    /// All.
    Everything,
}

impl<K: Ord> Horizon<K> {
    fn contains(&self, at: Timestamp, key: &K) -> bool {
        match self {
            Self::Nothing => false,
            Self::Time(time) => at <= *time,
            Self::Entry(time, last) => (at, key) <= (*time, last),
            Self::Everything => true,
        }
    }
}

impl<K: Ord + Clone> WakeQueue<K> {
    /// An empty queue of all wake-ups there are.
    pub fn complete() -> Self {
        Self {
            by_time: BTreeSet::new(),
            by_key: BTreeMap::new(),
            horizon: Horizon::Everything,
            entries_max: usize::MAX,
        }
    }

    /// A queue that knows nothing yet, and never knows more than `entries_max` wake-ups.
    pub fn bounded(entries_max: usize) -> Self {
        Self { horizon: Horizon::Nothing, entries_max: entries_max.max(1), ..Self::complete() }
    }

    /// Replaces the wake-up of `key`. Takes no note of one that lies beyond the horizon.
    pub fn set(&mut self, key: K, at: Option<Timestamp>) {
        if let Some(before) = self.by_key.remove(&key) {
            self.by_time.remove(&(before, key.clone()));
        }
        let Some(at) = at.filter(|at| self.horizon.contains(*at, &key)) else { return };
        self.by_key.insert(key.clone(), at);
        self.by_time.insert((at, key));
        if self.by_time.len() > self.entries_max {
            self.forget_last();
        }
    }

    /// Takes the earliest wake-up that is due at `now`.
    pub fn pop_due(&mut self, now: Timestamp) -> Option<K> {
        if self.by_time.first().is_none_or(|(at, _)| *at > now) {
            return None;
        }
        let (_, key) = self.by_time.pop_first()?;
        self.by_key.remove(&key);
        Some(key)
    }

    /// Whether `key` has a wake-up here.
    pub fn contains(&self, key: &K) -> bool {
        self.by_key.contains_key(key)
    }

    /// How many there are here.
    pub fn len(&self) -> usize {
        self.by_key.len()
    }

    /// Whether there is none here.
    pub fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    /// When the first one is due.
    pub fn next_at(&self) -> Option<Timestamp> {
        self.by_time.first().map(|(at, _)| *at)
    }

    /// How far this queue knows all wake-ups.
    pub fn horizon(&self) -> &Horizon<K> {
        &self.horizon
    }

    /// How many more fit before the horizon has to move back.
    pub fn room(&self) -> usize {
        self.entries_max.saturating_sub(self.by_time.len())
    }

    /// Adds all wake-ups between the old horizon and a later one.
    pub fn extend(&mut self, wake_ups: impl IntoIterator<Item = (Timestamp, K)>, horizon: Horizon<K>) {
        self.horizon = horizon;
        for (at, key) in wake_ups {
            self.set(key, Some(at));
        }
    }

    /// Makes room by no longer knowing the last entry: the horizon is now before it.
    fn forget_last(&mut self) {
        if let Some((_, key)) = self.by_time.pop_last() {
            self.by_key.remove(&key);
        }
        if let Some((at, key)) = self.by_time.last() {
            self.horizon = Horizon::Entry(*at, key.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    fn up_to(ms: u64, entries_max: usize) -> WakeQueue<u32> {
        let mut queue = WakeQueue::bounded(entries_max);
        queue.extend([], Horizon::Time(at(ms)));
        queue
    }

    fn due(queue: &mut WakeQueue<u32>, ms: u64) -> Vec<u32> {
        std::iter::from_fn(|| queue.pop_due(at(ms))).collect()
    }

    #[test]
    fn due_wake_ups_come_in_order_of_time_and_once() {
        let mut queue = WakeQueue::complete();
        for (key, ms) in [(1, 30), (2, 10), (3, 20)] {
            queue.set(key, Some(at(ms)));
        }
        assert_eq!(queue.next_at(), Some(at(10)));
        assert_eq!(due(&mut queue, 20), [2, 3]);
        assert_eq!(due(&mut queue, 29), []);
        assert_eq!(due(&mut queue, 30), [1]);
        assert_eq!(queue.next_at(), None);
    }

    #[test]
    fn a_later_wake_up_replaces_the_earlier_one() {
        let mut queue = WakeQueue::complete();
        queue.set(1, Some(at(10)));
        queue.set(1, Some(at(20)));
        assert_eq!(due(&mut queue, 19), []);
        queue.set(1, None);
        assert_eq!(due(&mut queue, 99), []);
    }

    #[test]
    fn what_lies_beyond_the_horizon_is_left_to_the_next_page() {
        let mut queue = up_to(10, 100);
        queue.set(1, Some(at(10)));
        queue.set(2, Some(at(11)));
        assert_eq!(due(&mut queue, 99), [1]);
        queue.extend([(at(11), 2)], Horizon::Time(at(60)));
        assert_eq!(*queue.horizon(), Horizon::Time(at(60)));
        assert_eq!(due(&mut queue, 99), [2]);
    }

    #[test]
    fn moving_beyond_the_horizon_takes_the_entry_out() {
        let mut queue = up_to(10, 100);
        queue.set(1, Some(at(5)));
        queue.set(1, Some(at(50)));
        assert_eq!(due(&mut queue, 99), []);
    }

    #[test]
    fn a_queue_that_has_read_nothing_knows_nothing() {
        let mut queue = WakeQueue::bounded(100);
        queue.set(1, Some(at(0)));
        assert_eq!(due(&mut queue, 99), []);
    }

    #[test]
    fn a_full_queue_moves_its_horizon_back_and_keeps_the_earliest() {
        let mut queue = up_to(100, 2);
        for (key, ms) in [(1, 10), (2, 30), (3, 20)] {
            queue.set(key, Some(at(ms)));
        }
        assert_eq!(*queue.horizon(), Horizon::Entry(at(20), 3));
        assert_eq!(queue.room(), 0);
        queue.set(4, Some(at(20)));
        assert_eq!(due(&mut queue, 99), [1, 3], "the one at (20, 4) lies behind (20, 3) and is read again later");
    }
}
