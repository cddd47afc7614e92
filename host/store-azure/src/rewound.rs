//! Rewinds by clients of DurableTask.
//!
//! Such a client rewrites the failed rows of an instance, and those of its failed children, before it sends a message to
//! the deepest of them. Rondo's own rewind goes the other way: it begins at the top and reaches children by messages. So
//! the message is passed on to the topmost instance that was rewound with the receiver, and the rows are made what they
//! were, for whoever reads them next: another host, or a client that rewinds once more.

use azure::{Condition, Error, Key, Page, Query, Table, Verb, Versioned, Write};
use engine::{EventId, EventKind, InstanceId, Message, RuntimeStatus};

use crate::core::Core;
use crate::large::Unread;
use crate::layout::events;
use crate::layout::message::Replaces;
use crate::layout::sentinel::{self, Sentinel};
use crate::{limits, steady};

impl Core {
    /// Sees to a rewind that is addressed to an instance. False: it has been passed on to one further up.
    pub(crate) async fn is_rewound_here(&self, to: &InstanceId, rewind: &Message) -> Result<bool, Unread> {
        let mut rewound = Vec::new();
        let mut at = to.clone();
        while rewound.len() < limits::REWIND_DEPTH_MAX
            && let Some(sentinel) = self.rewound_in_place(&at).await?
        {
            let parent = self.parent_of(&at, &sentinel).await?;
            rewound.push((at, sentinel.execution_id));
            match parent {
                Some(parent) => at = parent,
                None => break,
            }
        }
        let Some((top, execution_id)) = rewound.last() else { return Ok(true) };
        let is_here = top == to;
        if !is_here {
            let Message::Rewind { reason, .. } = rewind else { return Ok(true) };
            let (reason, execution_id) = (reason.clone(), Some(*execution_id));
            let rewind = Message::Rewind { reason, execution_id, asker: None, to_event: None };
            self.put_message(None, top, rewind, Replaces::Unsaid, None).await?;
        }
        for (instance_id, _) in &rewound {
            self.put_back_rows(instance_id).await?;
        }
        Ok(is_here)
    }

    /// The sentinel of an instance that has failed, and whose failure a client has rewound.
    async fn rewound_in_place(&self, instance_id: &InstanceId) -> Result<Option<Sentinel>, Unread> {
        let key = Self::key_of(instance_id);
        let Some(stored) = self.read_sentinel(&key).await? else { return Ok(None) };
        let (sentinel, _) = self.sentinel_of(stored).await?;
        let Some(EventId(last)) = sentinel.last_event.filter(|_| sentinel.status == RuntimeStatus::Failed) else {
            return Ok(None);
        };
        // The failure, and the end of its turn.
        for id in [last.saturating_sub(1), last] {
            let row = self.event_row(&key, &sentinel, id).await?;
            if row.is_some_and(|row| events::is_rewound(&row.entity)) {
                return Ok(Some(sentinel));
            }
        }
        Ok(None)
    }

    async fn parent_of(&self, instance_id: &InstanceId, sentinel: &Sentinel) -> Result<Option<InstanceId>, Unread> {
        // A history begins with a turn, and that with the start.
        let row = self.event_row(&Self::key_of(instance_id), sentinel, 2).await?;
        let Some(row) = row else { return Ok(None) };
        match self.event(2, row.entity).await?.kind {
            EventKind::ExecutionStarted(started) => Ok(started.parent.map(|parent| parent.instance_id)),
            _ => Ok(None),
        }
    }

    async fn event_row(&self, key: &str, sentinel: &Sentinel, id: u64) -> Result<Option<Versioned>, Error> {
        let row = sentinel::row_key(sentinel.first_row + id.saturating_sub(1));
        let key = Key { partition: key.to_owned(), row };
        steady::repeat(|| self.medium.get(Table::History, &key)).await
    }

    /// Makes the rows of a history what they were before a client rewound them.
    async fn put_back_rows(&self, instance_id: &InstanceId) -> Result<(), Error> {
        let mut query = Query::partition(&Self::key_of(instance_id));
        let generic = "EventType eq 'GenericEvent'";
        query.filter = query.filter.map(|partition| format!("({partition}) and {generic}"));
        for _ in 0..limits::PAGES_MAX {
            let Page { entities, end } = steady::repeat(|| self.medium.query(Table::History, &query)).await?;
            for Versioned { key, mut entity, etag } in entities {
                if !events::put_back(&mut entity) {
                    continue;
                }
                let write = Write { key, verb: Verb::Replace(entity, Condition::Match(etag)) };
                match self.medium.write(Table::History, write).await {
                    // Somebody else was quicker, and it is read as what it was in any case.
                    Ok(_) | Err(Error::Changed | Error::NotFound) => {}
                    Err(error) => return Err(error),
                }
            }
            query.after = end;
            if query.after.is_none() {
                break;
            }
        }
        Ok(())
    }
}
