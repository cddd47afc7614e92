//! Activities left for whichever worker has room.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use engine::Message;

use super::Shared;
use super::hub::Hub;
use crate::{ActivityQueue, OfferedActivity, StorageError, TakenActivity, TakenId};

/// The activities of a hub, oldest first.
#[derive(Debug, Clone, Default)]
pub(super) struct Offered {
    items: BTreeMap<TakenId, Item>,
    offers: u64,
}

#[derive(Debug, Clone)]
struct Item {
    activity: OfferedActivity,
    is_taken: bool,
}

impl Offered {
    /// Whoever had taken something is gone.
    pub(super) fn take_back_all(&mut self) {
        for item in self.items.values_mut() {
            item.is_taken = false;
        }
    }

    fn offer(&mut self, activity: OfferedActivity) {
        self.offers += 1;
        self.items.insert(TakenId(self.offers), Item { activity, is_taken: false });
    }

    fn take(&mut self, max: usize) -> Vec<TakenActivity> {
        let waiting = self.items.iter_mut().filter(|(_, item)| !item.is_taken);
        waiting
            .take(max)
            .map(|(id, item)| {
                item.is_taken = true;
                TakenActivity { id: *id, activity: item.activity.clone() }
            })
            .collect()
    }

    fn give_back(&mut self, id: TakenId) {
        if let Some(item) = self.items.get_mut(&id) {
            item.is_taken = false;
        }
    }

    fn finish(&mut self, id: TakenId) -> Option<OfferedActivity> {
        self.items.get(&id).filter(|item| item.is_taken)?;
        self.items.remove(&id).map(|item| item.activity)
    }
}

impl Hub {
    fn finish_activity(&mut self, id: TakenId, result: Message) {
        if let Some(activity) = self.offered.finish(id) {
            self.deliver(&activity.task.instance_id, result);
        }
    }
}

/// The hub as a queue of activities.
pub(super) struct Activities(pub(super) Arc<Shared>);

#[async_trait]
impl ActivityQueue for Activities {
    async fn offer(&self, activity: OfferedActivity) -> Result<(), StorageError> {
        self.0.change("offer", |hub| {
            hub.offered.offer(activity);
            Ok(())
        })
    }

    async fn take(&self, max: usize) -> Result<Vec<TakenActivity>, StorageError> {
        loop {
            // Created before looking: a change in between is not missed.
            let changed = self.0.changed.notified();
            {
                let mut hub = self.0.hub();
                if hub.is_shut_down {
                    return Ok(Vec::new());
                }
                let taken = hub.offered.take(max.max(1));
                if !taken.is_empty() {
                    return Ok(taken);
                }
            }
            changed.await;
        }
    }

    async fn finish(&self, id: TakenId, result: Message) -> Result<(), StorageError> {
        self.0.change("finish", |hub| {
            hub.finish_activity(id, result);
            Ok(())
        })
    }

    async fn give_back(&self, id: TakenId) -> Result<(), StorageError> {
        self.0.change("give_back", |hub| {
            hub.offered.give_back(id);
            Ok(())
        })
    }
}
