//! The two rows that say where an instance stands: the sentinel of its history, and its instance row.

use azure::{ETag, Entity, Value, Versioned};
use engine::{ExecutionId, InstanceId, Timestamp};
use store::{InstanceRow, Outcome, StorageError};

use crate::core::Core;
use crate::damage::Sight;
use crate::dispatch::Term;
use crate::large::Unread;
use crate::layout::sentinel::Sentinel;
use crate::layout::{instance, overflow};
use crate::steady;
use crate::version::Version;

/// The commit whose transactions are being written while the sentinel is still that of the commit before.
pub(crate) const WRITING: &str = "RondoWriting";
/// Whether the row `outbox` belongs to the commit.
pub(crate) const HAS_OUTBOX: &str = "RondoHasOutbox";
/// The messages that commits have consumed and that may still be stored.
pub(crate) const TAKEN_IN: &str = "RondoTakenIn";

/// In the sentinel: when the newest suspend or resume was sent that a commit has consumed, in milliseconds. One that is
/// delivered again and was sent before has been overtaken.
const SWITCHED_AT: &str = "RondoSwitchedAt";

/// Notes in a sentinel that a commit consumes a suspend or resume that was sent at that time. Without one, a merge keeps
/// what is there.
pub(crate) fn set_switched_at(sentinel: &mut Entity, at: Timestamp) {
    sentinel.set(SWITCHED_AT, Value::Long(i64::try_from(at.as_millis()).unwrap_or(i64::MAX)));
}

/// What [`set_switched_at`] noted last.
pub(crate) fn switched_at(sentinel: &Entity) -> Option<Timestamp> {
    let ms = sentinel.long(SWITCHED_AT).ok().flatten()?;
    u64::try_from(ms).ok().map(Timestamp::from_millis)
}

/// The execution that took the row over from one that had ended.
pub(crate) const REPLACED_BY: &str = "RondoReplacedBy";

/// Whether the row was taken over by this execution from another.
pub(crate) fn has_replaced(row: &Entity, execution_id: ExecutionId) -> bool {
    matches!(row.text(REPLACED_BY), Ok(Some(text)) if text == execution_id.to_string())
}

/// How often clients have created the id, the first time aside; of DurableTask.
pub(crate) const GENERATION: &str = "Generation";

/// What stays of a row that is replaced: columns that a commit does not write.
pub(crate) const KEPT: [&str; 3] = [GENERATION, REPLACED_BY, HELD];

/// Which version of the instance a row shows.
pub(crate) const REVISION: &str = "RondoRevision";

/// Why the instance is held.
pub(crate) const HELD: &str = "RondoHeld";

/// Whether a column says why the instance is held; a commit leaves it alone.
pub(crate) fn is_held(column: &str) -> bool {
    column == HELD
}

/// Whether a sentinel was written by the last transaction of that commit.
pub(crate) fn is_of(sentinel: &Entity, commit: &str) -> bool {
    names(sentinel, "RondoCommit", commit)
}

/// Whether a sentinel was written by an earlier transaction of that commit, and by none since.
pub(crate) fn is_begun_by(sentinel: &Entity, commit: &str) -> bool {
    names(sentinel, WRITING, commit)
}

fn names(sentinel: &Entity, column: &str, commit: &str) -> bool {
    matches!(sentinel.text(column), Ok(Some(text)) if text == commit)
}

/// Whether all of the instance is about to be removed.
pub(crate) fn is_purging(sentinel: &Entity) -> bool {
    matches!(sentinel.bool("RondoIsPurging"), Ok(Some(true)))
}

/// The revision that an instance row shows.
pub(crate) fn revision(row: &Entity) -> Option<u64> {
    row.long(REVISION).ok().flatten().and_then(|revision| u64::try_from(revision).ok())
}

/// Whether an instance row shows this execution.
pub(crate) fn shows(row: &Entity, execution_id: ExecutionId) -> bool {
    shows_text(row, &execution_id.to_string())
}

/// The same by its text.
pub(crate) fn shows_text(row: &Entity, execution_id: &str) -> bool {
    matches!(row.text("ExecutionId"), Ok(Some(text)) if text == execution_id)
}

/// Whether one execution can have led to the other by continuing as new within one turn.
fn is_later(earlier: ExecutionId, later: ExecutionId) -> bool {
    let mut next = earlier;
    (0..engine::limits::CONTINUE_AS_NEW_PER_WORK_ITEM_MAX).any(|_| {
        next = next.next();
        next == later
    })
}

/// Both, decoded.
#[derive(Debug, Default)]
pub(crate) struct Heads {
    pub(crate) sentinel: Option<(Sentinel, ETag)>,
    pub(crate) row: Option<(InstanceRow, ETag)>,
}

impl Heads {
    /// What a commit on top of this must carry; none if there is no instance.
    pub(crate) fn version(&self, term: Term) -> Option<Version> {
        if self.row.is_none() && self.sentinel.is_none() {
            return None;
        }
        let sentinel = self.sentinel.as_ref();
        let row = self.row.as_ref();
        let row_revision = row.map_or(0, |(row, _)| row.revision);
        let revision = sentinel.map_or(row_revision, |(sentinel, _)| sentinel.revision.max(row_revision));
        Some(Version {
            history: sentinel.map(|(_, etag)| etag.0.clone()),
            row: row.map(|(_, etag)| etag.0.clone()),
            revision,
            row_is_behind: !self.is_superseded() && self.row_is_behind(),
            is_superseded: self.is_superseded(),
            row_execution: row.map(|(row, _)| row.state.execution_id.to_string().into()),
            row_has_ended: row.is_some_and(|(row, _)| row.state.status.is_terminal()),
            row_updated_at: row.map_or(0, |(row, _)| row.state.updated_at.as_millis()),
            last_event: sentinel.and_then(|(sentinel, _)| sentinel.last_event).map_or(0, |id| id.0),
            first_row: sentinel.map_or(0, |(sentinel, _)| sentinel.first_row),
            armed_until: sentinel.and_then(|(sentinel, _)| sentinel.armed_until).map(Timestamp::as_millis),
            term: term.first_message.0,
        })
    }

