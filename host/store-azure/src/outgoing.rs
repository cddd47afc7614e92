//! Putting messages into the queues of their receivers.

use std::collections::BTreeMap;
use std::time::Duration;

use azure::{Error, Queue, Receipt};
use engine::{ExecutionId, ExecutionStarted, InstanceId, Message, OutboxMessage, Timestamp};
use futures_util::{FutureExt as _, StreamExt as _, TryStreamExt as _, stream};

use crate::core::Core;
use crate::layout::message::{self, Content, Encoded, Header, Replaces};
use crate::load::pending_row;
use crate::{limits, steady};

/// Who sends, as readers of the queue are told; none: a client.
pub(crate) type Sender<'a> = Option<(&'a InstanceId, ExecutionId)>;

impl Core {
    /// Puts messages: those of one receiver in order, those of different ones side by side. Each may be put twice; its
    /// receiver recognises it.
    pub(crate) async fn put_all(&self, sender: Sender<'_>, messages: &[OutboxMessage]) -> Result<(), Error> {
        self.put_outbox(sender, messages, false).await
    }

    /// The same once more, as the first time may have come to nothing.
    pub(crate) async fn put_all_again(&self, sender: Sender<'_>, messages: &[OutboxMessage]) -> Result<(), Error> {
        self.put_outbox(sender, messages, true).await
    }

    async fn put_outbox(&self, sender: Sender<'_>, messages: &[OutboxMessage], is_repeated: bool) -> Result<(), Error> {
        let mut by_receiver: BTreeMap<&InstanceId, Vec<&Message>> = BTreeMap::new();
        for OutboxMessage { to, message } in messages {
            by_receiver.entry(to).or_default().push(message);
        }
        let mut receivers = Vec::with_capacity(by_receiver.len());
        for (to, messages) in by_receiver {
            receivers.push(self.put_in_order(sender, to, messages, is_repeated).boxed());
        }
        stream::iter(receivers).buffer_unordered(limits::PARALLEL_REQUESTS_MAX).try_collect().await
    }

    async fn put_in_order(
        &self,
        sender: Sender<'_>,
        to: &InstanceId,
        messages: Vec<&Message>,
        is_repeated: bool,
    ) -> Result<(), Error> {
        for message in messages {
            let is_shown = match (message, sender) {
                (Message::Start(start), Some(_)) => self.show_pending(to, start).await?,
                _ => false,
            };
            // What may have begun must be looked at before its first commit; what is not known to be repeated is not.
            let replaces = match (is_repeated, is_shown) {
                (true, _) => Replaces::EndedAgain,
                (false, true) => Replaces::EndedShown,
                (false, false) => Replaces::Ended,
            };
            self.put_message(sender, to, message.clone(), replaces, None).await?;
        }
        Ok(())
    }

    /// Writes the row of what an orchestration starts, so that readers see it before its first turn. Before the start is
    /// put: what has begun may have been purged when a row comes late, and it would stay for ever. An id that has a row
    /// already is for the owner of that instance to look at. Whether the row was inserted now.
    async fn show_pending(&self, to: &InstanceId, start: &ExecutionStarted) -> Result<bool, Error> {
        let row = pending_row(to, start);
        let key = Self::key_of(to);
        let full = self.full_row(&row, &key);
        // A purge of what has the id removes all blobs that are there before it removes the row, and that may be just
        // before this one is inserted.
        if !full.blobs.is_empty() && self.read_row(&key).await?.is_some() {
            return Ok(false);
        }
        let is_inserted = self.insert_row(to, &row, full).await?;
        if is_inserted {
            self.rows_changed.notify_waiters();
        }
        Ok(is_inserted)
    }

    /// Puts a message that wakes an instance at that time, or as near before it as a queue can do.
    pub(crate) async fn put_wake(&self, to: &InstanceId, at: Timestamp) -> Result<Receipt, Error> {
        self.put_message(None, to, Message::Wake, Replaces::Unsaid, Some(at)).await
    }

    /// Puts one message to an instance.
    pub(crate) async fn put_message(
        &self,
        sender: Sender<'_>,
        to: &InstanceId,
        message: Message,
        replaces: Replaces,
        not_before: Option<Timestamp>,
    ) -> Result<Receipt, Error> {
        let replaces = if matches!(message, Message::Start(_)) { replaces } else { Replaces::Unsaid };
        let content = Content::ToInstance { to: to.clone(), message, replaces };
        let partition = self.partition_of(to);
        let receipt = self.put_content(Queue::Control(partition), &content, sender, not_before).await?;
        self.notify_put(partition);
        Ok(receipt)
    }

    /// Puts one message, its overflow before it.
    pub(crate) async fn put_content(
        &self,
        queue: Queue,
        content: &Content,
        sender: Sender<'_>,
        not_before: Option<Timestamp>,
    ) -> Result<Receipt, Error> {
        let now = self.now();
        let delay = not_before.map_or(Duration::ZERO, |at| at.saturating_since(now).min(limits::SCHEDULE_MAX));
        let header = self.header(sender, not_before.unwrap_or(now));
        self.put_encoded(queue, message::encode(content, header), delay).await
    }

    /// The same of a message that is encoded already.
    pub(crate) async fn put_encoded(&self, queue: Queue, message: Encoded, delay: Duration) -> Result<Receipt, Error> {
        self.put_large(message.blob.into_iter().collect()).await?;
        steady::repeat(|| self.medium.put(queue, &message.text, delay)).await
    }

    /// What surrounds a message that is sent, or due, at `at`.
    pub(crate) fn header<'a>(&self, sender: Sender<'a>, at: Timestamp) -> Header<'a> {
        Header { activity_id: fastrand::u128(..).to_be_bytes(), sequence: self.next_number(), sender, at }
    }
}
