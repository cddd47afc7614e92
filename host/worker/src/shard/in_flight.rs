//! Which activities were dispatched and not heard of yet.

use std::collections::BTreeSet;

use engine::{ExecutionId, InstanceId, TaskId};

use super::ActivityKey;

/// Attempts that run or wait for capacity in this process, or that it has left to other hosts.
///
/// Has no bound of its own: every attempt in here is recorded in a history as open.
/// Kept apart from slots: an instance that was evicted and loaded again is told by the engine of all its open
/// activities, and those in here must not begin a second time.
#[derive(Debug, Default)]
pub(super) struct InFlight(BTreeSet<ActivityKey>);

impl InFlight {
    /// Notes an attempt; false when it is in flight already.
    pub(super) fn insert(&mut self, key: ActivityKey) -> bool {
        self.0.insert(key)
    }

    /// Forgets an attempt; false when nobody waits for it.
    pub(super) fn remove(&mut self, key: &ActivityKey) -> bool {
        self.0.remove(key)
    }

    /// Forgets and answers the attempts of an instance that nobody waits for: those of other executions than
    /// `execution_id`, and those whose task is `unwanted`.
    pub(super) fn take_unwanted(
        &mut self,
        instance_id: &InstanceId,
        execution_id: ExecutionId,
        unwanted: impl Fn(TaskId) -> bool,
    ) -> Vec<ActivityKey> {
        self.take(instance_id, |key| key.execution_id != execution_id || unwanted(key.task))
    }

    /// Forgets and answers all attempts of an instance.
    pub(super) fn take_all(&mut self, instance_id: &InstanceId) -> Vec<ActivityKey> {
        self.take(instance_id, |_| true)
    }

    fn take(&mut self, instance_id: &InstanceId, is_taken: impl Fn(&ActivityKey) -> bool) -> Vec<ActivityKey> {
        let first = ActivityKey {
            instance_id: instance_id.clone(),
            execution_id: ExecutionId::from_bytes([0; 16]),
            task: TaskId(0),
            attempt: 0,
        };
        let keys: Vec<ActivityKey> = self
            .0
            .range(first..)
            .take_while(|key| key.instance_id == *instance_id)
            .filter(|key| is_taken(key))
            .cloned()
            .collect();
        for key in &keys {
            self.0.remove(key);
        }
        keys
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(instance: &str, execution: u8, task: u32) -> ActivityKey {
        ActivityKey {
            instance_id: InstanceId::new(instance).unwrap(),
            execution_id: ExecutionId::from_bytes([execution; 16]),
            task: TaskId(task),
            attempt: 1,
        }
    }

    #[test]
    fn an_attempt_is_in_flight_once() {
        let mut in_flight = InFlight::default();
        assert!(in_flight.insert(key("a", 1, 0)));
        assert!(!in_flight.insert(key("a", 1, 0)));
        assert!(in_flight.remove(&key("a", 1, 0)));
        assert!(!in_flight.remove(&key("a", 1, 0)));
    }

    #[test]
    fn unwanted_are_canceled_tasks_and_earlier_executions_of_that_instance() {
        let mut in_flight = InFlight::default();
        for key in [key("a", 1, 0), key("a", 2, 0), key("a", 2, 1), key("aa", 1, 0), key("b", 1, 1)] {
            in_flight.insert(key);
        }
        let instance_id = InstanceId::new("a").unwrap();
        let unwanted =
            in_flight.take_unwanted(&instance_id, ExecutionId::from_bytes([2; 16]), |task| task == TaskId(1));
        assert_eq!(unwanted, [key("a", 1, 0), key("a", 2, 1)]);
        assert_eq!(in_flight.len(), 3);
        assert_eq!(in_flight.take_all(&instance_id), [key("a", 2, 0)]);
        assert_eq!(in_flight.len(), 2);
    }
}
