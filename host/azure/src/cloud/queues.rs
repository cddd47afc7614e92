//! Queues of an account.

use std::time::Duration;

use async_trait::async_trait;
use azure_storage_queues::{PopReceipt, QueueClient};

use super::Cloud;
use super::errors::Failure;
use crate::limits::{check_message, check_take, visibility_seconds};
use crate::{Error, Queue, QueueMessage, Queues, Receipt};

/// How long a message is kept: 68 years. The service has a value for "for ever", -1, which the SDK cannot say; without
/// any it would be a week.
const TIME_TO_LIVE: Duration = Duration::from_secs(i32::MAX as u64);

impl Cloud {
    fn queue(&self, queue: Queue) -> QueueClient {
        self.queues.queue_client(self.hub.queue(queue))
    }
}

fn pop_receipt(receipt: &Receipt) -> PopReceipt {
    PopReceipt::new(receipt.message_id.as_ref(), receipt.pop_receipt.as_ref())
}

fn whole_seconds(visibility: Duration, min: u64) -> Result<Duration, Error> {
    visibility_seconds(visibility, min).map(Duration::from_secs)
}

/// A number of messages as the SDK takes it.
fn number(max: u32) -> Result<u8, Error> {
    check_take(max)?;
    Ok(u8::try_from(max).unwrap_or(u8::MAX))
}

/// Times before 1970 count as 1970.
fn milliseconds(unix_seconds: i64) -> u64 {
    u64::try_from(unix_seconds).unwrap_or(0) * 1000
}

#[async_trait]
impl Queues for Cloud {
    async fn create_queue(&self, queue: Queue) -> Result<(), Error> {
        match self.queue(queue).create().await.map_err(|error| Error::from(Failure::from(error))) {
            Ok(_) | Err(Error::Exists) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn delete_queue(&self, queue: Queue) -> Result<(), Error> {
        self.queue(queue).delete().await.map_err(Failure::from)?;
        Ok(())
    }

    async fn put(&self, queue: Queue, text: &str, delay: Duration) -> Result<Receipt, Error> {
        check_message(text)?;
        let delay = whole_seconds(delay, 0)?;
        let put = self.queue(queue).put_message(text).visibility_timeout(delay).ttl(TIME_TO_LIVE);
        let message = put.await.map_err(Failure::from)?.queue_message;
        Ok(Receipt { message_id: message.message_id.into(), pop_receipt: message.pop_receipt.into() })
    }

    async fn take(&self, queue: Queue, max: u32, visibility: Duration) -> Result<Vec<QueueMessage>, Error> {
        let visibility = whole_seconds(visibility, 1)?;
        let take = self.queue(queue).get_messages().number_of_messages(number(max)?).visibility_timeout(visibility);
        let taken = take.await.map_err(Failure::from)?.messages;
        let taken = taken.into_iter().map(|message| QueueMessage {
            receipt: Receipt { message_id: message.message_id.into(), pop_receipt: message.pop_receipt.into() },
            text: message.message_text,
            dequeue_count: u32::try_from(message.dequeue_count).unwrap_or(u32::MAX),
            inserted_at: milliseconds(message.insertion_time.unix_timestamp()),
        });
        Ok(taken.collect())
    }

    async fn update(
        &self,
        queue: Queue,
        receipt: &Receipt,
        text: &str,
        visibility: Duration,
    ) -> Result<Receipt, Error> {
        check_message(text)?;
        let visibility = whole_seconds(visibility, 0)?;
        let update = self.queue(queue).pop_receipt_client(pop_receipt(receipt)).update(text, visibility);
        let updated = update.await.map_err(Failure::from)?;
        Ok(Receipt { message_id: receipt.message_id.clone(), pop_receipt: updated.pop_receipt.into() })
    }

    async fn delete(&self, queue: Queue, receipt: &Receipt) -> Result<(), Error> {
        self.queue(queue).pop_receipt_client(pop_receipt(receipt)).delete().await.map_err(Failure::from)?;
        Ok(())
    }

    async fn peek(&self, queue: Queue, max: u32) -> Result<Vec<QueueMessage>, Error> {
        let peek = self.queue(queue).peek_messages().number_of_messages(number(max)?);
        let seen = peek.await.map_err(Failure::from)?.messages;
        // The SDK's type of a message that was seen cannot be named: it is not exported.
        let seen = seen.into_iter().map(|message| QueueMessage {
            receipt: Receipt { message_id: message.message_id.into(), pop_receipt: "".into() },
            text: message.message_text,
            dequeue_count: u32::try_from(message.dequeue_count).unwrap_or(u32::MAX),
            inserted_at: milliseconds(message.insertion_time.unix_timestamp()),
        });
        Ok(seen.collect())
    }

    async fn count(&self, queue: Queue) -> Result<u64, Error> {
        let metadata = self.queue(queue).get_metadata().await.map_err(Failure::from)?;
        Ok(metadata.approximate_messages_count as u64)
    }
}
