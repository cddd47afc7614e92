//! Deleting the blobs of an instance, and no others.

use azure::{Container, ETag, Error};
use engine::InstanceId;

use crate::core::Core;
use crate::layout::{message, overflow};
use crate::{limits, steady};

impl Core {
    /// Removes what is too large for the rows of an instance and the messages to it.
    ///
    /// # Errors
    /// `Changed`: the instance's row is not this one any more.
    pub(super) async fn remove_all_blobs(&self, instance_id: &InstanceId, key: &str, row: &ETag) -> Result<(), Error> {
        for prefix in overflow::own_blobs(instance_id.as_str()) {
            self.remove_blobs(&prefix, key, row, None).await?;
        }
        let prefix = overflow::perhaps_own_blobs(instance_id.as_str());
        self.remove_blobs(&prefix, key, row, Some(instance_id)).await
    }

    /// Whether the blob is a message to that instance.
    async fn is_message_to(&self, instance_id: &InstanceId, name: &str) -> Result<bool, Error> {
        let blob = steady::repeat(|| self.medium.get_blob(Container::LargeMessages, name)).await?;
        let text = blob.and_then(|blob| overflow::gunzip_text(&blob).ok());
        Ok(text.and_then(|text| message::addressee(&text)).is_some_and(|to| to == instance_id.as_str()))
    }

    /// Removes the blobs whose names begin so; of `messages_to` somebody, only those that are. No two blobs ever have the
    /// same name.
    async fn remove_blobs(
        &self,
        prefix: &str,
        key: &str,
        row: &ETag,
        messages_to: Option<&InstanceId>,
    ) -> Result<(), Error> {
        let mut after: Option<String> = None;
        for _ in 0..limits::PAGES_MAX {
            let list = || self.medium.list_blobs(Container::LargeMessages, prefix, after.as_deref());
            let page = steady::repeat(list).await?;
            if !page.names.is_empty() {
                self.is_still(key, Some(row)).await?;
            }
            for name in page.names {
                if let Some(instance_id) = messages_to
                    && !(name.strip_prefix(prefix).is_some_and(overflow::is_message)
                        && self.is_message_to(instance_id, &name).await?)
                {
                    continue;
                }
                steady::repeat(|| self.medium.delete_blob(Container::LargeMessages, &name)).await?;
            }
            after = page.after;
            if after.is_none() {
                return Ok(());
            }
        }
        Ok(())
    }
}
