//! Holding instances.

use azure::{Condition, Entity, Error, Key, Table, Value, Verb, Write};
use engine::{InstanceId, RuntimeStatus};
use store::{CommitError, HeldReason, InstanceRow, Token};

use crate::core::Core;
use crate::damage::{Damaged, Sight};
use crate::dispatch::Term;
use crate::heads::Heads;
use crate::layout::instance;
use crate::layout::sentinel::{SENTINEL, Sentinel};
use crate::steady;
use crate::version::Version;

/// A change of what the sentinel and the row say beside a turn: why it is held, and what it is pinned to.
pub(crate) struct Amendment {
    pub(crate) held: Option<HeldReason>,
    /// None: as it is.
    pub(crate) component: Option<engine::Digest>,
}

impl Core {
    /// See [`store::WorkSource::hold`].
    pub(crate) async fn hold(
        &self,
        instance_id: &InstanceId,
        token: Token,
        reason: HeldReason,
    ) -> Result<Token, CommitError> {
        self.check_open("hold")?;
        let partition = self.partition_of(instance_id);
        self.check_owned(instance_id)?;
        let term = self.dispatch.state().term(partition);
        let heads = match self.look_at(instance_id).await? {
            Sight::Whole(heads) => heads,
            Sight::Damaged(damaged) => return self.hold_damaged(instance_id, &token, &reason, &damaged).await,
        };
        let stored = heads.version(term).map(|version| version.to_token());
        let is_current = match Version::of(&token) {
            // Rows are touched now and then; the history tells whether anything has happened.
            Some(held) => match heads.version(term) {
                Some(stored) => held.history == stored.history && (held.history.is_some() || held.row == stored.row),
                // Its start was all there was of it.
                None => held.history.is_none() && held.row.is_none(),
            },
            None => false,
        };
        if !is_current {
            return Err(CommitError::Stale { instance_id: instance_id.clone(), held: token, stored });
        }
        let start = self.dispatch.state().starts(instance_id).into_iter().next();
        let heads = match (heads.row.is_some(), start) {
            (true, _) => heads,
            (false, Some(start)) => {
                let state = store::pending_state(instance_id.clone(), &start.started);
                let row =
                    InstanceRow { state, held: None, last_event: None, revision: self.first_revision(), wake_at: None };
                let key = Self::key_of(instance_id);
                let full = self.full_row(&row, &key);
                self.put_large(full.blobs).await.map_err(|error| steady::failure("hold", error))?;
                let etag =
                    self.write_row(&key, full.entity, None).await.map_err(|error| steady::failure("hold", error))?;
                Heads { row: Some((row, etag)), ..heads }
            }
            (false, None) => return Err(CommitError::Stale { instance_id: instance_id.clone(), held: token, stored }),
        };
        match self.amend(instance_id, heads, Amendment { held: Some(reason), component: None }).await {
            Ok(version) => {
                self.note_held(instance_id, partition, term);
                self.rows_changed.notify_waiters();
                Ok(version.to_token())
            }
            Err(Error::Changed | Error::Exists | Error::NotFound) => {
                let stored = self.read_heads(instance_id).await?.version(term).map(|version| version.to_token());
                Err(CommitError::Stale { instance_id: instance_id.clone(), held: token, stored })
            }
            Err(error) => Err(CommitError::Storage(steady::failure("hold", error))),
        }
    }

    /// Holds an instance of which a row cannot be read.
    async fn hold_damaged(
        &self,
        instance_id: &InstanceId,
        token: &Token,
        reason: &HeldReason,
        damaged: &Damaged,
    ) -> Result<Token, CommitError> {
        let partition = self.partition_of(instance_id);
        let term = self.dispatch.state().term(partition);
        let stored = damaged.version(term).to_token();
        let stale = || CommitError::Stale {
            instance_id: instance_id.clone(),
            held: token.clone(),
            stored: Some(stored.clone()),
        };
        if *token != stored {
            return Err(stale());
        }
        match self.mark_damaged(instance_id, damaged, Some(reason)).await {
            Ok(()) => {
                self.note_held(instance_id, partition, term);
                self.rows_changed.notify_waiters();
                // Nothing can be committed on top of this.
                Ok(stored)
            }
            Err(Error::Changed | Error::NotFound) => Err(stale()),
            Err(error) => Err(CommitError::Storage(steady::failure("hold", error))),
        }
    }

