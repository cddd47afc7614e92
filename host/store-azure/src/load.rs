//! Loading an instance: its rows become a snapshot, and what an earlier commit left undone is done.

mod leftovers;
mod snapshot;

pub(crate) use self::snapshot::pending_row;

use std::collections::BTreeMap;

use azure::{Entity, Error, Page, Query, Table, Versioned};
use engine::{EventId, HistoryEvent, InstanceId};
use futures_util::{FutureExt as _, StreamExt as _, TryStreamExt as _, stream};
use store::{MessageId, Snapshot, StorageError};
use tokio::time::Instant;

use crate::core::Core;
use crate::damage::{Raw, Sight};
use crate::dispatch::{Start, State, Term};
use crate::heads;
use crate::large::Unread;
use crate::layout::events;
use crate::layout::outbox::OUTBOX;
use crate::layout::sentinel::{self, SENTINEL, Sentinel};
use crate::{limits, steady};

/// The starts that wait for an instance, oldest first.
type Starts = Vec<Start>;

/// The partition of an instance's history.
#[derive(Debug, Default)]
struct Stored {
    sentinel: Option<Versioned>,
    outbox: Option<Versioned>,
    events: BTreeMap<String, Versioned>,
}

/// The starts of an instance but those that have lapsed.
fn valid_starts(state: &State, instance_id: &InstanceId, lapsed: &[MessageId]) -> Starts {
    let mut starts = state.starts(instance_id);
    starts.retain(|start| !lapsed.contains(&start.id));
    starts
}

impl Core {
    /// See [`store::WorkSource::load`].
    pub(crate) async fn load(&self, instance_id: &InstanceId) -> Result<Option<Snapshot>, StorageError> {
        self.check_open("load")?;
        let (hint, mut lapsed, mut starts, term, next) = {
            let mut state = self.dispatch.state();
            let hint = state.take_hint(instance_id);
            let lapsed = state.lapsed(instance_id, Instant::now());
            let starts = valid_starts(&state, instance_id, &lapsed);
            let term = state.term(self.partition_of(instance_id));
            (hint.filter(|_| lapsed.is_empty()), lapsed, starts, term, state.next_message())
        };
        if let Some(snapshot) = hint.and_then(|hint| self.snapshot_of_new(instance_id, hint, &starts, term)) {
            return Ok(Some(snapshot));
        }
        let mut attempt = 0;
        let mut snapshot = loop {
            let snapshot = match self.load_stored(instance_id, &starts, term).await {
                Ok(snapshot) => snapshot,
                Err(Unread::Damaged(_)) if self.is_being_removed(instance_id).await => {
                    let purged = Error::Unreachable("the instance is being purged".to_owned());
                    return Err(steady::failure("load", purged));
                }
                Err(unread) => return Err(unread.into_storage("load")),
            };
            // Of what was in hand all the while, nobody else can have made anything before this was read; of the rest
            // nothing is known, and it comes anew if it still is to be taken in.
            let mut state = self.dispatch.state();
            let now_lapsed = state.lapsed(instance_id, Instant::now());
            if now_lapsed.iter().all(|id| lapsed.contains(id)) {
                state.forget(instance_id, &now_lapsed);
                lapsed = now_lapsed;
                break snapshot;
            }
            starts = valid_starts(&state, instance_id, &now_lapsed);
            lapsed = now_lapsed;
            attempt += 1;
            if attempt >= limits::STEP_ATTEMPTS_MAX {
                return Err(steady::failure("load", Error::Unreachable("storage is too slow".to_owned())));
            }
        };
        if let Some(snapshot) = &mut snapshot {
            snapshot.taken_in.extend(lapsed);
        }
        self.refuse_children(snapshot.as_ref(), &starts).await.map_err(|error| steady::failure("load", error))?;
        if let Some(snapshot) = &snapshot {
            let put = self.start_what_is_terminated(snapshot, &starts).await;
            put.map_err(|error| steady::failure("load", error))?;
        }
        match &snapshot {
            Some(snapshot) => self.register(instance_id, snapshot, term),
            None => self.drop_orphans(instance_id, next).await,
        }
        Ok(snapshot)
    }

