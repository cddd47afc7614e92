//! Reading a part of a history.
//!
//! The sentinel says which rows count, and a range of their keys is one request to the service: a part costs what is in
//! it, however long the history is.

use azure::{Entity, Query, Table, Value, Versioned};
use engine::{EventId, HistoryEvent, InstanceId};
use futures_util::{StreamExt as _, stream};
use store::{HistoryPage, PageRoom, StorageError};

use crate::core::Core;
use crate::large::Unread;
use crate::layout::sentinel::{self, Sentinel};
use crate::{heads, limits, steady};

impl Core {
    /// See [`store::Client::history`].
    pub(crate) async fn history(
        &self,
        instance_id: &InstanceId,
        from: EventId,
        max: usize,
    ) -> Result<HistoryPage, StorageError> {
        self.check_open("history")?;
        let key = Self::key_of(instance_id);
        let from = from.max(EventId::FIRST);
        let mut before = None;
        for attempt in 0..limits::STEP_ATTEMPTS_MAX {
            let stored = self.read_sentinel(&key).await.map_err(|error| steady::failure("history", error))?;
            let Some(stored) = stored.filter(|stored| !heads::is_purging(&stored.entity)) else {
                return Ok(HistoryPage::default());
            };
            let etag = stored.etag.clone();
            match self.page_under(&key, stored, from, max).await {
                // Another execution, or a purge, may have come between the two requests. If not, it is damage.
                Err(Unread::Damaged(_)) if before.as_ref() != Some(&etag) => before = Some(etag),
                page => return page.map_err(|unread| unread.into_storage("history")),
            }
            tokio::time::sleep(steady::back_off(attempt)).await;
        }
        let error = azure::Error::Unreachable("the history changes faster than it can be read".to_owned());
        Err(steady::failure("history", error))
    }

    /// The part that this sentinel vouches for.
    async fn page_under(&self, key: &str, stored: Versioned, from: EventId, max: usize) -> Result<HistoryPage, Unread> {
        let (sentinel, _) = self.sentinel_of(stored).await?;
        let end = sentinel.last_event.map_or(EventId::FIRST, EventId::next);
        let mut page = HistoryPage { events: Vec::new(), next: Some(from).filter(|from| *from < end) };
        let mut room = PageRoom::of(max);
        let last = from.0.saturating_add(max as u64).min(end.0) - 1;
        if page.next.is_none() || room.is_full() {
            return Ok(page);
        }
        let sentinel = &sentinel;
        let row_key = |id: u64| sentinel::row_key(sentinel.first_row + id - 1);
        let mut query = Query::rows(key, &row_key(from.0), &row_key(last));
        let mut ids = from.0..=last;
        for _ in 0..limits::PAGES_MAX {
            let found = steady::repeat(|| self.medium.query(Table::History, &query)).await?;
            let reads =
                found.entities.into_iter().zip(ids.by_ref()).map(|(stored, id)| {
                    let is_expected = stored.key.row == row_key(id);
                    async move {
                        if is_expected { self.event_of(sentinel, id, stored.entity).await } else { Err(missing(id)) }
                    }
                });
            // What is read ahead and does not fit is thrown away.
            let mut reads = stream::iter(reads).buffered(limits::EVENTS_READ_AHEAD_MAX);
            while let Some(event) = reads.next().await {
                let event = event?;
                room.take(event.kind.payload_bytes());
                page.next = Some(event.id.next()).filter(|next| *next < end);
                page.events.push(event);
                if room.is_full() {
                    return Ok(page);
                }
            }
            query.after = found.end;
            if query.after.is_none() {
                break;
            }
        }
        ids.next().map_or(Ok(page), |id| Err(missing(id)))
    }

    async fn event_of(&self, sentinel: &Sentinel, id: u64, row: Entity) -> Result<HistoryEvent, Unread> {
        // The next execution begins at the same key.
        match row.0.get("ExecutionId") {
            Some(Value::Text(execution)) if *execution != sentinel.execution_id.to_string() => {
                Err(Unread::Damaged(format!("event {id} is of another execution")))
            }
            _ => self.event(id, row).await,
        }
    }
}

fn missing(id: u64) -> Unread {
    Unread::Damaged(format!("event {id} is missing"))
}
