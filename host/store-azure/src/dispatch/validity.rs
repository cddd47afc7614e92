//! What this host must not act on any more, or not yet know about: messages that lapsed, leases that were overtaken, and
//! messages that others have consumed.

use engine::InstanceId;
use store::MessageId;
use tokio::time::Instant;

use super::entry::{Inherited, Stored};
use super::{Guid, State};
use crate::limits;

impl State {
    /// Messages of an instance, waiting or in hand, that may have shown up in their queue again: somebody else may have
    /// consumed them, and forgotten about it, since. If not, they come anew.
    pub(crate) fn lapsed(&self, instance_id: &InstanceId, now: Instant) -> Vec<MessageId> {
        let Some(entry) = self.entry(instance_id) else { return Vec::new() };
        let has_lapsed = |stored: &Stored| !stored.is_spent() && !stored.is_ours(now);
        entry.messages.iter().filter(|(_, stored)| has_lapsed(stored)).map(|(id, _)| *id).collect()
    }

    /// Forgets messages of an instance. Whoever has them in hand must be told not to take them in.
    pub(crate) fn forget(&mut self, instance_id: &InstanceId, messages: &[MessageId]) {
        for id in messages {
            self.deleted(instance_id, *id);
        }
    }

    /// Forgets those that have lapsed and that nobody has in hand.
    pub(super) fn forget_lapsed_waiting(&mut self, instance_id: &InstanceId, now: Instant) {
        let mut lapsed = self.lapsed(instance_id, now);
        let Some(entry) = self.entry(instance_id) else { return };
        lapsed.retain(|id| entry.messages.get(id).is_some_and(Stored::is_waiting));
        self.forget(instance_id, &lapsed);
    }

    /// Whether one of these may have shown up in its queue again.
    pub(crate) fn has_lapsed(&self, instance_id: &InstanceId, messages: &[MessageId], now: Instant) -> bool {
        let Some(entry) = self.entry(instance_id) else { return false };
        messages.iter().filter_map(|id| entry.messages.get(id)).any(|stored| !stored.is_ours(now))
    }

    /// Renews the lease of an instance no more: somebody else has moved the instance on, and has a lease if it needs one.
    /// The message is not deleted, so whoever sees it next looks whether there is anything to do.
    pub(crate) fn give_up_lease(&mut self, instance_id: &InstanceId) {
        if let Some(id) = self.entry_mut(instance_id).and_then(|entry| entry.lease.take()) {
            self.deleted(instance_id, id);
        }
    }

    /// Learns that commits of other processes have consumed these, and that those that are not here may still come.
    pub(crate) fn inherit(&mut self, instance_id: &InstanceId, partition: u8, taken_in: &[Guid], until: Instant) {
        let unknown = taken_in.iter().filter(|guid| !self.is_known(guid)).copied();
        let mut guids: Vec<Guid> = unknown.collect();
        // The oldest are the least likely to come.
        guids.drain(..guids.len().saturating_sub(limits::INHERITED_MAX));
        if !guids.is_empty() {
            self.entry_of(instance_id, partition).inherited = Some(Inherited { guids, until });
        }
    }

    /// Whether a commit of another process has consumed it.
    pub(super) fn is_inherited(&self, instance_id: &InstanceId, guid: &Guid) -> bool {
        let inherited = self.entry(instance_id).and_then(|entry| entry.inherited.as_ref());
        inherited.is_some_and(|inherited| inherited.guids.contains(guid))
    }

    /// Forgets what others have consumed once it would have shown up.
    pub(crate) fn forget_inherited(&mut self, now: Instant) {
        let mut emptied = Vec::new();
        for (instance_id, entry) in self.entries_mut() {
            if entry.inherited.take_if(|inherited| inherited.until <= now).is_some() {
                emptied.push(instance_id.clone());
            }
        }
        for instance_id in emptied {
            self.forget_if_empty(&instance_id);
        }
    }
}
