//! Queues of the fake.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use async_trait::async_trait;

use super::FakeMedium;
use crate::limits::{check_message, check_take, visibility_seconds};
use crate::{Error, Queue, QueueMessage, Queues, Receipt};

/// The messages of a queue, in the order in which they become visible.
#[derive(Default)]
pub(super) struct Messages {
    by_visibility: BTreeMap<Place, Stored>,
    places: HashMap<Box<str>, Place>,
}

/// When a message becomes visible (milliseconds), and a number that keeps the order of those put at the same time.
type Place = (u64, u64);

struct Stored {
    id: Box<str>,
    pop_receipt: Box<str>,
    text: String,
    dequeue_count: u32,
    inserted_at: u64,
}

impl Messages {
    fn insert(&mut self, place: Place, stored: Stored) {
        self.places.insert(stored.id.clone(), place);
        self.by_visibility.insert(place, stored);
    }

    /// Takes out the message of a receipt, if the receipt is its latest.
    fn remove(&mut self, receipt: &Receipt) -> Result<Stored, Error> {
        let place = *self.places.get(&receipt.message_id).ok_or(Error::NotFound)?;
        let current = self.by_visibility.get(&place).is_some_and(|stored| stored.pop_receipt == receipt.pop_receipt);
        if !current {
            return Err(Error::NotFound);
        }
        self.places.remove(&receipt.message_id);
        self.by_visibility.remove(&place).ok_or(Error::NotFound)
    }

    fn visible(&self, now_ms: u64, max: u32) -> Vec<Place> {
        self.by_visibility.range(..=(now_ms, u64::MAX)).take(max as usize).map(|(place, _)| *place).collect()
    }
}

impl Stored {
    fn receipt(&self) -> Receipt {
        Receipt { message_id: self.id.clone(), pop_receipt: self.pop_receipt.clone() }
    }

    fn handed_out(&self) -> QueueMessage {
        QueueMessage {
            receipt: self.receipt(),
            text: self.text.clone(),
            dequeue_count: self.dequeue_count,
            inserted_at: self.inserted_at,
        }
    }
}

impl FakeMedium {
    /// With a queue, the time, and a source of numbers that are new whenever asked.
    fn queue<R>(
        &self,
        queue: Queue,
        then: impl FnOnce(&mut Messages, u64, &mut dyn FnMut() -> u64) -> Result<R, Error>,
    ) -> Result<R, Error> {
        let now_ms = self.now_ms();
        let mut state = self.state();
        let state = &mut *state;
        let messages = state.queues.get_mut(&self.hub.queue(queue)).ok_or(Error::NotFound)?;
        let last = &mut state.last_number;
        then(messages, now_ms, &mut || {
            *last += 1;
            *last
        })
    }
}

#[async_trait]
impl Queues for FakeMedium {
    async fn create_queue(&self, queue: Queue) -> Result<(), Error> {
        self.state().queues.entry(self.hub.queue(queue)).or_default();
        Ok(())
    }

    async fn delete_queue(&self, queue: Queue) -> Result<(), Error> {
        self.state().queues.remove(&self.hub.queue(queue)).map(drop).ok_or(Error::NotFound)
    }

    async fn put(&self, queue: Queue, text: &str, delay: Duration) -> Result<Receipt, Error> {
        check_message(text)?;
        let delay_ms = visibility_seconds(delay, 0)? * 1000;
        self.queue(queue, |messages, now_ms, number| {
            let number = number();
            let stored = Stored {
                id: format!("{:08x}-0000-4000-8000-{:012x}", number >> 48, number & 0xffff_ffff_ffff).into(),
                pop_receipt: number.to_string().into(),
                text: text.to_owned(),
                dequeue_count: 0,
                inserted_at: now_ms / 1000 * 1000,
            };
            let receipt = stored.receipt();
            messages.insert((now_ms + delay_ms, number), stored);
            Ok(receipt)
        })
    }

    async fn take(&self, queue: Queue, max: u32, visibility: Duration) -> Result<Vec<QueueMessage>, Error> {
        check_take(max)?;
        let visibility_ms = visibility_seconds(visibility, 1)? * 1000;
        self.queue(queue, |messages, now_ms, number| {
            let mut taken = Vec::new();
            for place in messages.visible(now_ms, max) {
                let Some(mut stored) = messages.by_visibility.remove(&place) else { continue };
                let number = number();
                stored.pop_receipt = number.to_string().into();
                stored.dequeue_count += 1;
                taken.push(stored.handed_out());
                messages.insert((now_ms + visibility_ms, number), stored);
            }
            Ok(taken)
        })
    }

    async fn update(
        &self,
        queue: Queue,
        receipt: &Receipt,
        text: &str,
        visibility: Duration,
    ) -> Result<Receipt, Error> {
        check_message(text)?;
        let visibility_ms = visibility_seconds(visibility, 0)? * 1000;
        self.queue(queue, |messages, now_ms, number| {
            let mut stored = messages.remove(receipt)?;
            let number = number();
            stored.pop_receipt = number.to_string().into();
            text.clone_into(&mut stored.text);
            let receipt = stored.receipt();
            messages.insert((now_ms + visibility_ms, number), stored);
            Ok(receipt)
        })
    }

    async fn delete(&self, queue: Queue, receipt: &Receipt) -> Result<(), Error> {
        self.queue(queue, |messages, _, _| messages.remove(receipt).map(drop))
    }

    async fn peek(&self, queue: Queue, max: u32) -> Result<Vec<QueueMessage>, Error> {
        check_take(max)?;
        self.queue(queue, |messages, now_ms, _| {
            let visible = messages.visible(now_ms, max);
            Ok(visible.iter().filter_map(|place| messages.by_visibility.get(place)).map(Stored::handed_out).collect())
        })
    }

    async fn count(&self, queue: Queue) -> Result<u64, Error> {
        self.queue(queue, |messages, _, _| Ok(messages.by_visibility.len() as u64))
    }
}
