//! Finding instances and deleting them.

use std::collections::BTreeSet;

use engine::InstanceId;

use super::hub::Hub;
use crate::{Cursor, InstanceError, InstanceFilter, InstancePage, PageRoom, PurgeFilter, StorageError};

impl Hub {
    pub(super) fn list(&self, filter: &InstanceFilter) -> Result<InstancePage, StorageError> {
        let after = filter.continuation.as_deref().map(Cursor::from_continuation).transpose()?;
        let matching = self
            .instances
            .values()
            .filter(|instance| after.is_none_or(|after| instance.cursor() < after) && filter.matches(&instance.row));
        let newest_first: BTreeSet<_> =
            matching.map(|instance| (instance.cursor(), &instance.row.state.instance_id)).collect();
        let mut page = InstancePage::default();
        let mut room = PageRoom::of(filter.page_rows());
        let mut last = None;
        for (cursor, id) in newest_first.into_iter().rev() {
            if room.is_full() {
                page.continuation = last.map(Cursor::to_continuation);
                break;
            }
            let Some(instance) = self.instances.get(id) else { continue };
            room.take(instance.row.payload_bytes());
            page.rows.push(instance.row.clone());
            last = Some(cursor);
        }
        Ok(page)
    }

    pub(super) fn purge(&mut self, id: &InstanceId) -> Result<(), InstanceError> {
        let instance = self.instances.get(id).ok_or_else(|| InstanceError::NotFound(id.clone()))?;
        if !instance.row.state.status.is_terminal() {
            return Err(InstanceError::WrongStatus(Box::new(instance.row.clone())));
        }
        self.remove(id);
        Ok(())
    }

    pub(super) fn purge_matching(&mut self, filter: &PurgeFilter) -> u64 {
        let matching = self.instances.values().filter(|instance| filter.matches(&instance.row.state));
        let ids: Vec<_> = matching.map(|instance| instance.row.state.instance_id.clone()).collect();
        ids.iter().map(|id| u64::from(self.remove(id))).sum()
    }

    fn remove(&mut self, id: &InstanceId) -> bool {
        self.wakes.set(id.clone(), None);
        self.queue.retain(|queued| queued != id);
        let Some(instance) = self.instances.remove(id) else { return false };
        self.stored_messages -= instance.inbox.len();
        self.revision_floor = self.revision_floor.max(instance.row.revision);
        for stored in instance.inbox.values() {
            self.answer_for_gone(id, &stored.message);
        }
        true
    }
}
