//! `components` and `component_files`.

use engine::Digest;
use minicbor::{Decode, Encode};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use store::ComponentRecord;

use super::{ms, number, timestamp, unsigned};
use crate::error::{Damaged, ReadError};

const NAMES_VERSION: u8 = 1;

/// `components.names`. Persisted: numbers are the format.
#[derive(Debug, Encode, Decode)]
struct Names {
    #[n(0)]
    orchestrations: Vec<String>,
    #[n(1)]
    activities: Vec<String>,
}

/// Stores a component behind all others.
pub(crate) fn write(connection: &Connection, record: &ComponentRecord, file: &[u8]) -> rusqlite::Result<()> {
    let names = Names { orchestrations: record.orchestrations.clone(), activities: record.activities.clone() };
    let mut names_bytes = vec![NAMES_VERSION];
    minicbor::encode(&names, &mut names_bytes).expect("writing to a Vec cannot fail, and texts can be encoded");
    connection.execute(
        "INSERT OR REPLACE INTO components (digest, position, name, bytes, deployed_at_ms, names, grants)
         VALUES (?1, (SELECT coalesce(max(position), 0) + 1 FROM components), ?2, ?3, ?4, ?5, ?6)",
        params![
            record.digest.as_bytes(),
            record.name,
            number(record.bytes),
            ms(record.deployed_at),
            names_bytes,
            record.grants,
        ],
    )?;
    connection.execute(
        "INSERT INTO component_files (digest, body) VALUES (?1, ?2)
         ON CONFLICT (digest) DO UPDATE SET body = excluded.body WHERE body <> excluded.body",
        params![record.digest.as_bytes(), file],
    )?;
    Ok(())
}

/// All of them, the one stored last first.
pub(crate) fn list(connection: &Connection) -> Result<Vec<ComponentRecord>, ReadError> {
    let mut statement = connection.prepare_cached(
        "SELECT digest, name, bytes, deployed_at_ms, names, grants FROM components ORDER BY position DESC",
    )?;
    let mut rows = statement.query([])?;
    let mut records = Vec::new();
    while let Some(row) = rows.next()? {
        records.push(read(row)?);
    }
    Ok(records)
}

fn read(row: &Row<'_>) -> Result<ComponentRecord, ReadError> {
    let digest = Digest::from_bytes(row.get(0)?);
    let names: Vec<u8> = row.get(4)?;
    let names = match names.split_first() {
        Some((&NAMES_VERSION, rest)) => minicbor::decode::<Names>(rest).map_err(|error| error.to_string()),
        _ => Err("unknown format version of its names".to_owned()),
    };
    let names = names.map_err(|problem| Damaged { what: format!("component {}", digest.short()), problem })?;
    Ok(ComponentRecord {
        digest,
        name: row.get(1)?,
        bytes: unsigned(row.get(2)?),
        deployed_at: timestamp(row.get(3)?),
        orchestrations: names.orchestrations,
        activities: names.activities,
        grants: row.get(5)?,
    })
}

/// The file of one.
pub(crate) fn file(connection: &Connection, digest: &Digest) -> rusqlite::Result<Option<Vec<u8>>> {
    connection
        .prepare_cached("SELECT body FROM component_files WHERE digest = ?1")?
        .query_row([digest.as_bytes()], |row| row.get(0))
        .optional()
}
