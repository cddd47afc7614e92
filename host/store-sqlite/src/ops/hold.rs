//! Holding an instance and letting it go.

use engine::{Digest, InstanceId};
use rusqlite::{Connection, OptionalExtension as _, params};
use store::{CommitError, HeldReason, InstanceError, Token};

use crate::dispatch::{Change, Key};
use crate::error::ReadError;
use crate::rows::{instance, ms, number, unsigned};
use crate::transaction::Transaction;

/// Holds an instance if the token is the stored one.
pub(crate) fn hold(
    transaction: &mut Transaction<'_>,
    id: &InstanceId,
    token: &Token,
    reason: &HeldReason,
) -> rusqlite::Result<Result<Token, CommitError>> {
    let held = transaction
        .connection
        .prepare_cached(
            "UPDATE instances
             SET revision = revision + 1, held_code = ?3, held_message = ?4, held_since_ms = ?5
             WHERE instance_id = ?1 AND revision = ?2
             RETURNING id, revision",
        )?
        .query_row(
            params![id.as_str(), instance::revision(token).map(number), reason.code, reason.message, ms(reason.since)],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?;
    if let Some((number, revision)) = held {
        transaction.changes.push(Change::Held { key: Key { number, id: id.clone() } });
        return Ok(Ok(instance::token(unsigned(revision))));
    }
    let stored = transaction.locate(id)?.map(|located| instance::token(unsigned(located.revision)));
    Ok(Err(CommitError::Stale { instance_id: id.clone(), held: token.clone(), stored }))
}

/// Holds an instance whatever its version: what is wrong with it is stored. Whoever works on it finds itself outdated.
pub(crate) fn hold_for_damage(
    connection: &Connection,
    number_in_file: i64,
    reason: &HeldReason,
) -> rusqlite::Result<()> {
    let HeldReason { code, message, since } = reason;
    connection
        .prepare_cached(
            "UPDATE instances
             SET revision = revision + 1, held_code = ?2, held_message = ?3, held_since_ms = ?4
             WHERE id = ?1",
        )?
        .execute(params![number_in_file, code, message, ms(*since)])
        .map(drop)
}

/// Lets an instance go, or migrates one that is not held.
pub(crate) fn release(
    transaction: &mut Transaction<'_>,
    id: &InstanceId,
    component: Option<Digest>,
) -> Result<Result<(), InstanceError>, ReadError> {
    let found = match instance::find(transaction.connection, id) {
        // It shows what it is when it is handed out, and is held again.
        Err(ReadError::Damaged(_)) if component.is_none() => return let_damaged_go(transaction, id).map(Ok),
        found => found?,
    };
    let Some(mut stored) = found else { return Ok(Err(InstanceError::NotFound(id.clone()))) };
    if stored.row.held.is_none() && component.is_none() {
        return Ok(Ok(()));
    }
    let_go(transaction, stored.number)?;
    if component.is_some() {
        stored.row.state.component = component;
        instance::write_component(transaction.connection, &stored)?;
    }
    let key = Key { number: stored.number, id: id.clone() };
    let wake_at = stored.row.wake_at;
    transaction.changes.push(Change::TakenBack { key, owes_wake_up: true, wake_at });
    Ok(Ok(()))
}

fn let_damaged_go(transaction: &mut Transaction<'_>, id: &InstanceId) -> Result<(), ReadError> {
    let Some(number) = instance::number_of(transaction.connection, id)? else { return Ok(()) };
    let_go(transaction, number)?;
    let key = Key { number, id: id.clone() };
    transaction.changes.push(Change::TakenBack { key, owes_wake_up: true, wake_at: None });
    Ok(())
}

fn let_go(transaction: &mut Transaction<'_>, number_in_file: i64) -> rusqlite::Result<()> {
    transaction
        .connection
        .prepare_cached(
            "UPDATE instances
             SET revision = revision + 1, held_code = NULL, held_message = NULL, held_since_ms = NULL
             WHERE id = ?1",
        )?
        .execute([number_in_file])
        .map(drop)
}