    /// None if there is neither.
    pub(crate) fn non_empty(self) -> Option<Self> {
        (self.sentinel.is_some() || self.row.is_some()).then_some(self)
    }

    /// Whether a reader of the row does not see what the history says. Of the same execution it may show another status
    /// although it is as new: a DurableTask client has changed it.
    fn row_is_behind(&self) -> bool {
        let Some((sentinel, _)) = &self.sentinel else { return false };
        let Some((row, _)) = &self.row else { return sentinel.row_revision > 0 };
        let is_same = row.state.execution_id == sentinel.execution_id;
        sentinel.row_revision > row.revision || (is_same && row.state.status != sentinel.status)
    }

    /// Whether the row shows an execution that the history does not have yet, and whose turn it is.
    pub(crate) fn is_replaced(&self) -> bool {
        self.shows_another() && !self.has_open_history()
    }

    /// Whether the row shows another execution while that of the history has not ended: a client of DurableTask has
    /// created the id again. The old execution has to end first, and its row is the other's.
    pub(crate) fn is_superseded(&self) -> bool {
        self.shows_another() && self.has_open_history()
    }

    /// Whether a client of Rondo has put the other execution there. It has seen to what the one before left unsent.
    pub(crate) fn is_replaced_by_rondo(&self) -> bool {
        self.is_replaced() && self.row.as_ref().is_some_and(|(row, _)| row.revision > 0)
    }

    /// Whether there is a history that has not ended.
    fn has_open_history(&self) -> bool {
        let is_open = |sentinel: &Sentinel| !sentinel.status.is_terminal() && sentinel.last_event.is_some();
        self.sentinel.as_ref().is_some_and(|(sentinel, _)| is_open(sentinel))
    }

    fn shows_another(&self) -> bool {
        let (Some((sentinel, _)), Some((row, _))) = (&self.sentinel, &self.row) else { return false };
        if sentinel.execution_id == row.state.execution_id {
            return false;
        }
        // A first turn may have gone through several executions, and its host have died before it wrote the row.
        if is_later(row.state.execution_id, sentinel.execution_id) {
            return false;
        }
        // Otherwise the row is that of an execution that has continued as new since, or was begun anew by its parent:
        // who commits that writes the row last. A DurableTask client knows of no revision, and what it does not know is
        // gone from a row that it wrote.
        row.revision == 0 || row.revision >= sentinel.revision
    }

    /// Whether the history is that of a later execution than the row shows.
    pub(crate) fn row_is_of_earlier_execution(&self) -> bool {
        match (&self.sentinel, &self.row) {
            (Some((sentinel, _)), Some((row, _))) => {
                sentinel.execution_id != row.state.execution_id && !self.is_replaced()
            }
            _ => false,
        }
    }
}

impl Core {
    /// Reads both, side by side.
    ///
    /// # Errors
    /// `Permanent` if one of them cannot be read.
    pub(crate) async fn read_heads(&self, instance_id: &InstanceId) -> Result<Heads, StorageError> {
        match self.look_at(instance_id).await? {
            Sight::Whole(heads) => Ok(heads),
            Sight::Damaged(damaged) => Err(StorageError::new("read", Outcome::Permanent, damaged.to_string())),
        }
    }

    /// Reads both, side by side, be they readable or not.
    pub(crate) async fn look_at(&self, instance_id: &InstanceId) -> Result<Sight, StorageError> {
        let read = async { self.sight(self.read_raw(instance_id).await?).await };
        read.await.map_err(|error| steady::failure("read", error))
    }

    /// Decodes a sentinel.
    pub(crate) async fn sentinel_of(&self, stored: Versioned) -> Result<(Sentinel, ETag), Unread> {
        let Versioned { mut entity, etag, .. } = stored;
        self.fill_in(&mut entity).await?;
        Ok((Sentinel::from_entity(&entity)?, etag))
    }

    /// Puts the texts that a row of the history only points at into the row.
    pub(crate) async fn fill_in(&self, entity: &mut Entity) -> Result<(), Unread> {
        for (column, blob) in overflow::blob_columns(entity) {
            let bytes = self.large(&blob).await?;
            overflow::put_back(entity, &column, &bytes)?;
        }
        Ok(())
    }

    /// Decodes an instance row.
    pub(crate) async fn row_of(&self, stored: Versioned) -> Result<(InstanceRow, ETag), Unread> {
        let Versioned { key, mut entity, etag } = stored;
        for (column, blob) in instance::blob_columns(&entity, &self.container_url()) {
            let bytes = self.large(&blob).await?;
            instance::put_back(&mut entity, &column, &blob, &bytes)?;
        }
        Ok((instance::row_of(&key.partition, &entity)?, etag))
    }
}

#[cfg(test)]
mod tests;
