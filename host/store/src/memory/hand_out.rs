//! Handing out work and taking it back.

use engine::{InstanceId, Timestamp};

use super::hub::Hub;
use crate::{MessageId, WorkItem};

impl Hub {
    pub(super) fn take_ready(&mut self, max: usize, now: Timestamp) -> Vec<WorkItem> {
        if self.is_shut_down {
            return Vec::new();
        }
        while let Some(id) = self.wakes.pop_due(now) {
            if let Some(instance) = self.instances.get_mut(&id) {
                instance.owes_wake_up = true;
            }
            self.enqueue(&id);
        }
        let mut items = Vec::new();
        for _ in 0..self.queue.len() {
            if items.len() == max {
                break;
            }
            let Some(id) = self.queue.pop_front() else { break };
            let Some(instance) = self.instances.get_mut(&id) else { continue };
            instance.is_queued = false;
            if instance.is_ready() && instance.rests_until <= now {
                items.push(WorkItem { instance_id: id.clone(), messages: instance.take_messages() });
            }
            self.enqueue(&id);
        }
        items
    }

    /// When something becomes ready by itself.
    pub(super) fn next_ready_at(&self) -> Option<Timestamp> {
        let resting = self.queue.iter().filter_map(|id| Some(self.instances.get(id)?.rests_until)).min();
        [resting, self.wakes.next_at()].into_iter().flatten().min()
    }

    /// Queues an instance, once, if it has become ready.
    pub(super) fn enqueue(&mut self, id: &InstanceId) {
        if let Some(instance) = self.instances.get_mut(id)
            && instance.is_ready()
            && !instance.is_queued
        {
            instance.is_queued = true;
            self.queue.push_back(id.clone());
        }
    }

    pub(super) fn give_back(
        &mut self,
        id: &InstanceId,
        messages: impl ExactSizeIterator<Item = MessageId>,
        ready_at: Timestamp,
    ) {
        let Some(instance) = self.instances.get_mut(id) else { return };
        let mut came_back = messages.len() == 0;
        instance.owes_wake_up |= came_back;
        for id in messages {
            if let Some(stored) = instance.inbox.get_mut(&id)
                && stored.is_in_hand
            {
                stored.is_in_hand = false;
                came_back = true;
            }
        }
        if came_back {
            instance.rests_until = ready_at;
        }
        self.enqueue(id);
    }
}
