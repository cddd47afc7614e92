//! The state of the task hub. What can happen to it, each in one go, is in the files beside this one.

use std::collections::{BTreeMap, VecDeque};

use engine::InstanceId;

use super::activities::Offered;
use super::instance::Instance;
use crate::wake::WakeQueue;
use crate::{ComponentRecord, Outcome, StorageError, limits};

/// Everything there is.
#[derive(Debug)]
pub(super) struct Hub {
    pub(super) instances: BTreeMap<InstanceId, Instance>,
    /// In the order of their deployment.
    pub(super) components: Vec<(ComponentRecord, Vec<u8>)>,
    pub(super) backlog_messages_max: usize,
    pub(super) is_shut_down: bool,
    /// Those that may be ready, longest first.
    pub(super) queue: VecDeque<InstanceId>,
    pub(super) wakes: WakeQueue<InstanceId>,
    /// Activities for any worker.
    pub(super) offered: Offered,
    pub(super) stored_messages: usize,
    pub(super) next_message: u64,
    pub(super) next_number: u64,
    /// The highest revision of any purged instance; new ones begin above it, so that no token is ever used twice.
    pub(super) revision_floor: u64,
}

impl Hub {
    pub(super) fn new(backlog_messages_max: usize) -> Self {
        Self {
            instances: BTreeMap::new(),
            components: Vec::new(),
            backlog_messages_max,
            is_shut_down: false,
            queue: VecDeque::new(),
            wakes: WakeQueue::complete(),
            offered: Offered::default(),
            stored_messages: 0,
            next_message: 1,
            next_number: 1,
            revision_floor: 0,
        }
    }

    /// What a new process finds: nothing is in hand, and interrupted activities need their instances woken.
    pub(super) fn restart(&mut self) -> Self {
        self.is_shut_down = true;
        let mut hub = Self {
            instances: self.instances.clone(),
            components: self.components.clone(),
            offered: self.offered.clone(),
            stored_messages: self.stored_messages,
            next_message: self.next_message,
            next_number: self.next_number,
            revision_floor: self.revision_floor,
            ..Self::new(self.backlog_messages_max)
        };
        hub.offered.take_back_all();
        for (id, instance) in &mut hub.instances {
            instance.take_back_all();
            instance.owes_wake_up = instance.has_open_activities;
            instance.is_queued = true;
            hub.queue.push_back(id.clone());
            if instance.row.held.is_none() {
                hub.wakes.set(id.clone(), instance.row.wake_at);
            }
        }
        hub
    }

    pub(super) fn deploy(&mut self, record: ComponentRecord, bytes: Vec<u8>) -> Result<(), StorageError> {
        if bytes.len() > limits::COMPONENT_BYTES_MAX {
            let problem = format!("{} bytes exceed the limit of {}", bytes.len(), limits::COMPONENT_BYTES_MAX);
            return Err(StorageError::new("deploy", Outcome::Permanent, problem));
        }
        self.components.retain(|(stored, _)| stored.digest != record.digest);
        self.components.push((record, bytes));
        Ok(())
    }
}
