//! Who waits for a row to change.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use engine::InstanceId;
use store::InstanceRow;
use tokio::sync::watch;

use crate::dispatch::Change;

/// Everybody who waits, by instance. Costs nothing for instances nobody waits for.
#[derive(Debug, Default)]
pub(crate) struct Watchers(Mutex<HashMap<InstanceId, watch::Sender<Told>>>);

/// The row after its last change, if whoever changed it knew all of it. Else it is to be read.
type Told = Option<Box<InstanceRow>>;

/// One who waits; ends with the value.
#[derive(Debug)]
pub(crate) struct Watcher<'a> {
    all: &'a Watchers,
    instance_id: InstanceId,
    changes: watch::Receiver<Told>,
}

impl Watchers {
    pub(crate) fn watch(&self, instance_id: &InstanceId) -> Watcher<'_> {
        let changes = self.lock().entry(instance_id.clone()).or_insert_with(|| watch::Sender::new(None)).subscribe();
        Watcher { all: self, instance_id: instance_id.clone(), changes }
    }

    /// Whether anybody would like to be told the row of an instance.
    pub(crate) fn is_watched(&self, instance_id: &InstanceId) -> bool {
        self.lock().contains_key(instance_id)
    }

    /// Wakes those who wait for any of these.
    pub(crate) fn apply(&self, changes: &[Change]) {
        let watched = self.lock();
        if watched.is_empty() {
            return;
        }
        for change in changes {
            let row = match change {
                // Messages are not in the row.
                Change::Stored { .. } | Change::GivenBack { .. } => continue,
                Change::Committed { row, .. } => row,
                _ => &None,
            };
            if let Some(watched) = watched.get(&change.key().id) {
                watched.send_replace(row.clone());
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<InstanceId, watch::Sender<Told>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watcher<'_> {
    /// Waits for the next change since the watching began, or since this answered last.
    pub(crate) async fn changed(&mut self) -> Told {
        // The sender lives in the map for as long as this receiver does.
        let _ = self.changes.changed().await;
        self.changes.borrow_and_update().clone()
    }
}

impl Drop for Watcher<'_> {
    fn drop(&mut self) {
        let mut all = self.all.lock();
        let is_last = all.get(&self.instance_id).is_some_and(|watched| watched.receiver_count() == 1);
        if is_last {
            all.remove(&self.instance_id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dispatch::Key;

    fn id() -> InstanceId {
        InstanceId::new("a").unwrap()
    }

    fn held() -> Change {
        Change::Held { key: Key { number: 1, id: id() } }
    }

    #[tokio::test]
    async fn a_change_between_watching_and_waiting_is_not_missed() {
        let watchers = Watchers::default();
        let mut watcher = watchers.watch(&id());
        watchers.apply(&[held()]);
        assert_eq!(watcher.changed().await, None, "the row is to be read");
        assert!(!watcher.changes.has_changed().unwrap(), "nothing has happened since");
    }

    #[test]
    fn nobody_is_remembered_who_no_longer_waits() {
        let watchers = Watchers::default();
        let (one, two) = (watchers.watch(&id()), watchers.watch(&id()));
        drop(one);
        assert!(watchers.is_watched(&id()));
        drop(two);
        assert!(!watchers.is_watched(&id()));
    }
}
