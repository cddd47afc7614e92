//! The backend as a whole, and what the worker needs of it.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use engine::{EngineRevision, EventId, HistoryEvent, InstanceId, Timestamp};
use rusqlite::Connection;
use store::{
    Clock, CommitError, HeldReason, Outcome, Snapshot, StorageError, Token, TurnCommit, WorkItem, WorkSource, limits,
};

use crate::dispatch::Dispatch;
use crate::error::ReadError;
use crate::fresh::Fresh;
use crate::health::{Health, Room};
use crate::open::{FileLock, OpenError, open_writer};
use crate::ops::commit::Turn;
use crate::ops::{commit, give_back, hold};
use crate::readers::Readers;
use crate::rows::{damaged, history, instance};
use crate::stats::Counters;
use crate::transaction::Transaction;
use crate::watchers::Watchers;
use crate::writer::{Shared, Writer};
use crate::{Distributions, Options, Stats};

/// Bytes that a write takes beside its payloads; a rough mean.
pub(crate) const OPERATION_BYTES: usize = 512;

/// The embedded backend: one file, one process, as many instances as fit on the disk.
///
/// Dropping it without [`WorkSource::shutdown`] loses nothing either: what was answered `Ok` is on the disk.
pub struct SqliteBackend {
    pub(crate) writer: Writer,
    pub(crate) readers: Readers,
    pub(crate) shared: Arc<Shared>,
    pub(crate) options: Options,
    room: Room,
    clock: Arc<dyn Clock>,
}

impl SqliteBackend {
    /// Opens a file, or creates it. Beside it there will be `FILE-wal` and `FILE-shm`, which belong to it, and
    /// `FILE.lock`, which does not.
    ///
    /// Blocks for as long as the disk takes; histories are not read.
    pub fn open(path: impl AsRef<Path>, options: Options, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        let path = path.as_ref();
        let lock = FileLock::take(path)?;
        let connection = open_writer(path, &options)?;
        let shared = Arc::new(Shared {
            dispatch: Dispatch::new(&options),
            watchers: Watchers::default(),
            counters: Counters::default(),
            fresh: Fresh::default(),
            health: Health::default(),
        });
        let writer = Writer::start(connection, lock, &options, clock.clone(), shared.clone(), path)?;
        let readers = Readers::new(path.to_owned(), options.readers, shared.clone());
        let room = Room::beside(path);
        Ok(Self { writer, readers, shared, options, room, clock })
    }

    /// Finds out whether the file can be written again, by writing it. Fails if it cannot.
    async fn try_writing(&self) -> Result<(), StorageError> {
        let room = self.room.clone();
        let checked = tokio::task::spawn_blocking(move || room.check()).await;
        checked.map_err(|error| StorageError::new("fetch", Outcome::NotDone, error))??;
        let same = "UPDATE meta SET value = value WHERE key = 'revision_floor'";
        let write = |tx: &mut Transaction<'_>| Ok(tx.connection.prepare_cached(same)?.execute([]).map(drop)?);
        self.writer.write("fetch", OPERATION_BYTES, write).await
    }

    /// Has waiting work read until memory is half full or there is no more.
    async fn refill(&self, now: Timestamp) -> Result<(), StorageError> {
        while self.shared.dispatch.wanted(now).is_some() && !self.shared.dispatch.is_shut_down() {
            self.writer.refill().await?;
        }
        Ok(())
    }

    /// What it has done since it was opened.
    pub fn stats(&self) -> Stats {
        self.shared.counters.stats()
    }

    /// How long its transactions have taken so far, and how much was in them.
    pub fn distributions(&self) -> Distributions {
        self.shared.counters.distributions()
    }
}

impl fmt::Debug for SqliteBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteBackend").field("stats", &self.stats()).finish_non_exhaustive()
    }
}

