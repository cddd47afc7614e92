//! Creating instances.
//!
//! The start message first, then the row, as clients of DurableTask do it: who dies in between has promised nothing,
//! and no row waits for ever for a start that never comes. The start begins nothing until the row is there, so that one
//! that was put twice begins nothing after a purge.

use std::time::Duration;

use azure::{Condition, Entity, Error, Key, Queue, Receipt, Table, Value, Verb, Write};
use engine::{ExecutionId, InstanceId, Message};
use store::{CreateError, CreateInstance, ExistingInstance, InstanceRow, pending_state};

use crate::core::Core;
use crate::heads::{self, Heads};
use crate::large::Unread;
use crate::layout::Row;
use crate::layout::message::{self, Content, Replaces};
use crate::layout::sentinel::SENTINEL;
use crate::steady;

impl Core {
    /// See [`store::Client::create`].
    pub(crate) async fn create(&self, new: CreateInstance) -> Result<(), CreateError> {
        self.check_open("create")?;
        if self.is_overloaded(&new.instance_id).await? {
            return Err(CreateError::Overloaded);
        }
        let CreateInstance { instance_id, start, existing } = new;
        let execution_id = start.execution_id;
        let row = InstanceRow {
            state: pending_state(instance_id.clone(), &start),
            held: None,
            last_event: None,
            revision: self.first_revision(),
            wake_at: None,
        };
        let message = Message::Start(Box::new(start));
        let failure = |error| CreateError::Storage(steady::failure("create", error));
        match self.put_new(&instance_id, &row, &message).await.map_err(failure)? {
            Inserted::New => {}
            Inserted::Exists(receipt) => {
                let heads = match self.read_heads(&instance_id).await {
                    Ok(heads) => heads,
                    Err(_) if self.is_being_removed(&instance_id).await => {
                        return Err(failure(Error::Unreachable("the instance is being purged".to_owned())));
                    }
                    Err(unread) => return Err(unread.into()),
                };
                match &heads.row {
                    // The reply to the insert was lost; the instance may be some generations further by now.
                    Some((stored, _)) if stored.state.lineage().came_of(execution_id) => {}
                    // Whatever has ended has a history, and a purge removes it before the row.
                    Some((stored, _)) if heads.sentinel.is_none() && stored.state.status.is_terminal() => {
                        return Err(failure(Error::Unreachable("the instance is being purged".to_owned())));
                    }
                    Some((stored, _)) => {
                        let may_replace =
                            existing == ExistingInstance::ReplaceEnded && stored.state.status.is_terminal();
                        // Its reader finds that it has come too late, if it has been read already. If it were left for
                        // later, it might be read after a purge, and begin what nobody has asked for.
                        let partition = self.partition_of(&instance_id);
                        if let Some(receipt) = receipt
                            && let Err(error) = self.delete_message(partition, &receipt).await
                        {
                            tracing::debug!(%instance_id, %error, "a start that came too late was not deleted");
                        }
                        if !may_replace || !self.replace(&instance_id, heads, row, message).await? {
                            return Err(CreateError::Exists(instance_id));
                        }
                    }
                    None => return Err(failure(Error::Unreachable("the instance was purged meanwhile".to_owned()))),
                }
            }
        }
        self.rows_changed.notify_waiters();
        Ok(())
    }

    /// Puts the start and the row of an instance whose id may be free.
    async fn put_new(&self, instance_id: &InstanceId, row: &InstanceRow, message: &Message) -> Result<Inserted, Error> {
        let key = Self::key_of(instance_id);
        let mut full = self.full_row(row, &key);
        full.entity.set(heads::GENERATION, Value::Int(0));
        let content =
            Content::ToInstance { to: instance_id.clone(), message: message.clone(), replaces: Replaces::Nothing };
        // A start that is scheduled is not put off: the history takes note of it, and wakes the instance.
        let start = message::encode(&content, self.header(None, self.now()));
        // A purge of whoever has the id removes all blobs that are there before it removes the row, and that may be just
        // before this one is inserted.
        let has_blobs = start.blob.is_some() || !full.blobs.is_empty();
        if has_blobs && self.read_row(&key).await?.is_some() {
            return Ok(Inserted::Exists(None));
        }
        let receipt = self.put_encoded(Queue::Control(self.partition_of(instance_id)), start, Duration::ZERO).await?;
        let inserted = self.insert_row(instance_id, row, full).await;
        // Not before: with the row at hand, this host's own reader need not read it.
        self.notify_put(self.partition_of(instance_id));
        Ok(if inserted? { Inserted::New } else { Inserted::Exists(Some(receipt)) })
    }

