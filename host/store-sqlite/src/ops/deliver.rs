//! Creating instances and delivering messages.

use engine::{InstanceId, Message, OutboxMessage, RuntimeStatus};
use rusqlite::{OptionalExtension as _, params};
use store::{CreateError, CreateInstance, ExistingInstance, InstanceError, InstanceRow, is_welcome, pending_state};

use crate::dispatch::{Change, Key};
use crate::error::ReadError;
use crate::rows::{instance, ms};
use crate::transaction::{Encoded, Transaction};

/// What a delivery needs to know of its receiver.
struct Receiver {
    key: Key,
    status: Option<RuntimeStatus>,
    execution_id: Vec<u8>,
    is_held: bool,
}

fn receiver(transaction: &Transaction<'_>, id: &InstanceId) -> rusqlite::Result<Option<Receiver>> {
    transaction
        .connection
        .prepare_cached("SELECT id, status, execution_id, held_code IS NOT NULL FROM instances WHERE instance_id = ?1")?
        .query_row([id.as_str()], |row| {
            Ok(Receiver {
                key: Key { number: row.get(0)?, id: id.clone() },
                status: instance::status(row.get(1)?),
                execution_id: row.get(2)?,
                is_held: row.get(3)?,
            })
        })
        .optional()
}

impl Receiver {
    fn has_ended(&self) -> bool {
        self.status.is_some_and(RuntimeStatus::is_terminal)
    }
}

/// A client creates an instance. `start` is the message of `new.start`.
pub(crate) fn create(
    transaction: &mut Transaction<'_>,
    new: &CreateInstance,
    start: &Encoded,
    backlog_messages_max: usize,
) -> rusqlite::Result<Result<(), CreateError>> {
    let existing = receiver(transaction, &new.instance_id)?;
    let may_replace = new.existing == ExistingInstance::ReplaceEnded;
    if existing.as_ref().is_some_and(|existing| !(may_replace && existing.has_ended())) {
        return Ok(Err(CreateError::Exists(new.instance_id.clone())));
    }
    if transaction.ledger.messages >= backlog_messages_max {
        return Ok(Err(CreateError::Overloaded));
    }
    begin(transaction, existing, &new.instance_id, start)?;
    Ok(Ok(()))
}

/// A client sends a message.
pub(crate) fn send(
    transaction: &mut Transaction<'_>,
    id: &InstanceId,
    encoded: &Encoded,
    backlog_messages_max: usize,
) -> Result<Result<(), InstanceError>, ReadError> {
    let Some(receiver) = receiver(transaction, id)? else {
        return Ok(Err(InstanceError::NotFound(id.clone())));
    };
    // What cannot be read is not known to have ended.
    let status = receiver.status.unwrap_or(RuntimeStatus::Running);
    if !is_welcome(&encoded.message, status) {
        let error = match instance::find(transaction.connection, id)? {
            Some(stored) => InstanceError::WrongStatus(Box::new(stored.row)),
            None => InstanceError::NotFound(id.clone()),
        };
        return Ok(Err(error));
    }
    if transaction.ledger.messages >= backlog_messages_max {
        return Ok(Err(InstanceError::Overloaded));
    }
    let execution_id = instance::execution_name(transaction.connection, receiver.key.number)?;
    let addressed = execution_id.map(|execution_id| encoded.addressed_to(execution_id));
    transaction.store_message(receiver.key, receiver.is_held, addressed.as_ref().unwrap_or(encoded))?;
    Ok(Ok(()))
}

/// An instance sends a message.
pub(crate) fn deliver(transaction: &mut Transaction<'_>, to: &InstanceId, encoded: &Encoded) -> rusqlite::Result<()> {
    let existing = receiver(transaction, to)?;
    let begins = match (&encoded.message, &existing) {
        (Message::Start(_), None) => true,
        (Message::Start(start), Some(existing)) => {
            existing.has_ended()
                && existing.execution_id != start.execution_id.as_bytes()
                && !instance::is_known_as(transaction.connection, existing.key.number, start.execution_id)?
        }
        _ => false,
    };
    match existing {
        existing if begins => begin(transaction, existing, to, encoded),
        Some(existing) => transaction.store_message(existing.key, existing.is_held, encoded),
        None => answer_for_gone(transaction, to, &encoded.message),
    }
}

/// Answers a parent that asks an instance which is not there.
pub(super) fn answer_for_gone(
    transaction: &mut Transaction<'_>,
    instance_id: &InstanceId,
    message: &Message,
) -> rusqlite::Result<()> {
    let Some(OutboxMessage { to, message }) = OutboxMessage::answer_for_gone(instance_id, message) else {
        return Ok(());
    };
    match receiver(transaction, &to)? {
        Some(parent) => transaction.store_message(parent.key, parent.is_held, &Encoded::new(message)),
        None => Ok(()),
    }
}

/// Makes a pending instance, out of nothing or out of one that has ended.
fn begin(
    transaction: &mut Transaction<'_>,
    existing: Option<Receiver>,
    id: &InstanceId,
    encoded: &Encoded,
) -> rusqlite::Result<()> {
    let Message::Start(start) = &encoded.message else { return Ok(()) };
    let state = pending_state(id.clone(), start);
    let key = if let Some(Receiver { key, .. }) = existing {
        transaction
            .connection
            .prepare_cached(
                "UPDATE instances
                 SET revision = revision + 1, updated_at_ms = ?2, wake_at_ms = NULL, has_open_activities = 0,
                   held_code = NULL, held_message = NULL, held_since_ms = NULL
                 WHERE id = ?1",
            )?
            .execute(params![key.number, ms(state.updated_at)])?;
        instance::write_state(transaction.connection, key.number, &state)?;
        transaction.changes.push(Change::TakenBack { key: key.clone(), owes_wake_up: false, wake_at: None });
        key
    } else {
        let key = Key { number: transaction.next_instance(), id: id.clone() };
        let revision = transaction.ledger.revision_floor + 1;
        instance::insert(transaction.connection, key.number, &state, revision)?;
        let row = InstanceRow { state, held: None, last_event: None, revision, wake_at: None };
        transaction.changes.push(Change::Created { key: key.clone(), row: Box::new(row) });
        key
    };
    transaction.store_message(key, false, encoded)
}
