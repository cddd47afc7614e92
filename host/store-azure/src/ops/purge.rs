//! Deleting instances.
//!
//! The row gets another version first, so that no successor can take its place, and the sentinel says that all of it
//! goes; then blobs, event rows, sentinel, and the row last: so whoever stops in between leaves a row by which the rest is
//! found.

use azure::{Condition, ETag, Entity, Error, Key, Query, Table, Value, Verb, Versioned, Write};
use engine::InstanceId;
use futures_util::{StreamExt as _, stream};
use store::{HeldReason, InstanceError, MessageId, PurgeFilter, StorageError};

use crate::core::Core;
use crate::damage::Sight;
use crate::large::Unread;
use crate::layout::instance;
use crate::layout::sentinel::SENTINEL;
use crate::{heads, limits, steady};

/// The column that says of a sentinel, and of a row, that its instance is being removed.
const IS_PURGING: &str = "RondoIsPurging";

/// The column of a row whose instance has ended.
pub(crate) const COMPLETED_TIME: &str = "CompletedTime";

impl Core {
    /// See [`store::Client::purge`].
    pub(crate) async fn purge(&self, instance_id: &InstanceId) -> Result<(), InstanceError> {
        self.check_open("purge")?;
        let next = self.dispatch.state().next_message();
        let (etag, row_etag, revision) = match self.look_at(instance_id).await? {
            Sight::Whole(heads) => {
                let Some((row, row_etag)) = heads.row else { return Err(InstanceError::NotFound(instance_id.clone())) };
                // What is damaged will never end.
                if !row.state.status.is_terminal() && !row.held.as_ref().is_some_and(HeldReason::is_damage) {
                    return Err(InstanceError::WrongStatus(Box::new(row)));
                }
                let sentinel_revision = heads.sentinel.as_ref().map_or(0, |(sentinel, _)| sentinel.revision);
                (heads.sentinel.map(|(_, etag)| etag), row_etag, row.revision.max(sentinel_revision))
            }
            Sight::Damaged(damaged) => {
                let half_purged = self.half_purged(instance_id).await;
                if let Some(row) = half_purged.map_err(|error| steady::failure("purge", error))? {
                    return self.finish_purge(instance_id, row, next).await;
                }
                let (etag, row_etag) = damaged.etags();
                let row_etag = row_etag.ok_or_else(|| InstanceError::NotFound(instance_id.clone()))?;
                (etag, row_etag, damaged.revision())
            }
        };
        self.raise_revision_floor(revision);
        match self.remove(instance_id, etag, row_etag).await {
            Ok(()) => {}
            // It was rewound or replaced meanwhile.
            Err(Error::Changed) => {
                let row = self.existing(instance_id).await?;
                return Err(InstanceError::WrongStatus(Box::new(row)));
            }
            Err(error) => return Err(steady::failure("purge", error).into()),
        }
        self.forget(instance_id, next).await;
        Ok(())
    }

    /// Goes on where a purge has stopped.
    async fn finish_purge(&self, instance_id: &InstanceId, row: ETag, next: MessageId) -> Result<(), InstanceError> {
        let removed = async {
            let row = self.take_row(&Self::key_of(instance_id), row).await?;
            self.remove_stored(instance_id, row).await
        };
        match removed.await {
            // Another purge was quicker, and the id is somebody else's by now.
            Ok(()) | Err(Error::Changed) => {}
            Err(error) => return Err(steady::failure("purge", error).into()),
        }
        self.forget(instance_id, next).await;
        Ok(())
    }

    /// The row of an instance that a purge has begun to remove; none if nobody has. What such a row points at may be
    /// gone, so it is not decoded.
    async fn half_purged(&self, instance_id: &InstanceId) -> Result<Option<ETag>, Error> {
        let key = Self::key_of(instance_id);
        let (sentinel, row) = tokio::join!(self.read_sentinel(&key), self.read_row(&key));
        // A history goes before its row, and whatever has ended has one.
        let is_begun = sentinel?.is_none_or(|sentinel| heads::is_purging(&sentinel.entity));
        Ok(row?.filter(|row| is_begun && row.entity.0.contains_key(COMPLETED_TIME)).map(|row| row.etag))
    }

    pub(crate) async fn is_half_purged(&self, instance_id: Option<&InstanceId>) -> bool {
        match instance_id {
            Some(instance_id) => self.half_purged(instance_id).await.is_ok_and(|row| row.is_some()),
            None => false,
        }
    }

    /// Whether what is missing of an instance is missing because it is being purged, or was.
    pub(crate) async fn is_being_removed(&self, instance_id: &InstanceId) -> bool {
        self.is_half_purged(Some(instance_id)).await
            || matches!(self.read_row(&Self::key_of(instance_id)).await, Ok(None))
    }

    /// Drops what came for it before `next`.
    async fn forget(&self, instance_id: &InstanceId, next: MessageId) {
        let waiting = self.dispatch.change(|state| state.gone(instance_id, next));
        for (spent, _, message, _) in waiting {
            if self.answer_for_gone(instance_id, message.as_ref()).await {
                self.delete_quietly(spent.partition, spent.receipt);
            }
        }
        self.rows_changed.notify_waiters();
    }

    async fn remove(&self, instance_id: &InstanceId, sentinel: Option<ETag>, row: ETag) -> Result<(), Error> {
        let key = Self::key_of(instance_id);
        let row = self.take_row(&key, row).await?;
        if let Some(etag) = sentinel {
            let mut entity = Entity::new();
            entity.set(IS_PURGING, Value::Bool(true));
            self.write_sentinel(&key, Verb::Merge(entity, Condition::Match(etag))).await?;
        }
        self.remove_stored(instance_id, row).await
    }