    /// Writes the row of an instance that is about to begin. False if there is one of that id, perhaps this very one: the
    /// reply may have been lost.
    pub(crate) async fn insert_row(
        &self,
        instance_id: &InstanceId,
        row: &InstanceRow,
        full: Row,
    ) -> Result<bool, Error> {
        let key = Self::key_of(instance_id);
        self.put_large(full.blobs).await?;
        // A lost reply makes the next try find its own row, and reading it will tell.
        match steady::repeat(|| self.write_row(&key, full.entity.clone(), None)).await {
            Ok(etag) => {
                if self.ownership.owns(self.partition_of(instance_id)) {
                    self.set_fresh(instance_id.clone(), (Box::new(row.clone()), etag));
                }
                Ok(true)
            }
            Err(Error::Exists) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Puts a new instance in the place of one that has ended; false if somebody else was quicker.
    async fn replace(
        &self,
        instance_id: &InstanceId,
        heads: Heads,
        mut row: InstanceRow,
        message: Message,
    ) -> Result<bool, CreateError> {
        let failure = |error: Unread| CreateError::Storage(error.into_storage("create"));
        let Heads { sentinel, row: Some((old, old_etag)) } = heads else { return Ok(false) };
        row.revision = row.revision.max(old.revision + 1);
        if let Some((sentinel, etag)) = sentinel {
            self.finish_before_replacing(instance_id, &sentinel).await.map_err(failure)?;
            row.revision = row.revision.max(sentinel.revision + 1);
            row.last_event = sentinel.last_event;
            // Whoever is about to commit on top of the old execution must find that it is too late.
            let mut entity = Entity::new();
            entity.set("RondoRevision", Value::Long(i64::try_from(row.revision).unwrap_or(i64::MAX)));
            entity.set("RondoHeld", Value::Text(String::new()));
            let key = Key { partition: Self::key_of(instance_id), row: SENTINEL.to_owned() };
            let write = Write { key, verb: Verb::Merge(entity, Condition::Match(etag)) };
            match self.medium.write(Table::History, write).await {
                Ok(_) => {}
                Err(Error::Changed | Error::NotFound) => return Ok(false),
                Err(error) => return Err(failure(error.into())),
            }
        }
        let replaced = Replaces::Execution(old.state.execution_id);
        let put = self.put_message(None, instance_id, message, replaced, None);
        put.await.map_err(|error| failure(error.into()))?;
        let key = Self::key_of(instance_id);
        let full = self.full_row(&row, &key);
        self.put_large(full.blobs).await.map_err(|error| failure(error.into()))?;
        let mut entity = full.entity;
        entity.set(heads::REPLACED_BY, Value::Text(row.state.execution_id.to_string()));
        let stored = self.read_row(&key).await.map_err(|error| failure(error.into()))?;
        let generation = stored.and_then(|stored| stored.entity.int(heads::GENERATION).ok().flatten());
        entity.set(heads::GENERATION, Value::Int(generation.unwrap_or_default().saturating_add(1)));
        // Nothing of the old execution stays behind, above all not when it ended.
        let written = self.replace_row(&key, entity, old_etag).await;
        let is_ours = match written {
            Ok(_) => true,
            Err(Error::Changed | Error::NotFound | Error::Ambiguous(_)) => {
                self.shows_execution(instance_id, row.state.execution_id).await.map_err(failure)?
            }
            Err(error) => return Err(failure(error.into())),
        };
        if is_ours {
            // Not its wake-up, which may be the new execution's by now. One of the old execution finds nothing to do.
            self.dispatch.change(|state| state.taken_back(instance_id));
        }
        Ok(is_ours)
    }

    async fn shows_execution(&self, instance_id: &InstanceId, execution_id: ExecutionId) -> Result<bool, Unread> {
        let Some(stored) = self.read_row(&Self::key_of(instance_id)).await? else { return Ok(false) };
        Ok(self.row_of(stored).await?.0.state.lineage().came_of(execution_id))
    }
}

/// What became of a row that may be the first of its id.
enum Inserted {
    New,
    /// Something has the id; with the start that was put for nothing.
    Exists(Option<Receipt>),
}
