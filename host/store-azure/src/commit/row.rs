//! Step 3: the instance row, under its own etag.

use azure::{Condition, ETag, Entity, Error, Key, Table, Value, Verb, Versioned, Write};
use futures_util::FutureExt as _;
use store::{InstanceRow, TurnCommit};
use tokio::time::Instant;

use super::Step;
use super::plan::{Plan, RowWrite};
use crate::core::Core;
use crate::heads;
use crate::layout::{Row, instance, sentinel};
use crate::{limits, steady};

impl Core {
    /// Answers what the row is now; none if nothing had to be written.
    pub(super) async fn commit_row(&self, turn: &TurnCommit, plan: &Plan) -> Result<Option<WrittenRow>, Step> {
        let row = InstanceRow {
            state: turn.state.clone(),
            held: None,
            last_event: plan.sentinel.last_event,
            revision: plan.sentinel.revision,
            wake_at: turn.wake_at,
        };
        let mut entity = match plan.writes {
            RowWrite::Nothing => return Ok(None),
            RowWrite::Touch => instance::touch(&row),
            RowWrite::Everything => self.full_entity(&row, plan).await?,
        };
        let replaces = Self::replaces_row(turn, plan);
        if replaces {
            // What is not a commit's to write goes along.
            let stored = self.read_row(&plan.key).await?;
            for column in heads::KEPT {
                let kept = stored.as_ref().and_then(|stored| stored.entity.0.get(column).cloned());
                entity.set_some(column, kept);
            }
        }
        let mut expected = plan.version.row_etag();
        let mut revision = row.revision;
        let mut attempt = 0;
        loop {
            let write = match expected.clone() {
                Some(etag) if replaces => self.replace_row(&plan.key, entity.clone(), etag).left_future(),
                expected => self.write_row(&plan.key, entity.clone(), expected).right_future(),
            };
            let error = match write.await {
                Ok(etag) => {
                    if expected.is_none() {
                        self.check_inserted(turn, plan, &etag).await?;
                    }
                    return Ok(Some(WrittenRow { etag, revision }));
                }
                Err(error) => error,
            };
            match &error {
                Error::Exists | Error::Changed | Error::NotFound | Error::Ambiguous(_) => {
                    let stored = match self.row_verdict(turn, plan, revision, &error).await? {
                        RowVerdict::Written(etag) => return Ok(Some(WrittenRow { etag, revision })),
                        RowVerdict::Leave => return Ok(None),
                        RowVerdict::WriteOver(stored) => stored,
                    };
                    // Whoever has seen that row must see this one come.
                    let above = stored.as_ref().and_then(|stored| heads::revision(&stored.entity)).unwrap_or_default();
                    if above >= revision {
                        revision = above + 1;
                        entity.set(heads::REVISION, Value::Long(i64::try_from(revision).unwrap_or(i64::MAX)));
                    }
                    expected = stored.map(|stored| stored.etag);
                }
                Error::Refused(_) => return Err(error.into()),
                _ => {}
            }
            attempt += 1;
            if attempt >= limits::STEP_ATTEMPTS_MAX {
                return Err(error.into());
            }
            if steady::is_transient(&error) {
                steady::pause(attempt - 1, &error).await;
            }
        }
    }

    /// An insert depends on nothing. Where the start has been out of hand meanwhile, the instance may have been completed
    /// and purged: then nothing but this row would be left of it, for ever.
    async fn check_inserted(&self, turn: &TurnCommit, plan: &Plan, etag: &ETag) -> Result<(), Step> {
        if !self.dispatch.state().has_lapsed(&turn.instance_id, &turn.consumed, Instant::now()) {
            return Ok(());
        }
        let sentinel = self.read_sentinel(&plan.key).await?;
        if sentinel.is_some_and(|stored| heads::is_of(&stored.entity, &plan.sentinel.commit)) {
            return Ok(());
        }
        let write = Write { key: instance_key(&plan.key), verb: Verb::Delete(Condition::Match(etag.clone())) };
        match self.medium.write(Table::Instances, write).await {
            // Otherwise somebody else has made something of it.
            Ok(_) | Err(Error::Changed | Error::NotFound) => Err(Step::Stale),
            Err(error) => Err(error.into()),
        }
    }

    async fn full_entity(&self, row: &InstanceRow, plan: &Plan) -> Result<Entity, Error> {
        let Row { mut entity, blobs } = self.full_row(row, &plan.key);
        entity.0.retain(|column, _| !heads::is_held(column));
        self.put_large(blobs).await?;
        Ok(entity)
    }

    /// All columns of a row, and what has to be stored before it.
    pub(crate) fn full_row(&self, row: &InstanceRow, key: &str) -> Row {
        let url = |blob: &str| self.medium.blob_url(azure::Container::LargeMessages, blob);
        instance::full_row(row, self.hub.as_str(), key, fastrand::u32(..), &url)
    }

    /// Whether a merge could leave something behind that is not true any more: the end of an execution, or the input of
    /// one that has continued as new without any.
    fn replaces_row(turn: &TurnCommit, plan: &Plan) -> bool {
        let version = &plan.version;
        let is_other = version.row.is_some() && !version.row_shows(turn.state.execution_id);
        plan.writes == RowWrite::Everything && (version.row_has_ended || (is_other && turn.state.input.is_none()))
    }