    /// Gives the row another version, so that nobody can put a successor in its place any more whose blobs are here
    /// already: they would be taken for those of the instance that is removed.
    async fn take_row(&self, key: &str, row: ETag) -> Result<ETag, Error> {
        let mut entity = Entity::new();
        entity.set(IS_PURGING, Value::Bool(true));
        let verb = Verb::Merge(entity, Condition::Match(row));
        let write = Write { key: Key { partition: key.to_owned(), row: String::new() }, verb };
        let taken = self.medium.write(Table::Instances, write).await?;
        taken.ok_or_else(|| Error::Ambiguous("the service answered without an etag".to_owned()))
    }

    async fn remove_stored(&self, instance_id: &InstanceId, row: ETag) -> Result<(), Error> {
        let key = Self::key_of(instance_id);
        self.remove_all_blobs(instance_id, &key, &row).await?;
        self.remove_history(&key, Some(&row)).await?;
        let write =
            Write { key: Key { partition: key, row: String::new() }, verb: Verb::Delete(Condition::Match(row)) };
        match self.medium.write(Table::Instances, write).await {
            Ok(_) | Err(Error::NotFound) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn write_sentinel(&self, key: &str, verb: Verb) -> Result<Option<ETag>, Error> {
        let key = Key { partition: key.to_owned(), row: SENTINEL.to_owned() };
        self.medium.write(Table::History, Write { key, verb }).await
    }

    /// Whether the id is still that of the instance with this row, or of none without one. What was listed before this
    /// was asked is not a successor's, and may be removed by its name and etag even after a pause, or by a request that
    /// is carried out late.
    pub(super) async fn is_still(&self, key: &str, row: Option<&ETag>) -> Result<(), Error> {
        let stored = self.read_row(key).await?;
        if stored.as_ref().map(|stored| &stored.etag) == row { Ok(()) } else { Err(Error::Changed) }
    }

    /// Removes all rows of a history, the sentinel last.
    ///
    /// # Errors
    /// `Changed`: the instance's row is not this one, or not missing, any more.
    pub(crate) async fn remove_history(&self, key: &str, row: Option<&ETag>) -> Result<(), Error> {
        let mut query = Query { select: vec!["RowKey".to_owned()], ..Query::partition(key) };
        for _ in 0..limits::PAGES_MAX {
            let page = steady::repeat(|| self.medium.query(Table::History, &query)).await?;
            self.is_still(key, row).await?;
            let rows: Vec<_> = page.entities.into_iter().filter(|row| row.key.row != SENTINEL).collect();
            for rows in rows.chunks(limits::ROWS_PER_TRANSACTION_MAX) {
                let delete = |row: &Versioned| Write {
                    key: row.key.clone(),
                    verb: Verb::Delete(Condition::Match(row.etag.clone())),
                };
                let writes: Vec<Write> = rows.iter().map(delete).collect();
                let delete = || async {
                    match self.medium.transact(Table::History, writes.clone()).await {
                        // Another try, or another purge, has been there.
                        Ok(_) | Err(Error::NotFound) => Ok(()),
                        Err(error) => Err(error),
                    }
                };
                steady::repeat(delete).await?;
            }
            query.after = page.end;
            if query.after.is_none() {
                break;
            }
        }
        for _ in 0..limits::STEP_ATTEMPTS_MAX {
            let Some(sentinel) = self.read_sentinel(key).await? else { return Ok(()) };
            self.is_still(key, row).await?;
            match self.write_sentinel(key, Verb::Delete(Condition::Match(sentinel.etag))).await {
                Ok(_) | Err(Error::NotFound) => return Ok(()),
                // Another purge has marked it meanwhile.
                Err(Error::Changed) => {}
                Err(error) => return Err(error),
            }
        }
        Err(Error::Changed)
    }

    /// See [`store::Client::purge_matching`].
    pub(crate) async fn purge_matching(&self, filter: &PurgeFilter) -> Result<u64, StorageError> {
        self.check_open("purge_matching")?;
        let mut purged = 0;
        let mut query = Query { filter: Some(super::list::ended(filter)), ..Query::default() };
        for _ in 0..limits::PAGES_MAX {
            let page = steady::repeat(|| self.medium.query(Table::Instances, &query)).await;
            let page = page.map_err(|error| steady::failure("purge_matching", error))?;
            let mut matching = Vec::new();
            for stored in page.entities {
                let named = instance::id_of(&stored.key.partition).ok();
                match self.row_of(stored).await {
                    Ok((row, _)) if filter.matches(&row.state) => matching.push(row.state.instance_id),
                    Ok(_) => {}
                    Err(Unread::Damaged(_)) if self.is_half_purged(named.as_ref()).await => matching.extend(named),
                    Err(problem) => tracing::warn!(%problem, "an instance row cannot be read and is not purged"),
                }
            }
            let mut purges = stream::iter(matching)
                .map(|instance_id| async move { (self.purge(&instance_id).await, instance_id) })
                .buffer_unordered(limits::PARALLEL_REQUESTS_MAX);
            while let Some((result, instance_id)) = purges.next().await {
                match result {
                    Ok(()) => purged += 1,
                    // Somebody was quicker, with a purge or with a rewind.
                    Err(InstanceError::NotFound(_) | InstanceError::WrongStatus(_)) => {}
                    Err(InstanceError::Storage(error)) => return Err(error),
                    Err(error) => tracing::debug!(%instance_id, %error, "an instance was not purged"),
                }
            }
            drop(purges);
            query.after = page.end;
            if query.after.is_none() {
                break;
            }
        }
        Ok(purged)
    }
}
