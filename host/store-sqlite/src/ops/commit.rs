//! Committing a turn.

use engine::{EventId, HistoryChange, InstanceId, InstanceState, Timestamp};
use rusqlite::{OptionalExtension as _, params};
use store::{CommitError, Discontinuity, InstanceRow, MessageId, Outcome, StorageError, Token, TurnCommit, codec};

use super::{deliver, give_back};
use crate::dispatch::{Change, Key};
use crate::rows::{history, instance, ms, number, unsigned};
use crate::transaction::{Encoded, Transaction};

/// A commit that is ready to be written.
#[derive(Debug)]
pub(crate) struct Turn {
    instance_id: InstanceId,
    token: Token,
    history: History,
    state: InstanceState,
    state_changed: bool,
    wake_at: Option<Timestamp>,
    has_open_activities: bool,
    outbox: Vec<(InstanceId, Encoded)>,
    consumed: Vec<MessageId>,
}

/// What to do to the stored history.
#[derive(Debug)]
enum History {
    Keep,
    Append(Batch),
    Replace(Option<Batch>),
}

#[derive(Debug)]
struct Batch {
    first: EventId,
    last: EventId,
    bytes: Vec<u8>,
}

impl Turn {
    /// Checks and encodes a commit.
    ///
    /// # Errors
    /// `Permanent`: its events are not consecutive.
    pub(crate) fn new(commit: TurnCommit) -> Result<Self, StorageError> {
        let events = commit.history.events();
        let before = match (&commit.history, events.first()) {
            (HistoryChange::Append { .. }, Some(first)) => first.id.0.checked_sub(1).filter(|id| *id > 0).map(EventId),
            _ => None,
        };
        commit.last_event_after(before)?;
        let batch = match (events.first(), events.last()) {
            (Some(first), Some(last)) => {
                let bytes = codec::encode_events(events)
                    .map_err(|error| StorageError::new("commit", Outcome::Permanent, error))?;
                Some(Batch { first: first.id, last: last.id, bytes })
            }
            _ => None,
        };
        let history = match (&commit.history, batch) {
            (HistoryChange::None | HistoryChange::Append { .. }, None) | (HistoryChange::None, Some(_)) => {
                History::Keep
            }
            (HistoryChange::Append { .. }, Some(batch)) => History::Append(batch),
            (HistoryChange::Replace { .. }, batch) => History::Replace(batch),
        };
        Ok(Self {
            instance_id: commit.instance_id,
            token: commit.token,
            history,
            state: commit.state,
            state_changed: commit.state_changed,
            wake_at: commit.wake_at,
            has_open_activities: commit.has_open_activities,
            outbox: commit.outbox.into_iter().map(|sent| (sent.to, Encoded::new(sent.message))).collect(),
            consumed: commit.consumed,
        })
    }

    /// About how much is going to be written.
    pub(crate) fn bytes(&self) -> usize {
        let history = match &self.history {
            History::Append(batch) | History::Replace(Some(batch)) => batch.bytes.len(),
            History::Keep | History::Replace(None) => 0,
        };
        let outbox: usize = self.outbox.iter().map(|(_, encoded)| encoded.body.len()).sum();
        let payloads = [&self.state.input, &self.state.output, &self.state.custom_status].into_iter().flatten();
        let state: usize = if self.state_changed { payloads.map(|payload| payload.as_str().len()).sum() } else { 0 };
        history + outbox + state
    }
}

/// Commits a turn if its token is the stored one: the hot path, which reads nothing.
pub(crate) fn commit(
    transaction: &mut Transaction<'_>,
    turn: &Turn,
    now: Timestamp,
) -> rusqlite::Result<Result<Token, CommitError>> {
    let Some(revision) = instance::revision(&turn.token) else { return refuse(transaction, turn, now) };
    let (before, last) = match &turn.history {
        History::Keep => (None, None),
        History::Append(batch) => (Some(number(batch.first.0) - 1), Some(number(batch.last.0))),
        History::Replace(batch) => (None, Some(batch.as_ref().map_or(0, |batch| number(batch.last.0)))),
    };
    let updated = transaction
        .connection
        .prepare_cached(
            "UPDATE instances
             SET revision = revision + 1, last_event = coalesce(?4, last_event), updated_at_ms = ?5, wake_at_ms = ?6,
               has_open_activities = ?7
             WHERE instance_id = ?1 AND revision = ?2 AND last_event = coalesce(?3, last_event)
             RETURNING id, held_code IS NOT NULL, last_event",
        )?
        .query_row(
            params![
                turn.instance_id.as_str(),
                number(revision),
                before,
                last,
                ms(turn.state.updated_at),
                turn.wake_at.map(ms),
                turn.has_open_activities,
            ],
            |row| Ok((row.get::<_, i64>(0)?, row.get::<_, bool>(1)?, row.get(2)?)),
        )
        .optional()?;
    let Some((instance, is_held, last_event)) = updated else { return refuse(transaction, turn, now) };

    match &turn.history {
        History::Keep => (),
        History::Append(batch) => history::insert(transaction.connection, instance, batch.first, &batch.bytes)?,
        History::Replace(batch) => {
            history::delete(transaction.connection, instance)?;
            if let Some(batch) = batch {
                history::insert(transaction.connection, instance, batch.first, &batch.bytes)?;
            }
        }
    }
    if turn.state_changed {
        instance::write_state(transaction.connection, instance, &turn.state)?;
    }
    for id in &turn.consumed {
        transaction.consume_message(*id, instance)?;
    }
    // Why it is held is known to the file alone.
    let is_told = !is_held && transaction.watchers.is_watched(&turn.instance_id);
    let row = is_told.then(|| {
        let (state, last_event) = (turn.state.clone(), instance::last_event(last_event));
        Box::new(InstanceRow { state, held: None, last_event, revision: revision + 1, wake_at: turn.wake_at })
    });
    transaction.changes.push(Change::Committed {
        key: Key { number: instance, id: turn.instance_id.clone() },
        is_held,
        consumed: turn.consumed.clone(),
        wake_at: turn.wake_at,
        row,
    });
    for (to, encoded) in &turn.outbox {
        deliver::deliver(transaction, to, encoded)?;
    }
    Ok(Ok(instance::token(revision + 1)))
}

/// Says why nothing was updated, and hands out again what a stale turn had taken in.
fn refuse(
    transaction: &mut Transaction<'_>,
    turn: &Turn,
    now: Timestamp,
) -> rusqlite::Result<Result<Token, CommitError>> {
    let located = transaction.locate(&turn.instance_id)?;
    let stored = located.as_ref().map(|located| instance::token(unsigned(located.revision)));
    if let (Some(located), History::Append(batch)) = (&located, &turn.history)
        && stored.as_ref() == Some(&turn.token)
    {
        let gap = Discontinuity { stored: instance::last_event(located.last_event), found: batch.first };
        return Ok(Err(StorageError::new("commit", Outcome::Permanent, gap).into()));
    }
    if let Some(located) = &located {
        give_back::after_stale(transaction, &turn.instance_id, located, &turn.consumed, now)?;
    }
    Ok(Err(CommitError::Stale { instance_id: turn.instance_id.clone(), held: turn.token.clone(), stored }))
}