#[async_trait]
impl WorkSource for SqliteBackend {
    async fn fetch(&self, max: usize) -> Result<Vec<WorkItem>, StorageError> {
        let max = max.clamp(1, limits::WORK_ITEMS_PER_FETCH_MAX);
        let dispatch = &self.shared.dispatch;
        loop {
            // Created before looking: a change in between is not missed.
            let changed = dispatch.changed();
            let now = self.clock.now();
            if self.shared.health.is_failing() && !dispatch.is_shut_down() {
                // Turns could not be committed. An answer without work says that they can be again.
                self.try_writing().await?;
                return Ok(Vec::new());
            }
            let refilled = self.refill(now).await;
            let taken = dispatch.take(max, now);
            if !taken.items.is_empty() || taken.is_shut_down {
                // What is in memory can be worked on, whatever is wrong with the file.
                return Ok(taken.items);
            }
            refilled?;
            match taken.look_again_at {
                Some(at) => tokio::select! {
                    () = changed => (),
                    () = self.clock.sleep_until(at) => (),
                },
                None => changed.await,
            }
        }
    }

    fn engine_revision(&self) -> EngineRevision {
        EngineRevision::NEWEST
    }

    async fn load(&self, instance_id: &InstanceId) -> Result<Option<Snapshot>, StorageError> {
        if !self.shared.dispatch.is_shut_down()
            && let Some(row) = self.shared.fresh.take(instance_id)
        {
            let token = instance::token(row.revision);
            return Ok(Some(Snapshot {
                token,
                row,
                history: Vec::new(),
                damage: None,
                taken_in: Vec::new(),
                is_unfinished: false,
            }));
        }
        let id = instance_id.clone();
        self.readers
            .read("load", move |connection| {
                let stored = match instance::find(connection, &id) {
                    Ok(Some(stored)) => stored,
                    Ok(None) => return Ok(None),
                    Err(ReadError::Damaged(damaged)) => {
                        let row = instance::unreadable(connection, &id, &damaged)?;
                        let (token, damage) = (instance::token(row.revision), Some(damaged.to_string()));
                        return Ok(Some(Snapshot {
                            token,
                            row,
                            history: Vec::new(),
                            damage,
                            taken_in: Vec::new(),
                            is_unfinished: false,
                        }));
                    }
                    Err(error) => return Err(error),
                };
                let (history, damage) = match whole_history(connection, &stored, &id) {
                    Ok(history) => (history, None),
                    Err(ReadError::Damaged(damaged)) => (Vec::new(), Some(damaged.to_string())),
                    Err(error) => return Err(error),
                };
                let token = instance::token(stored.row.revision);
                Ok(Some(Snapshot {
                    token,
                    row: stored.row,
                    history,
                    damage,
                    taken_in: Vec::new(),
                    is_unfinished: false,
                }))
            })
            .await
    }

    async fn commit(&self, commit: TurnCommit) -> Result<Token, CommitError> {
        let now = self.clock.now();
        let turn = Turn::new(commit)?;
        let bytes = OPERATION_BYTES + turn.bytes();
        self.writer.write("commit", bytes, move |tx| Ok(commit::commit(tx, &turn, now)?)).await?
    }

    /// On the writer's thread.
    fn commits_elsewhere(&self) -> bool {
        true
    }

    async fn abandon(&self, work: WorkItem) -> Result<(), StorageError> {
        let now = self.clock.now();
        self.writer.write("abandon", OPERATION_BYTES, move |tx| Ok(give_back::abandon(tx, &work, now)?)).await
    }

    async fn hold(&self, instance_id: &InstanceId, token: Token, reason: HeldReason) -> Result<Token, CommitError> {
        let id = instance_id.clone();
        self.writer.write("hold", OPERATION_BYTES, move |tx| Ok(hold::hold(tx, &id, &token, &reason)?)).await?
    }

    async fn shutdown(&self) -> Result<(), StorageError> {
        self.shared.dispatch.shut_down();
        self.readers.shut_down();
        self.writer.shut_down().await;
        Ok(())
    }
}

/// The current execution's history, complete as far as the row knows.
fn whole_history(
    connection: &Connection,
    stored: &instance::StoredRow,
    id: &InstanceId,
) -> Result<Vec<HistoryEvent>, ReadError> {
    let history = history::read(connection, stored.number, id).map_err(|error| error.of_instance(id))?;
    let (first, last) = (history.first().map(|event| event.id), history.last().map(|event| event.id));
    if last != stored.row.last_event || first.is_some_and(|first| first != EventId::FIRST) {
        let problem = format!("its history runs from {first:?} to {last:?}, not to {:?}", stored.row.last_event);
        return Err(damaged(id, problem).into());
    }
    Ok(history)
}