    /// Writes the row in the place of the one of that etag.
    pub(crate) async fn replace_row(&self, key: &str, entity: Entity, seen: ETag) -> Result<ETag, Error> {
        let verb = Verb::Replace(entity, Condition::Match(seen));
        let etag = self.medium.write(Table::Instances, Write { key: instance_key(key), verb }).await?;
        etag.ok_or_else(|| Error::Ambiguous("the service answered without an etag".to_owned()))
    }

    /// Inserts the row, or merges it into the one of that etag.
    pub(crate) async fn write_row(&self, key: &str, entity: Entity, expected: Option<ETag>) -> Result<ETag, Error> {
        let verb = match expected {
            None => Verb::Insert(entity),
            Some(etag) => Verb::Merge(entity, Condition::Match(etag)),
        };
        let etag = self.medium.write(Table::Instances, Write { key: instance_key(key), verb }).await?;
        etag.ok_or_else(|| Error::Ambiguous("the service answered without an etag".to_owned()))
    }

    /// What to make of a row that is not as expected. The sentinel decides.
    async fn row_verdict(
        &self,
        turn: &TurnCommit,
        plan: &Plan,
        revision: u64,
        error: &Error,
    ) -> Result<RowVerdict, Step> {
        let stored = self.read_row(&plan.key).await?;
        let is_written = |row: &Versioned| {
            heads::revision(&row.entity) == Some(revision) && heads::shows(&row.entity, turn.state.execution_id)
        };
        let sentinel = self.read_sentinel(&plan.key).await?;
        let is_mine = sentinel.as_ref().is_some_and(|stored| heads::is_of(&stored.entity, &plan.sentinel.commit));
        if !is_mine || sentinel.is_some_and(|stored| heads::is_purging(&stored.entity)) {
            return Err(Step::Stale);
        }
        match stored {
            // The reply was lost.
            Some(row) if is_written(&row) => Ok(RowVerdict::Written(row.etag)),
            // Before there was a sentinel, the row alone could tell that the id has become another execution's.
            Some(row) if plan.is_first() && !heads::shows(&row.entity, turn.state.execution_id) => {
                let had_it =
                    plan.version.row_execution.as_deref().is_some_and(|had| heads::shows_text(&row.entity, had));
                if had_it {
                    return Ok(RowVerdict::WriteOver(Some(row)));
                }
                self.disown(plan).await?;
                Err(Step::Stale)
            }
            // A client of DurableTask, which knows of no revision, has created the id again. Its start ends this execution.
            Some(row)
                if heads::revision(&row.entity).is_none()
                    && !heads::shows(&row.entity, turn.state.execution_id)
                    && !plan
                        .version
                        .row_execution
                        .as_deref()
                        .is_some_and(|had| heads::shows_text(&row.entity, had)) =>
            {
                Ok(RowVerdict::Leave)
            }
            Some(row) => {
                tracing::debug!(instance_id = %turn.instance_id, %error, "the row was changed by somebody else; the sentinel is this host's");
                Ok(RowVerdict::WriteOver(Some(row)))
            }
            // The row was there when the turn began, and nothing else was: the instance has been completed by somebody
            // else, and purged. What this commit has written by then must not bring it back.
            None if plan.is_first() && plan.version.row.is_some() => {
                self.remove_history(&plan.key, None).await?;
                Err(Step::Stale)
            }
            None => Ok(RowVerdict::WriteOver(None)),
        }
    }

    /// Takes back what the sentinel says of messages: nothing of this commit has left, and nothing will.
    async fn disown(&self, plan: &Plan) -> Result<(), Error> {
        let key = Key { partition: plan.key.clone(), row: sentinel::SENTINEL.to_owned() };
        let Some(stored) = self.read_sentinel(&plan.key).await? else { return Ok(()) };
        if !heads::is_of(&stored.entity, &plan.sentinel.commit) {
            return Ok(());
        }
        let mut entity = Entity::new();
        entity.set(heads::HAS_OUTBOX, Value::Bool(false));
        entity.set(heads::TAKEN_IN, Value::Text(String::new()));
        let verb = Verb::Merge(entity, Condition::Match(stored.etag));
        match self.medium.write(Table::History, Write { key, verb }).await {
            // Somebody has moved it on since, and knows better.
            Ok(_) | Err(Error::Changed | Error::NotFound) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The row as it is stored now.
    pub(crate) async fn read_row(&self, key: &str) -> Result<Option<Versioned>, Error> {
        let key = instance_key(key);
        steady::repeat(|| self.medium.get(Table::Instances, &key)).await
    }
}

/// What to do with a row that is not as expected.
enum RowVerdict {
    /// Nothing: it is this commit's.
    Written(ETag),
    /// Nothing: it is that of an execution that is to follow this one.
    Leave,
    /// Write it over this one; none: insert it.
    WriteOver(Option<Versioned>),
}

/// A row as a commit has left it.
#[derive(Debug)]
pub(super) struct WrittenRow {
    pub(super) etag: ETag,
    pub(super) revision: u64,
}

pub(crate) fn instance_key(key: &str) -> Key {
    Key { partition: key.to_owned(), row: String::new() }
}