    async fn load_stored(
        &self,
        instance_id: &InstanceId,
        starts: &Starts,
        term: Term,
    ) -> Result<Option<Snapshot>, Unread> {
        let key = Self::key_of(instance_id);
        // The row may be newer than the history: then its etag is, too, and the next commit does not even get that far.
        let (stored, row) = tokio::join!(self.read_history(&key), self.read_row(&key));
        let (Stored { sentinel, outbox, events }, row) = (stored?, row?);
        // Not after what it and the row point at was looked for: that goes first.
        if sentinel.as_ref().is_some_and(|sentinel| heads::is_purging(&sentinel.entity)) {
            return Ok(None);
        }
        let heads = match self.sight(Raw { sentinel, row }).await? {
            Sight::Whole(heads) => heads,
            Sight::Damaged(damaged) if self.is_being_removed(instance_id).await => {
                return Err(Unread::Damaged(damaged.to_string()));
            }
            Sight::Damaged(damaged) => return Ok(Some(damaged.snapshot(instance_id, term))),
        };
        let Some((sentinel, _)) = &heads.sentinel else {
            // Of an instance that ended and has no history any more, a purge has left the row to be removed last.
            if starts.is_empty() && heads.row.as_ref().is_some_and(|(row, _)| row.state.status.is_terminal()) {
                return Ok(None);
            }
            return Ok(self.snapshot(instance_id, &heads, Vec::new(), starts, term));
        };
        let (history, damage) = match self.decode(sentinel, events).await {
            Ok(history) => (history, None),
            Err(Unread::Damaged(damage)) => (Vec::new(), Some(damage)),
            Err(unread) => return Err(unread),
        };
        if self.is_of_earlier_term(&sentinel.commit, term) {
            let (partition, until) = (self.partition_of(instance_id), Instant::now() + limits::INHERITED_FOR);
            self.dispatch.change(|state| {
                state.give_up_lease(instance_id);
                state.inherit(instance_id, partition, &sentinel.taken_in, until);
            });
        }
        // Whoever has put another execution there has seen to it, unless it was a client of DurableTask.
        if self.is_unseen(&sentinel.commit) && !heads.is_replaced_by_rondo() {
            self.finish(instance_id, sentinel, outbox).await?;
        }
        let snapshot = self.snapshot(instance_id, &heads, history, starts, term);
        if snapshot.is_none() {
            return Err(Unread::Damaged("there is a history, but neither a row nor how it began".to_owned()));
        }
        Ok(snapshot.map(|snapshot| Snapshot { damage, ..snapshot }))
    }

    /// Reads all rows of a history, page by page.
    async fn read_history(&self, key: &str) -> Result<Stored, Error> {
        let mut stored = Stored::default();
        let mut query = Query::partition(key);
        for _ in 0..limits::PAGES_MAX {
            let page = steady::repeat(|| self.medium.query(Table::History, &query)).await?;
            let Page { entities, end } = page;
            for entity in entities {
                match entity.key.row.as_str() {
                    SENTINEL => stored.sentinel = Some(entity),
                    OUTBOX => stored.outbox = Some(entity),
                    _ => drop(stored.events.insert(entity.key.row.clone(), entity)),
                }
            }
            query.after = end;
            if query.after.is_none() {
                return Ok(stored);
            }
        }
        Err(Error::Ambiguous("the history has more rows than any history can have".to_owned()))
    }

    /// The events that the sentinel vouches for.
    async fn decode(
        &self,
        sentinel: &Sentinel,
        mut rows: BTreeMap<String, Versioned>,
    ) -> Result<Vec<HistoryEvent>, Unread> {
        if let Some(begin) = rows.get(&sentinel::row_key(sentinel.first_row + 1)) {
            events::check_engine_revision(&begin.entity)?;
        }
        let count = sentinel.last_event.map_or(0, |last| last.0);
        let mut reads = Vec::new();
        for id in 1..=count {
            let row = rows.remove(&sentinel::row_key(sentinel.first_row + id - 1));
            let row = row.ok_or_else(|| Unread::Damaged(format!("event {id} is missing")))?;
            reads.push(self.event(id, row.entity).boxed());
        }
        // Those with large payloads wait for their blobs.
        stream::iter(reads).buffered(limits::PARALLEL_REQUESTS_MAX).try_collect().await
    }

    pub(crate) async fn event(&self, id: u64, mut row: Entity) -> Result<HistoryEvent, Unread> {
        events::put_back(&mut row);
        self.fill_in(&mut row).await?;
        events::event_of(EventId(id), &row).map_err(|error| Unread::Damaged(format!("event {id}: {error}")))
    }

    /// Takes note of when the instance is to be woken, and whether it may be worked on at all. What was found in an earlier
    /// term may have changed since, and nothing can be committed on top of it: whoever tries that loads it anew.
    fn register(&self, instance_id: &InstanceId, snapshot: &Snapshot, term: Term) {
        let partition = self.partition_of(instance_id);
        self.note(partition, |state| match snapshot.row.held {
            _ if state.term(partition) != term => {}
            Some(_) if snapshot.damage.is_none() => state.held(instance_id, partition),
            _ => state.loaded(instance_id, partition, snapshot.row.wake_at),
        });
    }
}
