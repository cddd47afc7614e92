//! Instances as they were inserted, until their first turn loads them: so that it need not read what was just written.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use engine::InstanceId;
use store::InstanceRow;

use crate::dispatch::Change;

/// Rows kept. Of further ones the first turn reads the file.
const ROWS_MAX: usize = 10_000;

/// New rows that nobody has loaded and nobody has changed. Each is told once.
#[derive(Debug, Default)]
pub(crate) struct Fresh(Mutex<HashMap<InstanceId, Box<InstanceRow>>>);

impl Fresh {
    /// Learns what a committed transaction has changed, in its order.
    pub(crate) fn apply(&self, changes: &[Change]) {
        let mut rows = self.rows();
        for change in changes {
            match change {
                Change::Created { key, row } if rows.len() < ROWS_MAX => {
                    rows.insert(key.id.clone(), row.clone());
                }
                // Messages are not in the row.
                Change::Stored { .. } | Change::GivenBack { .. } => {}
                Change::Created { key, .. }
                | Change::Committed { key, .. }
                | Change::TakenBack { key, .. }
                | Change::Held { key }
                | Change::Purged { key } => {
                    rows.remove(&key.id);
                }
            }
        }
    }

    pub(crate) fn take(&self, id: &InstanceId) -> Option<InstanceRow> {
        self.rows().remove(id).map(|row| *row)
    }

    fn rows(&self) -> MutexGuard<'_, HashMap<InstanceId, Box<InstanceRow>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use engine::{ExecutionId, ExecutionStarted, Timestamp};
    use store::pending_state;

    use super::*;
    use crate::dispatch::Key;

    fn key(name: &str) -> Key {
        Key { number: 1, id: InstanceId::new(name).unwrap() }
    }

    fn created(name: &str) -> Change {
        let start = ExecutionStarted::new(ExecutionId::from_bytes([1; 16]), name, Timestamp::default());
        let state = pending_state(key(name).id, &start);
        let row = InstanceRow { state, held: None, last_event: None, revision: 1, wake_at: None };
        Change::Created { key: key(name), row: Box::new(row) }
    }

    fn is_told(fresh: &Fresh, name: &str) -> bool {
        fresh.take(&key(name).id).is_some()
    }

    #[test]
    fn a_row_is_told_once() {
        let fresh = Fresh::default();
        fresh.apply(&[created("a")]);
        assert!(is_told(&fresh, "a"));
        assert!(!is_told(&fresh, "a"));
    }

    #[test]
    fn what_was_changed_in_the_same_transaction_is_not_told() {
        let fresh = Fresh::default();
        fresh.apply(&[created("purged"), Change::Purged { key: key("purged") }, created("b")]);
        assert!(!is_told(&fresh, "purged"));
        assert!(is_told(&fresh, "b"));
        fresh.apply(&[Change::Purged { key: key("again") }, created("again")]);
        assert!(is_told(&fresh, "again"), "what was there before does not matter");
    }

    #[test]
    fn no_more_are_kept_than_allowed() {
        let fresh = Fresh::default();
        let names: Vec<String> = (0..=ROWS_MAX).map(|number| number.to_string()).collect();
        fresh.apply(&names.iter().map(|name| created(name)).collect::<Vec<_>>());
        assert!(is_told(&fresh, "0"));
        assert!(!is_told(&fresh, &ROWS_MAX.to_string()));
    }
}
