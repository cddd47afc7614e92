//! Step 1: the history, under the sentinel's etag.

use azure::{Condition, ETag, Entity, Error, Key, Table, Value, Verb, Versioned, Write};
use store::TurnCommit;

use super::plan::Plan;
use super::{Step, refused};
use crate::core::Core;
use crate::heads::{self, WRITING};
use crate::layout::{outbox, sentinel};
use crate::{limits, steady};

/// Which transaction of a commit.
#[derive(Debug, Clone, Copy)]
enum Part {
    /// One that prepares: what was stored before stays valid.
    Earlier,
    /// The one that makes the commit valid.
    Last,
}

/// What the stored sentinel says of a commit whose transaction has failed.
enum Verdict {
    /// It was written, its reply was lost.
    Written(ETag),
    /// It was not written, and nothing else was either.
    Untouched,
    /// Somebody else moved the instance on.
    Moved,
}

impl Core {
    /// Answers the sentinel's etag.
    pub(super) async fn commit_history(&self, turn: &TurnCommit, plan: &Plan) -> Result<ETag, Step> {
        let salt = fastrand::u32(..);
        let mut last = plan.sentinel.to_row(&plan.key, salt);
        last.entity.0.retain(|column, _| !heads::is_held(column));
        last.entity.set(WRITING, Value::Text(String::new()));
        if let Some(at) = plan.switched_at {
            heads::set_switched_at(&mut last.entity, at);
        }
        let mut blobs = plan.batches.blobs.clone();
        blobs.append(&mut last.blobs);
        let mut outbox_write = None;
        if !turn.outbox.is_empty() {
            let row = outbox::outbox_row(&plan.key, &plan.sentinel.commit, &turn.outbox);
            blobs.extend(row.blobs);
            outbox_write = Some(Write { key: key_of(plan, outbox::OUTBOX), verb: Verb::InsertOrReplace(row.entity) });
        }
        self.put_large(blobs).await?;

        let mut etag = plan.version.history_etag();
        let count = plan.batches.writes.len();
        for (number, rows) in plan.batches.writes.iter().enumerate() {
            let mut writes = rows.clone();
            let part = if number + 1 == count { Part::Last } else { Part::Earlier };
            let entity = match part {
                Part::Last => {
                    writes.extend(outbox_write.take());
                    last.entity.clone()
                }
                Part::Earlier => provisional(plan, etag.is_none()),
            };
            etag = Some(self.transact(plan, part, writes, entity, etag).await?);
        }
        etag.ok_or_else(|| Step::Failed(refused("a commit without a transaction")))
    }

    /// One transaction, until it is known what became of it.
    async fn transact(
        &self,
        plan: &Plan,
        part: Part,
        mut writes: Vec<Write>,
        sentinel: Entity,
        expected: Option<ETag>,
    ) -> Result<ETag, Step> {
        let verb = match &expected {
            None => Verb::Insert(sentinel),
            Some(etag) => Verb::Merge(sentinel, Condition::Match(etag.clone())),
        };
        writes.push(Write { key: key_of(plan, sentinel::SENTINEL), verb });
        let mut is_ambiguous = false;
        let mut attempt = 0;
        loop {
            let error = match self.medium.transact(Table::History, writes.clone()).await {
                Ok(mut etags) => match etags.pop().flatten() {
                    Some(etag) => return Ok(etag),
                    None => Error::Ambiguous("the service answered without an etag".to_owned()),
                },
                Err(error) => error,
            };
            match error {
                Error::Exists | Error::Changed | Error::NotFound | Error::Ambiguous(_) => {
                    is_ambiguous |= matches!(error, Error::Ambiguous(_));
                    match self.verdict(plan, part, expected.as_ref()).await {
                        Ok(Verdict::Written(etag)) => return Ok(etag),
                        Ok(Verdict::Moved) => return Err(Step::Stale),
                        Ok(Verdict::Untouched) => {}
                        Err(unread) => return Err(self.unknown(plan, &unread)),
                    }
                }
                Error::Refused(refused) if !is_ambiguous => return Err(Step::Failed(Error::Refused(refused))),
                _ => {}
            }
            attempt += 1;
            if attempt >= limits::STEP_ATTEMPTS_MAX {
                return Err(if is_ambiguous { self.unknown(plan, &error) } else { Step::Failed(not_done(error)) });
            }
            steady::pause(attempt - 1, &error).await;
        }
    }

    /// The sentinel decides.
    async fn verdict(&self, plan: &Plan, part: Part, expected: Option<&ETag>) -> Result<Verdict, Error> {
        let stored = self.read_sentinel(&plan.key).await?;
        let is_written = match part {
            Part::Earlier => heads::is_begun_by,
            // The one before has begun it already: that says nothing of this one.
            Part::Last => heads::is_of,
        };
        Ok(match stored {
            None if expected.is_none() => Verdict::Untouched,
            Some(Versioned { etag, .. }) if Some(&etag) == expected => Verdict::Untouched,
            Some(Versioned { entity, etag, .. }) if is_written(&entity, &plan.sentinel.commit) => {
                Verdict::Written(etag)
            }
            Some(_) | None => Verdict::Moved,
        })
    }

    /// The sentinel as it is stored now.
    pub(crate) async fn read_sentinel(&self, key: &str) -> Result<Option<Versioned>, Error> {
        let key = Key { partition: key.to_owned(), row: sentinel::SENTINEL.to_owned() };
        steady::repeat(|| self.medium.get(Table::History, &key)).await
    }

    fn unknown(&self, plan: &Plan, error: &Error) -> Step {
        self.set_unfinished(&plan.sentinel.commit);
        Step::Failed(Error::Ambiguous(error.to_string()))
    }
}

/// A conflict that nobody has caused: the same request may succeed later.
fn not_done(error: Error) -> Error {
    match error {
        Error::Exists | Error::Changed | Error::NotFound => Error::Unreachable(error.to_string()),
        error => error,
    }
}

/// The sentinel before the last transaction: what is stored stays valid.
fn provisional(plan: &Plan, is_new: bool) -> Entity {
    let mut entity = if is_new {
        let nothing_yet = sentinel::Sentinel {
            is_complete: false,
            revision: plan.version.revision,
            row_revision: 0,
            first_row: 0,
            last_event: None,
            status: engine::RuntimeStatus::Pending,
            wake_at: None,
            armed_until: None,
            has_open_activities: false,
            has_outbox: false,
            custom_status: None,
            taken_in: Vec::new(),
            commit: String::new(),
            ..plan.sentinel.clone()
        };
        nothing_yet.to_row(&plan.key, 0).entity
    } else {
        Entity::new()
    };
    entity.set("IsCheckpointComplete", Value::Bool(false));
    entity.set(WRITING, Value::Text(plan.sentinel.commit.clone()));
    entity
}

fn key_of(plan: &Plan, row: &str) -> Key {
    Key { partition: plan.key.clone(), row: row.to_owned() }
}
