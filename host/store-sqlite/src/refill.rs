//! Reading waiting work from the file.

use std::time::Duration;

use engine::Timestamp;
use rusqlite::{Connection, Params, params};
use store::wake::Horizon;
use store::{MessageId, codec};

use crate::dispatch::{Key, Loaded, MessagePage, Page, TakenBack, WakeUpPage, Wanted};
use crate::error::ReadError;
use crate::rows::{instance_id, ms, number, timestamp, unsigned};

/// How far ahead wake-ups are read.
const HORIZON: Duration = Duration::from_mins(1);

/// Instances with open activities read at once.
const OPEN_MAX: usize = 1_000;

/// Reads what is wanted. `last_message` is the last one that was ever stored.
pub(crate) fn read(
    connection: &Connection,
    wanted: &Wanted,
    last_message: u64,
    now: Timestamp,
) -> Result<Page, ReadError> {
    let messages = wanted.messages_after.map(|after| unread(connection, wanted, after, MessageId(last_message)));
    let taken_back = wanted.taken_back.as_ref().map(|taken_back| of_instance(connection, wanted, taken_back));
    let wake_ups = wanted.wake_ups.as_ref().map(|(horizon, max)| wake_ups(connection, horizon, *max, now));
    let open = wanted.open_after.map(|after| with_open_activities(connection, after));
    Ok(Page {
        messages: messages.transpose()?,
        taken_back: taken_back.transpose()?,
        wake_ups: wake_ups.transpose()?,
        open: open.transpose()?,
    })
}

fn unread(
    connection: &Connection,
    wanted: &Wanted,
    after: MessageId,
    last: MessageId,
) -> Result<MessagePage, ReadError> {
    let sql = "SELECT m.id, m.body, i.id, i.instance_id FROM inbox m JOIN instances i ON i.id = m.instance
               WHERE m.id > ?1 AND m.id <= ?2 AND i.held_code IS NULL
               ORDER BY m.id LIMIT ?3";
    messages(connection, sql, params![number(after.0), number(last.0), limit(wanted.messages_max)], wanted, last)
}

fn of_instance(connection: &Connection, wanted: &Wanted, taken_back: &TakenBack) -> Result<MessagePage, ReadError> {
    let TakenBack { key, after, up_to } = taken_back;
    let sql = "SELECT m.id, m.body, i.id, i.instance_id FROM inbox m JOIN instances i ON i.id = m.instance
               WHERE m.instance = ?4 AND m.id > ?1 AND m.id <= ?2
               ORDER BY m.id LIMIT ?3";
    let params = params![number(after.0), number(up_to.0), limit(wanted.messages_max), key.number];
    messages(connection, sql, params, wanted, *up_to)
}

/// Reads messages up to `last` until there are as many or as many bytes as wanted, but at least one.
fn messages(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    wanted: &Wanted,
    last: MessageId,
) -> Result<MessagePage, ReadError> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut page = MessagePage { messages: Vec::new(), last, is_last_page: true, damaged: Vec::new() };
    let (mut looked_at, mut bytes) = (0, 0);
    while let Some(row) = rows.next()? {
        let id = MessageId(unsigned(row.get(0)?));
        let body = row.get_ref(1)?.as_bytes().unwrap_or_default();
        let key = Key { number: row.get(2)?, id: instance_id(&row.get::<_, String>(3)?)? };
        looked_at += 1;
        bytes += body.len();
        match codec::decode_message(body) {
            Ok(message) => page.messages.push((key, Loaded { id, message, bytes: body.len() })),
            // It stays where it is, for a person to look at; it must not keep others from their messages.
            Err(error) => page.damaged.push((key, format!("message {} is damaged: {error}", id.0))),
        }
        if looked_at >= wanted.messages_max || bytes >= wanted.bytes_max {
            return Ok(MessagePage { last: id, is_last_page: false, ..page });
        }
    }
    Ok(page)
}

fn wake_ups(
    connection: &Connection,
    horizon: &Horizon<Key>,
    max: usize,
    now: Timestamp,
) -> Result<WakeUpPage, ReadError> {
    let (after_ms, after_number) = match horizon {
        Horizon::Nothing => (-1, 0),
        Horizon::Time(at) => (ms(*at), i64::MAX),
        Horizon::Entry(at, key) => (ms(*at), key.number),
        Horizon::Everything => return Ok((Vec::new(), Horizon::Everything)),
    };
    let next = now.saturating_add(HORIZON);
    let mut statement = connection.prepare_cached(
        "SELECT wake_at_ms, id, instance_id FROM instances
         WHERE wake_at_ms IS NOT NULL AND (wake_at_ms, id) > (?1, ?2) AND wake_at_ms <= ?3 AND held_code IS NULL
         ORDER BY wake_at_ms, id LIMIT ?4",
    )?;
    let mut rows = statement.query(params![after_ms, after_number, ms(next), limit(max)])?;
    let mut page = Vec::new();
    while let Some(row) = rows.next()? {
        page.push((timestamp(row.get(0)?), Key { number: row.get(1)?, id: instance_id(&row.get::<_, String>(2)?)? }));
    }
    let horizon = match page.last() {
        Some((at, key)) if page.len() >= max => Horizon::Entry(*at, key.clone()),
        _ => Horizon::Time(next),
    };
    Ok((page, horizon))
}

fn with_open_activities(connection: &Connection, after: i64) -> Result<(Vec<Key>, bool), ReadError> {
    let mut statement = connection.prepare_cached(
        "SELECT id, instance_id FROM instances
         WHERE has_open_activities = 1 AND held_code IS NULL AND id > ?1
         ORDER BY id LIMIT ?2",
    )?;
    let mut rows = statement.query(params![after, limit(OPEN_MAX)])?;
    let mut page = Vec::new();
    while let Some(row) = rows.next()? {
        page.push(Key { number: row.get(0)?, id: instance_id(&row.get::<_, String>(1)?)? });
    }
    let is_last_page = page.len() < OPEN_MAX;
    Ok((page, is_last_page))
}

fn limit(max: usize) -> i64 {
    i64::try_from(max).unwrap_or(i64::MAX)
}
