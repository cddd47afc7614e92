//! About how many messages wait in each control queue.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use engine::InstanceId;
use store::StorageError;

use crate::core::Core;
use crate::steady;

/// The last count of each control queue, and how many messages clients have put since.
#[derive(Debug, Default)]
pub(crate) struct Backlog(Mutex<BTreeMap<u8, Counted>>);

#[derive(Debug, Clone, Copy, Default)]
struct Counted {
    count: u64,
    put_since: u64,
}

impl Backlog {
    /// Takes note of a message that is about to be put; answers how many wait, unless they are to be counted again.
    fn put(&self, partition: u8, count_every: u64) -> Option<u64> {
        let mut counts = self.counts();
        let counted = counts.entry(partition).or_default();
        counted.put_since += 1;
        (counted.put_since < count_every).then_some(counted.count)
    }

    fn set(&self, partition: u8, count: u64) {
        self.counts().insert(partition, Counted { count, put_since: 0 });
    }

    fn counts(&self) -> MutexGuard<'_, BTreeMap<u8, Counted>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Core {
    /// Whether too many messages wait where those of this instance are.
    ///
    /// Looking costs a request, so only one in many messages does: in between no host can put more than it may.
    pub(crate) async fn is_overloaded(&self, instance_id: &InstanceId) -> Result<bool, StorageError> {
        let partition = self.partition_of(instance_id);
        let most = self.options.backlog_messages_max / usize::from(self.partitions.max(1));
        let count = if let Some(count) = self.backlog.put(partition, self.options.backlog_count_every) {
            count
        } else {
            let count = steady::repeat(|| self.medium.count(azure::Queue::Control(partition))).await;
            let count = count.map_err(|error| steady::failure("count", error))?;
            self.backlog.set(partition, count);
            count
        };
        Ok(usize::try_from(count).unwrap_or(usize::MAX) >= most.max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_is_counted_now_and_then() {
        let backlog = Backlog::default();
        assert_eq!([(); 3].map(|()| backlog.put(0, 4)), [Some(0); 3]);
        assert_eq!(backlog.put(0, 4), None);
        backlog.set(0, 9);
        assert_eq!(backlog.put(0, 4), Some(9));
        assert_eq!(backlog.put(1, 1), None);
    }
}
