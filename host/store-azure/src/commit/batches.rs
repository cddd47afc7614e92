//! The event rows of a turn, cut into transactions.

use azure::{Entity, Key, Value, Verb, Write};
use engine::HistoryChange;
use store::TurnCommit;

use crate::layout::{Overflow, Row, events, sentinel};
use crate::limits;
use crate::version::Version;

/// Where the rows of an execution begin whose predecessor's begin at 0, or the other way round.
const OTHER_FIRST_ROW: u64 = 1 << 40;

/// What the service counts for an entity beside its values, generously.
const ENTITY_BYTES: usize = 1_024;

/// Event rows in transactions that the service takes, and the blobs to be stored before them.
#[derive(Debug)]
pub(super) struct Batches {
    /// Where the execution's rows begin.
    pub(super) first_row: u64,
    /// At least one, which may be empty: the sentinel is written in any case.
    pub(super) writes: Vec<Vec<Write>>,
    pub(super) blobs: Vec<Overflow>,
}

impl Batches {
    pub(super) fn of(turn: &TurnCommit, version: &Version, key: &str) -> Self {
        let HistoryChange::Replace { .. } = turn.history else { return Self::at(version.first_row, turn, key) };
        // One transaction replaces the old rows and the sentinel together. Several must not overwrite what is valid
        // until the last of them.
        let batches = Self::at(0, turn, key);
        if batches.writes.len() > 1 && version.first_row == 0 && version.last_event > 0 {
            return Self::at(OTHER_FIRST_ROW, turn, key);
        }
        batches
    }

    fn at(first_row: u64, turn: &TurnCommit, key: &str) -> Self {
        let mut writes = vec![Vec::new()];
        let mut blobs = Vec::new();
        let mut bytes = 0;
        for event in turn.history.events() {
            let row_key = sentinel::row_key(first_row + event.id.0.saturating_sub(1));
            let row = events::event_row(key, &row_key, turn.state.execution_id, event, fastrand::u32(..));
            let Row { entity, blobs: of_row } = row;
            blobs.extend(of_row);
            let size = size(&entity);
            let last: &mut Vec<Write> = writes.last_mut().expect("there is one from the beginning");
            let write =
                Write { key: Key { partition: key.to_owned(), row: row_key }, verb: Verb::InsertOrReplace(entity) };
            if last.len() >= limits::ROWS_PER_TRANSACTION_MAX || bytes + size > limits::TRANSACTION_BYTES_MAX {
                writes.push(vec![write]);
                bytes = size;
            } else {
                last.push(write);
                bytes += size;
            }
        }
        Self { first_row, writes, blobs }
    }
}

/// Bytes of an entity in a transaction, at most.
fn size(entity: &Entity) -> usize {
    let value = |value: &Value| match value {
        // In JSON; a control character takes six.
        Value::Text(text) => 2 * text.len(),
        Value::Guid(text) => text.len(),
        Value::Binary(bytes) => bytes.len().div_ceil(3) * 4,
        Value::Int(_) | Value::Long(_) | Value::Double(_) | Value::Bool(_) | Value::Time(_) => 32,
    };
    ENTITY_BYTES + entity.0.iter().map(|(name, content)| 64 + name.len() + value(content)).sum::<usize>()
}
