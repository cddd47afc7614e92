//! Pages of what is stored: bounded in number and in bytes, whatever the backend.

use engine::{EventId, HistoryEvent, Payload};

use crate::{Client, InstanceRow, StorageError, limits};

/// A page of a history.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HistoryPage {
    /// Consecutive events, beginning with the one that was asked for.
    pub events: Vec<HistoryEvent>,
    /// The event that the next page begins with; none if no event was stored behind this page.
    pub next: Option<EventId>,
}

/// How much more fits into a page.
///
/// A page ends with the item by which it reaches [`limits::PAGE_BYTES_MAX`]: so every page makes progress, and none is
/// larger than that and one item.
#[derive(Debug)]
pub struct PageRoom {
    items: usize,
    bytes: usize,
}

impl PageRoom {
    /// An empty page for at most so many items.
    pub fn of(items: usize) -> Self {
        Self { items, bytes: limits::PAGE_BYTES_MAX }
    }

    /// Whether the page ends here.
    pub fn is_full(&self) -> bool {
        self.items == 0 || self.bytes == 0
    }

    /// Takes the room that an item with payloads of so many bytes needs.
    pub fn take(&mut self, payload_bytes: usize) {
        self.items = self.items.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(payload_bytes.saturating_add(limits::PAGE_ITEM_BYTES));
    }
}

impl HistoryPage {
    /// The page that begins with `from`, of events in the order of their positions; some of them may come before it.
    pub fn cut(events: impl IntoIterator<Item = HistoryEvent>, from: EventId, events_max: usize) -> Self {
        let mut page = Self::default();
        let mut room = PageRoom::of(events_max);
        for event in events.into_iter().filter(|event| event.id >= from) {
            if room.is_full() {
                page.next = Some(event.id);
                break;
            }
            room.take(event.kind.payload_bytes());
            page.events.push(event);
        }
        page
    }
}

impl InstanceRow {
    /// Bytes of its payloads.
    pub fn payload_bytes(&self) -> usize {
        let state = &self.state;
        let details = state.failure.as_ref().and_then(|failure| failure.details.as_ref());
        let payloads = [state.input.as_ref(), state.output.as_ref(), state.custom_status.as_ref(), details];
        payloads.into_iter().flatten().map(|payload: &Payload| payload.as_str().len()).sum()
    }
}

/// All pages of a history in one piece, for tools and tests: however large it is, it is held in memory.
pub async fn whole_history(
    client: &(impl Client + ?Sized),
    instance_id: &engine::InstanceId,
) -> Result<Vec<HistoryEvent>, StorageError> {
    let mut events = Vec::new();
    let mut next = Some(EventId::FIRST);
    while let Some(from) = next {
        let page = client.history(instance_id, from, usize::MAX).await?;
        events.extend(page.events);
        next = page.next;
    }
    Ok(events)
}

#[cfg(test)]
mod tests {
    use engine::{EventKind, TaskId, Timestamp};

    use super::*;

    fn event(id: u64, bytes: usize) -> HistoryEvent {
        let output = Some(Payload::from("x".repeat(bytes)));
        HistoryEvent {
            id: EventId(id),
            at: Timestamp::default(),
            kind: EventKind::TaskCompleted { task: TaskId(0), output },
        }
    }

    fn page(sizes: &[usize], from: u64, max: usize) -> (Vec<u64>, Option<u64>) {
        let events = (1..).zip(sizes).map(|(id, bytes)| event(id, *bytes));
        let page = HistoryPage::cut(events, EventId(from), max);
        (page.events.iter().map(|event| event.id.0).collect(), page.next.map(|next| next.0))
    }

    #[test]
    fn a_page_ends_by_number() {
        assert_eq!(page(&[1, 1, 1], 1, 2), (vec![1, 2], Some(3)));
        assert_eq!(page(&[1, 1, 1], 2, 2), (vec![2, 3], None), "nothing is behind it");
        assert_eq!(page(&[1, 1, 1], 1, 0), (vec![], Some(1)));
        assert_eq!(page(&[1], 2, 5), (vec![], None));
    }

    #[test]
    fn a_page_ends_with_the_event_that_fills_it() {
        let max = limits::PAGE_BYTES_MAX;
        assert_eq!(page(&[max - limits::PAGE_ITEM_BYTES - 1, max, 1], 1, 9), (vec![1, 2], Some(3)));
        assert_eq!(page(&[max - limits::PAGE_ITEM_BYTES, max, 1], 1, 9), (vec![1], Some(2)));
        assert_eq!(page(&[max, 0], 1, 9), (vec![1], Some(2)));
        assert_eq!(page(&[2 * max], 1, 9), (vec![1], None), "one always fits");
    }

    #[test]
    fn events_without_payloads_fill_a_page_too() {
        let most = limits::PAGE_BYTES_MAX / limits::PAGE_ITEM_BYTES;
        let (events, next) = page(&vec![0; most + 1], 1, usize::MAX);
        assert_eq!((events.len(), next), (most, Some(most as u64 + 1)));
    }
}
