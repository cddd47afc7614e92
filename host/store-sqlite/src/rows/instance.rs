//! `instances`, and the payloads that belong to a row.

mod details;

use engine::{EventId, ExecutionId, InstanceId, InstanceState, Lineage, Payload, RuntimeStatus, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use store::{HeldReason, InstanceRow, Token};

use self::details::Details;
use super::{damaged, instance_id, ms, number, timestamp, unsigned};
use crate::error::{Damaged, ReadError};

/// An instance row with its number in the file.
#[derive(Debug)]
pub(crate) struct StoredRow {
    pub(crate) number: i64,
    pub(crate) row: InstanceRow,
}

/// A token of this backend: the row's revision.
pub(crate) fn token(revision: u64) -> Token {
    Token(revision.to_string().into())
}

/// The revision that a token stands for; none if it is no token of ours.
pub(crate) fn revision(token: &Token) -> Option<u64> {
    let is_ours = token.0.bytes().all(|byte| byte.is_ascii_digit()) && !token.0.starts_with('0');
    is_ours.then(|| token.0.parse().ok()).flatten()
}

/// The beginning of every query for rows.
pub(crate) const SELECT: &str = "
SELECT
  i.id, i.instance_id, i.revision, i.last_event, i.updated_at_ms, i.wake_at_ms, i.status, i.created_at_ms,
  i.execution_id, i.name, i.details, i.held_code, i.held_message, i.held_since_ms,
  inputs.body, outputs.body, custom_statuses.body
FROM instances i
LEFT JOIN inputs ON inputs.instance = i.id
LEFT JOIN outputs ON outputs.instance = i.id
LEFT JOIN custom_statuses ON custom_statuses.instance = i.id
";

/// Reads one row of [`SELECT`].
pub(crate) fn read(row: &Row<'_>) -> Result<StoredRow, ReadError> {
    let id = instance_id(&row.get::<_, String>(1)?)?;
    read_fields(row, id.clone()).map_err(|error| error.of_instance(&id))
}

fn read_fields(row: &Row<'_>, id: InstanceId) -> Result<StoredRow, ReadError> {
    let details = Details::decode(&row.get::<_, Vec<u8>>(10)?);
    let details = details.map_err(|error| damaged(&id, format_args!("in its details, {error}")))?;
    let status = status(row.get(6)?).ok_or_else(|| damaged(&id, "its status is unknown"))?;
    let payload = |column| row.get::<_, Option<String>>(column).map(|body| body.map(Payload::from));
    let Details {
        version,
        failure,
        tags,
        parent,
        completed_at,
        scheduled_start,
        component,
        generation,
        first_execution,
    } = details;
    let state = InstanceState {
        instance_id: id,
        execution_id: ExecutionId::from_bytes(row.get(8)?),
        name: row.get(9)?,
        version,
        status,
        input: payload(14)?,
        output: payload(15)?,
        failure,
        custom_status: payload(16)?,
        tags,
        parent,
        created_at: timestamp(row.get(7)?),
        updated_at: timestamp(row.get(4)?),
        completed_at,
        scheduled_start,
        component,
        generation,
        first_execution,
    };
    let instance = InstanceRow {
        state,
        held: held(row)?,
        last_event: last_event(row.get(3)?),
        revision: unsigned(row.get(2)?),
        wake_at: row.get::<_, Option<i64>>(5)?.map(timestamp),
    };
    Ok(StoredRow { number: row.get(0)?, row: instance })
}

fn held(row: &Row<'_>) -> rusqlite::Result<Option<HeldReason>> {
    let Some(code) = row.get(11)? else { return Ok(None) };
    let since = timestamp(row.get::<_, Option<i64>>(13)?.unwrap_or_default());
    Ok(Some(HeldReason { code, message: row.get::<_, Option<String>>(12)?.unwrap_or_default(), since }))
}

/// The row of an instance.
pub(crate) fn find(connection: &Connection, id: &InstanceId) -> Result<Option<StoredRow>, ReadError> {
    let mut statement = connection.prepare_cached(&format!("{SELECT} WHERE i.instance_id = ?1"))?;
    let mut rows = statement.query([id.as_str()])?;
    rows.next()?.map(read).transpose()
}

/// The same; of one that is damaged what can be said of it, and that as well.
pub(crate) fn find_any(
    connection: &Connection,
    id: &InstanceId,
) -> Result<Option<(InstanceRow, Option<Damaged>)>, ReadError> {
    match find(connection, id) {
        Ok(found) => Ok(found.map(|stored| (stored.row, None))),
        Err(ReadError::Damaged(damaged)) => {
            let row = unreadable(connection, id, &damaged)?;
            Ok(Some((row, Some(damaged))))
        }
        Err(error) => Err(error),
    }
}

/// What is shown of an instance whose row is damaged. Nothing of it is taken for granted.
pub(crate) fn unreadable(
    connection: &Connection,
    id: &InstanceId,
    damaged: &Damaged,
) -> Result<InstanceRow, ReadError> {
    let sql = "SELECT revision, updated_at_ms, held_code, held_message, held_since_ms FROM instances
               WHERE instance_id = ?1";
    let read = |row: &Row<'_>| {
        // A value of another type than it should be is no better than none.
        let number = |column| row.get::<_, i64>(column).map(unsigned).unwrap_or_default();
        let text = |column| row.get::<_, Option<String>>(column).unwrap_or_default();
        let held = text(2).map(|code| HeldReason {
            code,
            message: text(3).unwrap_or_default(),
            since: Timestamp::from_millis(number(4)),
        });
        let since = Timestamp::from_millis(number(1));
        Ok((number(0), held.unwrap_or_else(|| HeldReason::corrupt_row(damaged, since))))
    };
    let (revision, held) = connection.prepare_cached(sql)?.query_row([id.as_str()], read)?;
    Ok(InstanceRow::unreadable(id.clone(), held, revision))
}

