//! Letting held instances go, and migrating others.

use azure::Error;
use engine::{Digest, InstanceId, Message, Timestamp};
use store::{InstanceError, StorageError};

use super::hold::Amendment;
use crate::core::Core;
use crate::damage::Sight;
use crate::layout::message::Replaces;
use crate::{limits, steady};

impl Core {
    /// See [`store::Client::release`].
    pub(crate) async fn release(
        &self,
        instance_id: &InstanceId,
        component: Option<Digest>,
    ) -> Result<(), InstanceError> {
        self.check_open("release")?;
        for attempt in 0..limits::STEP_ATTEMPTS_MAX {
            let heads = match self.look_at(instance_id).await? {
                Sight::Whole(heads) => heads,
                // It shows what it is when it is looked at, and is held again.
                Sight::Damaged(damaged) => match self.mark_damaged(instance_id, &damaged, None).await {
                    Ok(()) => return self.let_go(instance_id, None).await.map_err(InstanceError::Storage),
                    Err(error @ (Error::Changed | Error::NotFound)) => {
                        steady::pause(attempt, &error).await;
                        continue;
                    }
                    Err(error) => return Err(steady::failure("release", error).into()),
                },
            };
            let Some((row, _)) = &heads.row else { return Err(InstanceError::NotFound(instance_id.clone())) };
            let is_held =
                row.held.is_some() || heads.sentinel.as_ref().is_some_and(|(sentinel, _)| sentinel.held.is_some());
            if !is_held && component.is_none() {
                return Ok(());
            }
            let wake_at = heads.sentinel.as_ref().and_then(|(sentinel, _)| sentinel.wake_at);
            match self.amend(instance_id, heads, Amendment { held: None, component }).await {
                Ok(_) => return self.let_go(instance_id, wake_at).await.map_err(InstanceError::Storage),
                // A turn was committed in between.
                Err(error @ (Error::Changed | Error::Exists | Error::NotFound)) => steady::pause(attempt, &error).await,
                Err(error) => return Err(steady::failure("release", error).into()),
            }
        }
        Err(InstanceError::Storage(steady::failure(
            "release",
            Error::Unreachable("the instance is too busy".to_owned()),
        )))
    }

    /// Has an instance looked at by whoever owns it.
    async fn let_go(&self, instance_id: &InstanceId, wake_at: Option<Timestamp>) -> Result<(), StorageError> {
        let partition = self.partition_of(instance_id);
        self.note(partition, |state| {
            state.taken_back(instance_id);
            state.loaded(instance_id, partition, wake_at);
        });
        let put = self.put_message(None, instance_id, Message::Wake, Replaces::Unsaid, None);
        put.await.map_err(|error| steady::failure("release", error))?;
        self.rows_changed.notify_waiters();
        Ok(())
    }
}
