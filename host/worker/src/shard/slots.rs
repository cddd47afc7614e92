//! All instances of a shard: which are runnable, which are idle and for how long, and what they weigh.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use engine::{InstanceId, Timestamp};

use super::slot::{Phase, Slot};

/// The slots of a shard. A slot is taken out to be changed and put back afterwards, so that the sums stay true.
#[derive(Debug, Default)]
pub(super) struct Slots {
    entries: BTreeMap<InstanceId, Entry>,
    /// Idle slots with messages, oldest first. May name slots that have changed since; `take_runnable` looks.
    runnable: VecDeque<Runnable>,
    /// What `runnable` names, so that it names nothing twice.
    queued: BTreeSet<InstanceId>,
    /// Idle slots without messages, by when they became so.
    idle: BTreeMap<u64, InstanceId>,
    /// Grows with every `put`.
    puts: u64,
    warm_bytes: usize,
    warm: usize,
    messages: usize,
}

#[derive(Debug)]
struct Runnable {
    instance_id: InstanceId,
    waits_since: Option<Timestamp>,
}

#[derive(Debug)]
struct Entry {
    slot: Slot,
    idle_since: Option<u64>,
    warm_bytes: usize,
    messages: usize,
}

impl Slots {
    /// Takes a slot out.
    pub(super) fn take(&mut self, instance_id: &InstanceId) -> Option<Slot> {
        let Entry { slot, idle_since, warm_bytes, messages } = self.entries.remove(instance_id)?;
        if let Some(since) = idle_since {
            self.idle.remove(&since);
        }
        self.warm_bytes -= warm_bytes;
        self.warm -= usize::from(warm_bytes > 0);
        self.messages -= messages;
        Some(slot)
    }

    /// Puts a slot in, as the most recently used one.
    pub(super) fn put(&mut self, instance_id: InstanceId, slot: Slot) {
        self.puts += 1;
        let idle_since = slot.is_idle().then_some(self.puts);
        if let Some(since) = idle_since {
            self.idle.insert(since, instance_id.clone());
        } else if matches!(slot.phase, Phase::Idle(_)) && self.queued.insert(instance_id.clone()) {
            self.runnable
                .push_back(Runnable { instance_id: instance_id.clone(), waits_since: slot.inbox.waits_since() });
        }
        let (warm_bytes, messages) = (slot.warm_bytes(), slot.messages());
        self.warm_bytes += warm_bytes;
        self.warm += usize::from(warm_bytes > 0);
        self.messages += messages;
        self.entries.insert(instance_id, Entry { slot, idle_since, warm_bytes, messages });
    }

    /// Takes out the slot that has been runnable for longest.
    pub(super) fn take_runnable(&mut self) -> Option<(InstanceId, Slot)> {
        while let Some(Runnable { instance_id, waits_since: _ }) = self.runnable.pop_front() {
            self.queued.remove(&instance_id);
            let runs = |entry: &Entry| matches!(entry.slot.phase, Phase::Idle(_)) && !entry.slot.inbox.is_empty();
            if self.entries.get(&instance_id).is_some_and(runs) {
                let slot = self.take(&instance_id)?;
                return Some((instance_id, slot));
            }
        }
        None
    }

    /// Takes out the slot that has been idle for longest.
    pub(super) fn take_idlest(&mut self) -> Option<Slot> {
        let (_, instance_id) = self.idle.pop_first()?;
        self.take(&instance_id)
    }

    /// Every instance, by id.
    pub(super) fn ids(&self) -> Vec<InstanceId> {
        self.entries.keys().cloned().collect()
    }

    pub(super) fn has_runnable(&self) -> bool {
        !self.runnable.is_empty()
    }

    /// When the first message of the next turn arrived.
    pub(super) fn waits_since(&self) -> Option<Timestamp> {
        self.runnable.front()?.waits_since
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(super) fn busy(&self) -> usize {
        self.entries.len() - self.idle.len()
    }

    pub(super) fn warm(&self) -> usize {
        self.warm
    }

    pub(super) fn warm_bytes(&self) -> usize {
        self.warm_bytes
    }

    pub(super) fn messages(&self) -> usize {
        self.messages
    }
}
