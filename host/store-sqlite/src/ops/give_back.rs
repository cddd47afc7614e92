//! Work that comes back unfinished.

use engine::{InstanceId, Timestamp};
use store::{Envelope, MessageId, WorkItem, codec, limits};

use crate::dispatch::{Change, Key, Loaded};
use crate::rows::inbox;
use crate::transaction::{Located, Transaction};

/// A host abandons a work item: what is still stored of it goes out again.
pub(crate) fn abandon(transaction: &mut Transaction<'_>, work: &WorkItem, now: Timestamp) -> rusqlite::Result<()> {
    let Some(located) = transaction.locate(&work.instance_id)?.filter(|located| !located.is_held) else {
        return Ok(());
    };
    let mut messages = Vec::new();
    for Envelope { id, message } in &work.messages {
        if inbox::exists(transaction.connection, *id, located.number)? {
            // What it takes was forgotten when it was handed out; the length of its text form will do.
            let bytes = codec::encode_message(message).len();
            messages.push(Loaded { id: *id, message: message.clone(), bytes });
        }
    }
    if messages.is_empty() && !work.messages.is_empty() {
        return Ok(());
    }
    give_back(transaction, &work.instance_id, located.number, messages, now);
    Ok(())
}

/// A stale turn had taken in these.
pub(crate) fn after_stale(
    transaction: &mut Transaction<'_>,
    id: &InstanceId,
    located: &Located,
    consumed: &[MessageId],
    now: Timestamp,
) -> rusqlite::Result<()> {
    let mut messages = Vec::new();
    for id in consumed {
        let Some(body) = inbox::body(transaction.connection, *id, located.number)? else { continue };
        if let Ok(message) = codec::decode_message(&body) {
            messages.push(Loaded { id: *id, message, bytes: body.len() });
        }
    }
    if !messages.is_empty() && !located.is_held {
        give_back(transaction, id, located.number, messages, now);
    }
    Ok(())
}

fn give_back(transaction: &mut Transaction<'_>, id: &InstanceId, number: i64, messages: Vec<Loaded>, now: Timestamp) {
    let ready_at = now.saturating_add(limits::ABANDONED_REST);
    let key = Key { number, id: id.clone() };
    transaction.changes.push(Change::GivenBack { key, messages, ready_at });
}
