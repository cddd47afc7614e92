//! Messages whose content is gone: left over from an instance that was purged, or robbed of it by mistake.

use azure::Error;
use engine::InstanceId;

use crate::core::Core;
use crate::damage::Raw;
use crate::layout::overflow;
use crate::ops::COMPLETED_TIME;
use crate::{heads, limits};

impl Core {
    /// Whether the receiver of a message whose blob is gone does not exist, or is being removed: then a purge has taken
    /// the blob along. A message that was seen a few times only may be a little ahead of its receiver.
    pub(crate) async fn is_orphan(&self, blob: &str, dequeue_count: u32) -> bool {
        let seen_enough =
            if overflow::is_start(blob) { limits::START_DEQUEUES_MAX } else { limits::ORPHAN_DEQUEUES_MAX };
        let receiver = overflow::receiver_of(blob).and_then(|receiver| InstanceId::new(&receiver).ok());
        let Some(receiver) = receiver.filter(|_| dequeue_count >= seen_enough) else { return false };
        let is_gone = self.is_gone(&receiver).await.unwrap_or(false);
        if is_gone {
            tracing::warn!(instance_id = %receiver, blob, "a message without its content is dropped: its receiver does not exist");
        } else if dequeue_count == seen_enough {
            tracing::error!(
                instance_id = %receiver, blob,
                "the content of a message is missing, and its receiver exists: restore the blob, or purge the instance"
            );
        }
        is_gone
    }

    /// Whether there is nothing of an instance, or what a purge has left.
    async fn is_gone(&self, instance_id: &InstanceId) -> Result<bool, Error> {
        let Raw { sentinel, row } = self.read_raw(instance_id).await?;
        let is_begun = sentinel.as_ref().is_some_and(|sentinel| !heads::is_purging(&sentinel.entity));
        Ok(!is_begun && row.is_none_or(|row| row.entity.0.contains_key(COMPLETED_TIME)))
    }
}
