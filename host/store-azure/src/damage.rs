//! Instances of which a row cannot be read: what is shown of them, and how they are held, let go and removed without
//! reading it.
//!
//! The sentinel is the truth about an instance, so one that is missing is damage as well: without it the next turn would
//! begin the instance anew.

use std::fmt;

use azure::{Condition, ETag, Entity, Error, Key, Table, Value, Verb, Versioned, Write};
use engine::{InstanceId, Timestamp};
use store::{HeldReason, InstanceRow, Snapshot};

use crate::commit::instance_key;
use crate::core::Core;
use crate::dispatch::Term;
use crate::heads::{self, HELD, Heads};
use crate::large::Unread;
use crate::layout::instance;
use crate::layout::sentinel::SENTINEL;
use crate::version::Version;

/// The two rows that say where an instance stands, as they are stored.
#[derive(Debug, Default)]
pub(crate) struct Raw {
    pub(crate) sentinel: Option<Versioned>,
    pub(crate) row: Option<Versioned>,
}

/// An instance of which a row cannot be read.
#[derive(Debug)]
pub(crate) struct Damaged {
    raw: Raw,
    problem: String,
}

impl fmt::Display for Damaged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problem)
    }
}

/// What two rows are.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "the large one is the usual one")]
pub(crate) enum Sight {
    Whole(Heads),
    Damaged(Damaged),
}

impl Core {
    /// Both rows, side by side.
    pub(crate) async fn read_raw(&self, instance_id: &InstanceId) -> Result<Raw, Error> {
        let key = Self::key_of(instance_id);
        let (sentinel, row) = tokio::join!(self.read_sentinel(&key), self.read_row(&key));
        Ok(Raw { sentinel: sentinel?, row: row? })
    }

    /// Decodes both.
    pub(crate) async fn sight(&self, raw: Raw) -> Result<Sight, Error> {
        let sentinel = match raw.sentinel.clone() {
            Some(stored) => self.sentinel_of(stored).await.map(Some),
            None => Ok(None),
        };
        let row = match raw.row.clone() {
            Some(stored) => self.row_of(stored).await.map(Some),
            None => Ok(None),
        };
        match (sentinel, row) {
            (Err(Unread::Storage(error)), _) | (_, Err(Unread::Storage(error))) => Err(error),
            (Err(problem), _) => Ok(Sight::Damaged(Damaged {
                raw,
                problem: format!("the sentinel of its history is damaged: {problem}"),
            })),
            (_, Err(problem)) => Ok(Sight::Damaged(Damaged { raw, problem: format!("its row is damaged: {problem}") })),
            // Of one that has ended, a purge was interrupted.
            (Ok(None), Ok(Some((row, row_etag)))) if row.last_event.is_some() && !row.state.status.is_terminal() => {
                // The row may be newer than what was read beside it.
                let key = Self::key_of(&row.state.instance_id);
                if self.read_sentinel(&key).await?.is_some() {
                    return Ok(Sight::Whole(Heads { sentinel: None, row: Some((row, row_etag)) }));
                }
                let problem = "the sentinel of its history is missing".to_owned();
                Ok(Sight::Damaged(Damaged { raw, problem }))
            }
            (Ok(sentinel), Ok(row)) => Ok(Sight::Whole(Heads { sentinel, row })),
        }
    }

    /// Writes why it is held, or nothing to let it go, into what there is of its rows.
    ///
    /// # Errors
    /// `Changed`, `NotFound`: somebody else was quicker.
    pub(crate) async fn mark_damaged(
        &self,
        instance_id: &InstanceId,
        damaged: &Damaged,
        held: Option<&HeldReason>,
    ) -> Result<(), Error> {
        let mut entity = Entity::new();
        entity.set(HELD, Value::Text(instance::held_text(held)));
        let key = Self::key_of(instance_id);
        // The sentinel first, as ever: nobody who has read it before can commit any more.
        if let Some(stored) = &damaged.raw.sentinel {
            let key = Key { partition: key.clone(), row: SENTINEL.to_owned() };
            self.merge(Table::History, key, entity.clone(), &stored.etag).await?;
        }
        if let Some(stored) = &damaged.raw.row {
            let revision = heads::revision(&stored.entity).unwrap_or_default().saturating_add(1);
            entity.set(heads::REVISION, Value::Long(i64::try_from(revision).unwrap_or(i64::MAX)));
            self.merge(Table::Instances, instance_key(&key), entity, &stored.etag).await?;
        }
        Ok(())
    }

    async fn merge(&self, table: Table, key: Key, entity: Entity, etag: &ETag) -> Result<(), Error> {
        let verb = Verb::Merge(entity, Condition::Match(etag.clone()));
        self.medium.write(table, Write { key, verb }).await.map(drop)
    }

    /// What is shown of a row that cannot be read; none if it is storage that failed.
    pub(crate) fn shown_instead(stored: Versioned, unread: Unread) -> Result<InstanceRow, Unread> {
        let Unread::Damaged(problem) = unread else { return Err(unread) };
        let instance_id = instance::id_of(&stored.key.partition)?;
        let raw = Raw { sentinel: None, row: Some(stored) };
        Ok(Damaged { raw, problem: format!("its row is damaged: {problem}") }.shown(&instance_id))
    }
}

impl Damaged {
    /// What the worker is told of an instance that it cannot work on.
    pub(crate) fn snapshot(&self, instance_id: &InstanceId, term: Term) -> Snapshot {
        let token = self.version(term).to_token();
        // Held for it already, there is nothing more to be said.
        let damage = self.held().is_none().then(|| self.problem.clone());
        Snapshot {
            token,
            row: self.shown(instance_id),
            history: Vec::new(),
            damage,
            taken_in: Vec::new(),
            is_unfinished: false,
        }
    }

    /// The etags of what there is.
    pub(crate) fn etags(&self) -> (Option<ETag>, Option<ETag>) {
        let etag = |stored: &Option<Versioned>| stored.as_ref().map(|stored| stored.etag.clone());
        (etag(&self.raw.sentinel), etag(&self.raw.row))
    }

    /// What a hold on top of this must carry.
    pub(crate) fn version(&self, term: Term) -> Version {
        let (sentinel, row) = self.etags();
        let revision = self.revision();
        Version {
            history: sentinel.map(|etag| etag.0),
            row: row.map(|etag| etag.0),
            ..Version::of_nothing(revision, term)
        }
    }

    /// Which version of the instance the row shows, as far as it can be read.
    pub(crate) fn revision(&self) -> u64 {
        self.raw.row.as_ref().and_then(|stored| heads::revision(&stored.entity)).unwrap_or_default()
    }

    /// Why it is held, as far as that can be read.
    fn held(&self) -> Option<HeldReason> {
        let stored = self.raw.row.as_ref().or(self.raw.sentinel.as_ref())?;
        instance::held_in(&stored.entity)
    }

    fn shown(&self, instance_id: &InstanceId) -> InstanceRow {
        let since = match self.raw.row.as_ref().and_then(|stored| stored.entity.0.get("LastUpdatedTime")) {
            Some(Value::Time(ms)) => Timestamp::from_millis(*ms),
            _ => Timestamp::default(),
        };
        let problem = format!("what is stored of instance {instance_id} is damaged: {}", self.problem);
        let held = self.held().unwrap_or_else(|| HeldReason::corrupt_row(&problem, since));
        InstanceRow::unreadable(instance_id.clone(), held, self.revision())
    }
}