/// The number of an instance in the file.
pub(crate) fn number_of(connection: &Connection, id: &InstanceId) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT id FROM instances WHERE instance_id = ?1")?
        .query_row([id.as_str()], |row| row.get(0))
        .optional()
}

/// Whether an instance's current execution is, for those outside, the one of that id. Nothing that cannot be read is.
pub(crate) fn is_known_as(
    connection: &Connection,
    number_in_file: i64,
    execution_id: ExecutionId,
) -> rusqlite::Result<bool> {
    let started = started(connection, number_in_file)?;
    Ok(started.is_some_and(|started| started.lineage().is_known_as(execution_id)))
}

/// How messages name an instance's current execution; none if its row cannot be read.
pub(crate) fn execution_name(connection: &Connection, number_in_file: i64) -> rusqlite::Result<Option<ExecutionId>> {
    Ok(started(connection, number_in_file)?.map(|started| started.lineage().name()))
}

/// What few columns tell of an instance's current execution.
fn started(connection: &Connection, number_in_file: i64) -> rusqlite::Result<Option<Started>> {
    let read = |row: &Row<'_>| {
        let (Ok(execution_id), Ok(details)) = (row.get(0), row.get_ref(1)?.as_blob()) else { return Ok(None) };
        let details = Details::decode(details).ok();
        Ok(details.map(|details| Started { execution_id: ExecutionId::from_bytes(execution_id), details }))
    };
    connection
        .prepare_cached("SELECT execution_id, details FROM instances WHERE id = ?1")?
        .query_row([number_in_file], read)
        .optional()
        .map(Option::flatten)
}

struct Started {
    execution_id: ExecutionId,
    details: Details,
}

impl Started {
    fn lineage(&self) -> Lineage<'_> {
        let Details { generation, first_execution, parent, .. } = &self.details;
        Lineage::new(self.execution_id, *first_execution, *generation, parent.as_ref())
    }
}

/// Inserts the row of an instance that has had no turn. Answers false, and does nothing, if the id is in use.
pub(crate) fn insert(
    connection: &Connection,
    number_in_file: i64,
    state: &InstanceState,
    revision: u64,
) -> rusqlite::Result<bool> {
    let inserted = connection
        .prepare_cached(
            "INSERT INTO instances (
               id, instance_id, revision, last_event, updated_at_ms, has_open_activities, status, created_at_ms,
               execution_id, name, details
             ) VALUES (?1, ?2, ?3, 0, ?4, 0, ?5, ?6, ?7, ?8, ?9)
             ON CONFLICT (instance_id) DO NOTHING",
        )?
        .execute(params![
            number_in_file,
            state.instance_id.as_str(),
            number(revision),
            ms(state.updated_at),
            status_number(state.status),
            ms(state.created_at),
            state.execution_id.as_bytes(),
            state.name,
            Details::encode(state),
        ])?;
    if inserted == 1 {
        write_payloads(connection, number_in_file, state)?;
    }
    Ok(inserted == 1)
}

