//! Queues: messages that are invisible for a while after they were handed out.

use std::time::Duration;

use async_trait::async_trait;

use crate::Error;

/// A queue of the task hub. The medium knows what it is called there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Queue {
    /// `{hub}-control-NN`: messages to instances.
    Control(u8),
    /// `{hub}-workitems`: activities for any host.
    WorkItems,
}

/// What it takes to change or delete a message. Outdated once the message is handed out or updated again.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Receipt {
    /// The message, as the service names it: a GUID.
    pub message_id: Box<str>,
    /// Its latest pop receipt.
    pub pop_receipt: Box<str>,
}

/// A message that was handed out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueMessage {
    /// What it takes to change or delete it.
    pub receipt: Receipt,
    /// Its text.
    pub text: String,
    /// How often it was handed out, this time included.
    pub dequeue_count: u32,
    /// When it was put, in milliseconds since the Unix epoch; whole seconds.
    pub inserted_at: u64,
}

/// Queue requests. Each call is one request.
#[async_trait]
pub trait Queues: Send + Sync + 'static {
    /// Makes a queue. One that exists is fine.
    async fn create_queue(&self, queue: Queue) -> Result<(), Error>;

    /// Removes a queue.
    async fn delete_queue(&self, queue: Queue) -> Result<(), Error>;

    /// Puts a message that is invisible for `delay` (at most 7 days) and never expires. It may be changed or deleted by
    /// the answered receipt while it is invisible. The text must be XML-safe and at most 64 KiB.
    async fn put(&self, queue: Queue, text: &str, delay: Duration) -> Result<Receipt, Error>;

    /// Takes up to `max` (1 to 32) messages, which become visible again after `visibility`.
    async fn take(&self, queue: Queue, max: u32, visibility: Duration) -> Result<Vec<QueueMessage>, Error>;

    /// Makes a message invisible for `visibility` from now, and replaces its text.
    ///
    /// # Errors
    /// [`Error::NotFound`] if it is gone or somebody else took it meanwhile.
    async fn update(&self, queue: Queue, receipt: &Receipt, text: &str, visibility: Duration)
    -> Result<Receipt, Error>;

    /// Deletes a message.
    ///
    /// # Errors
    /// As [`update`](Self::update).
    async fn delete(&self, queue: Queue, receipt: &Receipt) -> Result<(), Error>;

    /// Up to `max` (1 to 32) visible messages, without taking them. Their receipts are of no use.
    async fn peek(&self, queue: Queue, max: u32) -> Result<Vec<QueueMessage>, Error>;

    /// About how many messages there are, invisible ones included.
    async fn count(&self, queue: Queue) -> Result<u64, Error>;
}
