//! Who waits for a row to change.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use engine::InstanceId;
use tokio::sync::Notify;

/// Everybody who waits, by instance. Costs nothing for instances nobody waits for.
#[derive(Debug, Default)]
pub(crate) struct Watchers(Mutex<HashMap<InstanceId, Watched>>);

#[derive(Debug, Default)]
struct Watched {
    changed: Arc<Notify>,
    watchers: usize,
}

/// One who waits; ends with the value.
#[derive(Debug)]
pub(crate) struct Watcher<'a> {
    all: &'a Watchers,
    instance_id: InstanceId,
    changed: Arc<Notify>,
}

impl Watchers {
    pub(crate) fn watch(&self, instance_id: &InstanceId) -> Watcher<'_> {
        let mut watched = self.lock();
        let watched = watched.entry(instance_id.clone()).or_default();
        watched.watchers += 1;
        Watcher { all: self, instance_id: instance_id.clone(), changed: watched.changed.clone() }
    }

    /// Wakes those who wait for any of these.
    pub(crate) fn changed<'a>(&self, instance_ids: impl IntoIterator<Item = &'a InstanceId>) {
        let watched = self.lock();
        if watched.is_empty() {
            return;
        }
        for instance_id in instance_ids {
            if let Some(watched) = watched.get(instance_id) {
                watched.changed.notify_waiters();
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<InstanceId, Watched>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watcher<'_> {
    /// Answers when the row changes after this call, even if that is before the answer is polled.
    pub(crate) fn changed(&self) -> impl Future<Output = ()> {
        self.changed.notified()
    }
}

impl Drop for Watcher<'_> {
    fn drop(&mut self) {
        let mut all = self.all.lock();
        if let Some(watched) = all.get_mut(&self.instance_id) {
            watched.watchers -= 1;
            if watched.watchers == 0 {
                all.remove(&self.instance_id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_change_between_watching_and_waiting_is_not_missed() {
        let watchers = Watchers::default();
        let id = InstanceId::new("a").unwrap();
        let watcher = watchers.watch(&id);
        let changed = watcher.changed();
        watchers.changed([&id]);
        changed.await;
    }

    #[test]
    fn nobody_is_remembered_who_no_longer_waits() {
        let watchers = Watchers::default();
        let id = InstanceId::new("a").unwrap();
        let (one, two) = (watchers.watch(&id), watchers.watch(&id));
        drop(one);
        assert_eq!(watchers.lock().len(), 1);
        drop(two);
        assert_eq!(watchers.lock().len(), 0);
    }
}
