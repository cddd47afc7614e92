//! Whether storage answers.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use azure::Error;
use store::StorageError;
use tokio::sync::Notify;

use crate::steady;

/// Failures in a row of one partition before storage counts as unavailable: one alone may be a connection that was cut.
const FAILURES_MIN: u32 = 2;

/// Stands for the leases; no partition has this number.
const LEASES: u8 = u8::MAX;

/// What the readers of the queues see of storage.
#[derive(Debug, Default)]
pub(crate) struct Health {
    failures: Mutex<BTreeMap<u8, (u32, String)>>,
    /// Whoever fetches has been told that storage is unavailable, and not yet that it is available again.
    is_told: AtomicBool,
    /// Something has become better or worse.
    pub(crate) changed: Notify,
}

impl Health {
    pub(crate) fn available(&self, partition: u8) {
        if self.failures().remove(&partition).is_some() {
            self.changed.notify_waiters();
        }
    }

    pub(crate) fn unavailable(&self, partition: u8, error: &Error) {
        let mut failures = self.failures();
        let (count, problem) = failures.entry(partition).or_default();
        *count = count.saturating_add(1);
        *problem = error.to_string();
        if *count == FAILURES_MIN {
            self.changed.notify_waiters();
        }
    }

    /// What is known from the leases of partitions, which are looked at even by a host that serves none, and while the
    /// readers of the queues wait for an answer.
    pub(crate) fn set_leases_failing(&self, is_failing: bool) {
        if !is_failing {
            self.available(LEASES);
            return;
        }
        let problem = "the table of partitions cannot be used".to_owned();
        self.failures().insert(LEASES, (FAILURES_MIN, problem));
        self.changed.notify_waiters();
    }

    /// Whether the last request for a partition has failed.
    pub(crate) fn is_failing(&self, partition: u8) -> bool {
        self.failures().contains_key(&partition)
    }

    /// Why storage is unavailable, if it is.
    pub(crate) fn problem(&self) -> Option<StorageError> {
        let failures = self.failures();
        let (_, problem) = failures.values().find(|(count, _)| *count >= FAILURES_MIN)?;
        Some(steady::failure("fetch", Error::Unreachable(problem.clone())))
    }

    /// What whoever fetches does not know yet: that storage is unavailable, or that it is available again. What has come
    /// and gone between two questions is never told.
    pub(crate) fn news(&self) -> Option<Result<(), StorageError>> {
        let problem = self.problem();
        let was_told = self.is_told.swap(problem.is_some(), Ordering::SeqCst);
        match problem {
            Some(problem) if !was_told => Some(Err(problem)),
            None if was_told => Some(Ok(())),
            _ => None,
        }
    }

    fn failures(&self) -> MutexGuard<'_, BTreeMap<u8, (u32, String)>> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_failure_is_not_an_outage_and_one_success_ends_it() {
        let health = Health::default();
        let error = Error::Unreachable("refused".to_owned());
        health.unavailable(0, &error);
        health.unavailable(1, &error);
        assert!(health.problem().is_none());
        health.unavailable(0, &error);
        assert!(health.problem().is_some());
        health.available(0);
        assert!(health.problem().is_none());
    }

    #[test]
    fn an_outage_ends_when_the_leases_and_the_partitions_say_so() {
        let health = Health::default();
        health.set_leases_failing(true);
        assert!(health.problem().is_some());
        let error = Error::Unreachable("refused".to_owned());
        health.unavailable(0, &error);
        health.unavailable(0, &error);
        health.set_leases_failing(false);
        assert!(health.problem().is_some());
        health.available(0);
        assert!(health.problem().is_none());
    }

    #[test]
    fn an_outage_and_its_end_are_told_once_however_late_somebody_asks() {
        let health = Health::default();
        let error = Error::Unreachable("refused".to_owned());
        assert!(health.news().is_none());
        for partition in [0, 0, 1, 1] {
            health.unavailable(partition, &error);
        }
        assert!(matches!(health.news(), Some(Err(_))));
        assert!(health.news().is_none());
        health.available(0);
        assert!(health.news().is_none(), "the other partition still fails");
        health.available(1);
        assert!(matches!(health.news(), Some(Ok(()))));
        assert!(health.news().is_none());
    }
}
