//! Committing turns, holding instances and letting them go.

use engine::{Digest, InstanceId, OutboxMessage, Timestamp};

use super::hub::Hub;
use super::instance::Instance;
use crate::{CommitError, HeldReason, InstanceError, Token, TurnCommit, limits};

impl Hub {
    pub(super) fn commit(&mut self, commit: TurnCommit, now: Timestamp) -> Result<Token, CommitError> {
        let id = commit.instance_id.clone();
        let Some(instance) = self.instances.get_mut(&id).filter(|instance| instance.token() == commit.token) else {
            let stored = self.instances.get(&id).map(Instance::token);
            let consumed = commit.consumed.into_iter();
            if consumed.len() > 0 {
                self.give_back(&id, consumed, now.saturating_add(limits::ABANDONED_REST));
            }
            return Err(CommitError::Stale { instance_id: id, held: commit.token, stored });
        };
        let last_event = commit.last_event_after(instance.row.last_event)?;
        for consumed in &commit.consumed {
            self.stored_messages -= usize::from(instance.inbox.remove(consumed).is_some());
        }
        instance.change_history(commit.history);
        instance.row.last_event = last_event;
        instance.row.revision += 1;
        if commit.state_changed {
            instance.row.state = commit.state;
        } else {
            instance.row.state.updated_at = commit.state.updated_at;
        }
        instance.row.wake_at = commit.wake_at;
        instance.has_open_activities = commit.has_open_activities;
        instance.owes_wake_up = false;
        instance.rests_until = Timestamp::default();
        let token = instance.token();
        if instance.row.held.is_none() {
            self.wakes.set(id, commit.wake_at);
        }
        for OutboxMessage { to, message } in commit.outbox {
            self.deliver(&to, message);
        }
        Ok(token)
    }

    pub(super) fn hold(&mut self, id: &InstanceId, token: Token, reason: HeldReason) -> Result<Token, CommitError> {
        let Some(instance) = self.instances.get_mut(id).filter(|instance| instance.token() == token) else {
            let stored = self.instances.get(id).map(Instance::token);
            return Err(CommitError::Stale { instance_id: id.clone(), held: token, stored });
        };
        instance.row.held = Some(reason);
        instance.row.revision += 1;
        self.wakes.set(id.clone(), None);
        Ok(instance.token())
    }

    pub(super) fn release(&mut self, id: &InstanceId, component: Option<Digest>) -> Result<(), InstanceError> {
        let instance = self.instances.get_mut(id).ok_or_else(|| InstanceError::NotFound(id.clone()))?;
        if instance.row.held.is_none() && component.is_none() {
            return Ok(());
        }
        instance.row.held = None;
        instance.row.revision += 1;
        if component.is_some() {
            instance.row.state.component = component;
        }
        instance.take_back_all();
        instance.owes_wake_up = true;
        self.wakes.set(id.clone(), instance.row.wake_at);
        self.enqueue(id);
        Ok(())
    }
}
