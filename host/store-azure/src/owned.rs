//! What this host knows of its partitions, and forgets with them.

use engine::InstanceId;
use store::CommitError;

use crate::core::Core;
use crate::dispatch::{Shown, State};

impl Core {
    /// Whether this host owns an instance. If not, everything of its partition is forgotten before anybody is told so: it
    /// comes anew, even when the partition is back before its reader has noticed that it was away.
    pub(crate) fn check_owned(&self, instance_id: &InstanceId) -> Result<(), CommitError> {
        let partition = self.partition_of(instance_id);
        if self.ownership.owns(partition) {
            return Ok(());
        }
        self.forget_partition(partition);
        Err(CommitError::NotOwned { instance_id: instance_id.clone() })
    }

    /// Takes note of something about a partition's instances, unless the partition is no longer this host's: then all of it
    /// is forgotten, and comes to whoever has it next, be it this host.
    pub(crate) fn note<T: Default>(&self, partition: u8, note: impl FnOnce(&mut State) -> T) -> T {
        self.dispatch.change(|state| {
            // Asked under the lock: whoever takes the partition away forgets it later than this, if not before.
            if self.ownership.owns(partition) {
                return note(state);
            }
            state.forget_partition(partition, self.next_number());
            T::default()
        })
    }

    /// Forgets a partition that is no longer this host's: whoever comes next finds its messages, be it this host again.
    pub(crate) fn forget_partition(&self, partition: u8) -> Vec<Shown> {
        self.dispatch.change(|state| state.forget_partition(partition, self.next_number()))
    }
}
