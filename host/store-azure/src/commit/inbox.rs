//! Step 4: consumed messages are deleted, behind the back of whoever waits for the commit.

use azure::{Error, Receipt};
use engine::InstanceId;
use store::TurnCommit;
use tokio::time::Instant;

use super::plan::Plan;
use crate::core::Core;
use crate::dispatch::{Armed, Committed, Spent};
use crate::steady;

/// What a commit has put into the instance's own queue.
#[derive(Debug, Default)]
pub(super) struct Put {
    pub(super) armed: Option<Armed>,
    pub(super) lease: Option<Receipt>,
}

impl Core {
    /// Makes sure that the instance will be looked at again, whatever becomes of this host.
    pub(super) async fn put_wakes(&self, turn: &TurnCommit, plan: &Plan) -> Result<Put, Error> {
        let mut put = Put::default();
        if let Some(at) = plan.arms {
            put.armed = Some(Armed { receipt: self.put_wake(&turn.instance_id, at).await?, at });
        }
        if let Some(at) = plan.puts_lease {
            put.lease = Some(self.put_wake(&turn.instance_id, at).await?);
        }
        Ok(put)
    }

    /// Takes note of the commit and begins to delete what it has consumed. What is not deleted shows up again, and the
    /// sentinel says that it was taken in.
    pub(super) fn commit_inbox(&self, turn: &TurnCommit, plan: &Plan, put: Put) {
        let instance_id = &turn.instance_id;
        let armed = put.armed.or_else(|| plan.armed.clone().filter(|_| plan.keeps_armed));
        let disarmed = plan.armed.clone().filter(|before| armed.as_ref() != Some(before));
        let lapses_at = Instant::now() + self.options.message_visibility;
        let spent = self.note(plan.partition, |state| {
            let lease = put.lease.and_then(|receipt| state.lease_put(instance_id, plan.partition, receipt, lapses_at));
            let lease = lease.or(plan.lease);
            state.committed(Committed {
                instance_id,
                partition: plan.partition,
                consumed: &turn.consumed,
                lease,
                wake_at: turn.wake_at,
                armed,
            })
        });
        self.delete_spent(instance_id, spent);
        if let Some(Armed { receipt, .. }) = disarmed {
            self.delete_quietly(plan.partition, receipt);
        }
    }

    /// Deletes consumed messages of an instance in the background.
    pub(crate) fn delete_spent(&self, instance_id: &InstanceId, spent: Vec<Spent>) {
        for Spent { partition, id, receipt } in spent {
            let Some(core) = self.shared() else { return };
            let instance_id = instance_id.clone();
            self.background.spawn(async move {
                match core.delete_message(partition, &receipt).await {
                    Ok(()) => core.dispatch.change(|state| state.deleted(&instance_id, id)),
                    // It shows up again, is recognised, and deleted then.
                    Err(error) => tracing::debug!(%instance_id, %error, "a consumed message was not deleted"),
                }
            });
        }
    }

    /// Deletes a message that does no harm if it stays.
    pub(crate) fn delete_quietly(&self, partition: u8, receipt: Receipt) {
        let Some(core) = self.shared() else { return };
        self.background.spawn(async move {
            if let Err(error) = core.delete_message(partition, &receipt).await {
                tracing::debug!(%error, "a message that is of no use was not deleted");
            }
        });
    }

    /// Deletes a message; one that is gone already is fine.
    pub(crate) async fn delete_message(&self, partition: u8, receipt: &Receipt) -> Result<(), Error> {
        let queue = azure::Queue::Control(partition);
        match steady::repeat(|| self.medium.delete(queue, receipt)).await {
            Err(Error::NotFound) => Ok(()),
            answer => answer,
        }
    }
}
