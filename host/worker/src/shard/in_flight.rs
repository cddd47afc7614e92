//! Which activities were dispatched and not heard of yet.

use std::collections::BTreeMap;

use engine::{ExecutionId, InstanceId, TaskId};

use super::ActivityKey;

/// Attempts that run or wait for capacity in this process, or that it has left to other hosts.
///
/// Has no bound of its own: every attempt in here is recorded in a history as open.
/// Kept apart from slots: an instance that was evicted and loaded again is told by the engine of all its open
/// activities, and those in here must not begin a second time.
///
/// With each is noted how often its execution had been rewound by then. An attempt of before the last rewind may have
/// ended while the execution had failed, and nobody was told: it begins again under the same number.
#[derive(Debug, Default)]
pub(super) struct InFlight(BTreeMap<ActivityKey, u32>);

impl InFlight {
    /// Notes an attempt that is to begin after so many rewinds; false when it is in flight already.
    pub(super) fn insert(&mut self, key: ActivityKey, rewinds: u32) -> bool {
        self.0.insert(key, rewinds).is_none_or(|noted| noted < rewinds)
    }

    /// Forgets an attempt; false when nobody waits for it.
    pub(super) fn remove(&mut self, key: &ActivityKey) -> bool {
        self.0.remove(key).is_some()
    }

    /// Forgets and answers the attempts of an instance that nobody waits for; `is_unwanted` is told how often the execution
    /// had been rewound when each was noted.
    pub(super) fn take_unwanted(
        &mut self,
        instance_id: &InstanceId,
        is_unwanted: impl Fn(&ActivityKey, u32) -> bool,
    ) -> Vec<ActivityKey> {
        let first = ActivityKey {
            instance_id: instance_id.clone(),
            execution_id: ExecutionId::from_bytes([0; 16]),
            task: TaskId(0),
            attempt: 0,
        };
        let keys: Vec<ActivityKey> = self
            .0
            .range(first..)
            .take_while(|(key, _)| key.instance_id == *instance_id)
            .filter(|(key, rewinds)| is_unwanted(key, **rewinds))
            .map(|(key, _)| key.clone())
            .collect();
        for key in &keys {
            self.0.remove(key);
        }
        keys
    }

    /// Forgets and answers all attempts of an instance.
    pub(super) fn take_all(&mut self, instance_id: &InstanceId) -> Vec<ActivityKey> {
        self.take_unwanted(instance_id, |_, _| true)
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
        assert!(in_flight.insert(key("a", 1, 0), 0));
        assert!(!in_flight.insert(key("a", 1, 0), 0));
        assert!(in_flight.remove(&key("a", 1, 0)));
        assert!(!in_flight.remove(&key("a", 1, 0)));
    }

    #[test]
    fn those_that_are_unwanted_are_forgotten_and_those_of_other_instances_are_not() {
        let mut in_flight = InFlight::default();
        for key in [key("a", 1, 0), key("a", 2, 0), key("a", 2, 1), key("aa", 1, 0), key("b", 1, 1)] {
            in_flight.insert(key, 0);
        }
        let instance_id = InstanceId::new("a").unwrap();
        let is_unwanted =
            |key: &ActivityKey, _| key.task == TaskId(1) || key.execution_id == ExecutionId::from_bytes([1; 16]);
        let unwanted = in_flight.take_unwanted(&instance_id, is_unwanted);
        assert_eq!(unwanted, [key("a", 1, 0), key("a", 2, 1)]);
        assert_eq!(in_flight.len(), 3);
        assert_eq!(in_flight.take_all(&instance_id), [key("a", 2, 0)]);
        assert_eq!(in_flight.len(), 2);
    }

    #[test]
    fn an_attempt_begins_again_once_after_each_rewind() {
        let mut in_flight = InFlight::default();
        assert!(in_flight.insert(key("a", 1, 0), 0));
        assert!(in_flight.insert(key("a", 1, 0), 1));
        assert!(!in_flight.insert(key("a", 1, 0), 1));
        assert_eq!(in_flight.take_unwanted(&InstanceId::new("a").unwrap(), |_, noted| noted == 1), [key("a", 1, 0)]);
    }
}