/// Writes everything that the engine decides, except for what every turn writes.
pub(crate) fn write_state(connection: &Connection, number_in_file: i64, state: &InstanceState) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE instances
             SET status = ?2, created_at_ms = ?3, execution_id = ?4, name = ?5, details = ?6
             WHERE id = ?1",
        )?
        .execute(params![
            number_in_file,
            status_number(state.status),
            ms(state.created_at),
            state.execution_id.as_bytes(),
            state.name,
            Details::encode(state),
        ])?;
    write_payloads(connection, number_in_file, state)
}

/// Writes the payloads that differ from what is stored: they may be large, and mostly stay.
fn write_payloads(connection: &Connection, number_in_file: i64, state: &InstanceState) -> rusqlite::Result<()> {
    let tables = [
        (
            &state.input,
            "INSERT INTO inputs (instance, body) VALUES (?1, ?2)
             ON CONFLICT (instance) DO UPDATE SET body = excluded.body WHERE body <> excluded.body",
            "DELETE FROM inputs WHERE instance = ?1",
        ),
        (
            &state.output,
            "INSERT INTO outputs (instance, body) VALUES (?1, ?2)
             ON CONFLICT (instance) DO UPDATE SET body = excluded.body WHERE body <> excluded.body",
            "DELETE FROM outputs WHERE instance = ?1",
        ),
        (
            &state.custom_status,
            "INSERT INTO custom_statuses (instance, body) VALUES (?1, ?2)
             ON CONFLICT (instance) DO UPDATE SET body = excluded.body WHERE body <> excluded.body",
            "DELETE FROM custom_statuses WHERE instance = ?1",
        ),
    ];
    for (payload, write, delete) in tables {
        match payload {
            Some(payload) => connection.prepare_cached(write)?.execute(params![number_in_file, payload.as_str()])?,
            None => connection.prepare_cached(delete)?.execute([number_in_file])?,
        };
    }
    Ok(())
}

/// Pins an instance to another component. The row must be one that was just read.
pub(crate) fn write_component(connection: &Connection, stored: &StoredRow) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE instances SET details = ?2 WHERE id = ?1")?
        .execute(params![stored.number, Details::encode(&stored.row.state)])
        .map(drop)
}

/// Removes every trace of an instance. Answers how many messages were waiting for it.
pub(crate) fn delete(connection: &Connection, number_in_file: i64) -> rusqlite::Result<usize> {
    for sql in [
        "DELETE FROM instances WHERE id = ?1",
        "DELETE FROM inputs WHERE instance = ?1",
        "DELETE FROM outputs WHERE instance = ?1",
        "DELETE FROM custom_statuses WHERE instance = ?1",
        "DELETE FROM history WHERE instance = ?1",
    ] {
        connection.prepare_cached(sql)?.execute([number_in_file])?;
    }
    connection.prepare_cached("DELETE FROM inbox WHERE instance = ?1")?.execute([number_in_file])
}

/// The last event, which is stored as 0 if there is none.
pub(crate) fn last_event(stored: i64) -> Option<EventId> {
    (stored > 0).then(|| EventId(unsigned(stored)))
}

/// Persisted.
pub(crate) fn status_number(status: RuntimeStatus) -> i64 {
    match status {
        RuntimeStatus::Pending => 0,
        RuntimeStatus::Running => 1,
        RuntimeStatus::Suspended => 2,
        RuntimeStatus::Completed => 3,
        RuntimeStatus::Failed => 4,
        RuntimeStatus::Terminated => 5,
    }
}

/// And back.
pub(crate) fn status(number: i64) -> Option<RuntimeStatus> {
    RuntimeStatus::ALL.into_iter().find(|status| status_number(*status) == number)
}