    /// Does not hand an instance out any more. What was found in an earlier term may have changed since.
    fn note_held(&self, instance_id: &InstanceId, partition: u8, term: Term) {
        self.note(partition, |state| {
            if state.term(partition) == term {
                state.held(instance_id, partition);
            }
        });
    }

    /// Changes the sentinel under its etag, then the row under its own.
    ///
    /// # Errors
    /// `Changed`, `Exists`, `NotFound`: somebody else was quicker.
    pub(crate) async fn amend(
        &self,
        instance_id: &InstanceId,
        heads: Heads,
        amendment: Amendment,
    ) -> Result<Version, Error> {
        let key = Self::key_of(instance_id);
        let term = self.dispatch.state().term(self.partition_of(instance_id));
        let mut version = heads.version(term).ok_or(Error::NotFound)?;
        let Heads { sentinel, row } = heads;
        let (mut row, mut row_etag) = row.ok_or(Error::NotFound)?;
        version.revision += 1;
        row.revision = version.revision;
        row.held = amendment.held;
        row.state.component = amendment.component.or(row.state.component);
        let entity = self.amended_sentinel(&key, &row, sentinel.as_ref().map(|(sentinel, _)| sentinel));
        let sentinel_key = Key { partition: key.clone(), row: SENTINEL.to_owned() };
        let verb = match sentinel {
            Some((_, etag)) => Verb::Merge(entity, Condition::Match(etag)),
            None => Verb::Insert(entity),
        };
        let etag = self.medium.write(Table::History, Write { key: sentinel_key, verb }).await?;
        version.history = etag.map(|etag| etag.0);
        // The row follows; whoever else touches it does not move the instance on, so this one wins in the end.
        let full = self.full_row(&row, &key);
        let mut changes = Entity::new();
        for column in ["RondoHeld", "RondoRevision", "RondoComponent"] {
            changes.set_some(column, full.entity.0.get(column).cloned());
        }
        // Clients of DurableTask see of one that has not begun that it is pending, and nothing else.
        let tells = row.state.status == RuntimeStatus::Pending && !version.row_is_behind;
        if tells && let Some(told) = instance::told_while_held(&row) {
            changes.set(instance::CUSTOM_STATUS, Value::Text(told));
            changes.set_some(instance::ABSENT, full.entity.0.get(instance::ABSENT).cloned());
        }
        if version.row_is_behind {
            // The next commit brings all of it up to date, which it would not if the row looked as new as the history.
            changes.0.remove("RondoRevision");
        }
        loop {
            match self.write_row(&key, changes.clone(), Some(row_etag.clone())).await {
                Ok(etag) => {
                    version.row = Some(etag.0);
                    return Ok(version);
                }
                Err(Error::Changed) => {
                    row_etag = self.read_row(&key).await?.ok_or(Error::NotFound)?.etag;
                    // Which of its columns have a value is no longer known.
                    changes
                        .0
                        .retain(|column, _| ![instance::CUSTOM_STATUS, instance::ABSENT].contains(&column.as_str()));
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// What changes in the sentinel; of an instance without one, all of it.
    fn amended_sentinel(&self, key: &str, row: &InstanceRow, stored: Option<&Sentinel>) -> Entity {
        let amended = match stored {
            Some(sentinel) => Sentinel {
                held: row.held.clone(),
                component: row.state.component,
                revision: row.revision,
                custom_status: None,
                ..sentinel.clone()
            },
            None => Sentinel {
                execution_id: row.state.execution_id,
                is_complete: true,
                checkpoint_at: row.state.updated_at,
                commit: self.unique(),
                revision: row.revision,
                row_revision: 0,
                first_row: 0,
                last_event: None,
                status: row.state.status,
                component: row.state.component,
                custom_status: None,
                wake_at: None,
                armed_until: None,
                has_open_activities: false,
                has_outbox: false,
                held: row.held.clone(),
                is_purging: false,
                taken_in: Vec::new(),
            },
        };
        let mut entity = amended.to_row(key, 0).entity;
        if stored.is_some() {
            entity.0.retain(|column, _| ["RondoHeld", "RondoComponent", "RondoRevision"].contains(&column.as_str()));
        }
        entity
    }
}
