//! Creating instances and delivering messages.

use engine::{InstanceId, Message, OutboxMessage};

use super::hub::Hub;
use super::instance::{Instance, Stored};
use crate::{CreateError, CreateInstance, ExistingInstance, InstanceError, MessageId, is_welcome, pending_state};

impl Hub {
    pub(super) fn create(&mut self, new: CreateInstance) -> Result<(), CreateError> {
        let existing = self.instances.get(&new.instance_id);
        let may_replace = new.existing == ExistingInstance::ReplaceEnded;
        if existing.is_some_and(|existing| !(may_replace && existing.row.state.status.is_terminal())) {
            return Err(CreateError::Exists(new.instance_id));
        }
        if self.stored_messages >= self.backlog_messages_max {
            return Err(CreateError::Overloaded);
        }
        self.start(&new.instance_id, Message::Start(Box::new(new.start)));
        Ok(())
    }

    pub(super) fn send(&mut self, id: &InstanceId, message: Message) -> Result<(), InstanceError> {
        let instance = self.instances.get(id).ok_or_else(|| InstanceError::NotFound(id.clone()))?;
        if !is_welcome(&message, instance.row.state.status) {
            return Err(InstanceError::WrongStatus(Box::new(instance.row.clone())));
        }
        if self.stored_messages >= self.backlog_messages_max {
            return Err(InstanceError::Overloaded);
        }
        let message = match instance.row.addressee() {
            Some(execution_id) => message.addressed_to(execution_id),
            None => message,
        };
        self.store(id, message);
        Ok(())
    }

    pub(super) fn deliver(&mut self, to: &InstanceId, message: Message) {
        let existing = self.instances.get(to).map(|instance| &instance.row.state);
        match (&message, existing) {
            (Message::Start(_), None) => self.start(to, message),
            (Message::Start(start), Some(state))
                if state.status.is_terminal() && !state.lineage().is_known_as(start.execution_id) =>
            {
                self.start(to, message);
            }
            (_, Some(_)) => self.store(to, message),
            (_, None) => self.answer_for_gone(to, &message),
        }
    }

    /// Answers a parent that asks an instance which is not there.
    pub(super) fn answer_for_gone(&mut self, instance_id: &InstanceId, message: &Message) {
        if let Some(OutboxMessage { to, message }) = OutboxMessage::answer_for_gone(instance_id, message) {
            self.store(&to, message);
        }
    }

    /// Makes a pending instance, out of nothing or out of one that has ended.
    fn start(&mut self, id: &InstanceId, message: Message) {
        let Message::Start(start) = &message else { return };
        let state = pending_state(id.clone(), start);
        if let Some(instance) = self.instances.get_mut(id) {
            instance.replace(state);
            self.wakes.set(id.clone(), None);
        } else {
            let instance = Instance::pending(self.next_number, state, self.revision_floor + 1);
            self.next_number += 1;
            self.instances.insert(id.clone(), instance);
        }
        self.store(id, message);
    }

    fn store(&mut self, id: &InstanceId, message: Message) {
        let Some(instance) = self.instances.get_mut(id) else { return };
        instance.inbox.insert(MessageId(self.next_message), Stored { message, is_in_hand: false });
        self.next_message += 1;
        self.stored_messages += 1;
        self.enqueue(id);
    }
}
