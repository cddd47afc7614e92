//! What is in the file. Files of every release must stay readable.

use std::fmt::Write as _;

use conformance::{id, raised};
use engine::{Message, RuntimeStatus};
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use store::{ComponentRecord, Components as _, WorkSource as _};

use crate::support::Folder;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// All rows of all tables, readable.
fn dump(connection: &Connection) -> String {
    let mut tables = connection
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name")
        .unwrap();
    let tables: Vec<String> = tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let mut text = String::new();
    for table in tables {
        let mut statement = connection.prepare(&format!("SELECT * FROM {table} ORDER BY 1, 2")).unwrap();
        let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            text += &table;
            for (position, column) in columns.iter().enumerate() {
                let value = match row.get_ref(position).unwrap() {
                    ValueRef::Null => continue,
                    ValueRef::Integer(number) => number.to_string(),
                    ValueRef::Real(number) => number.to_string(),
                    ValueRef::Text(bytes) => format!("'{}'", String::from_utf8_lossy(bytes)),
                    ValueRef::Blob(bytes) => hex(bytes),
                };
                write!(text, "\n  {column} {value}").unwrap();
            }
            text += "\n";
        }
    }
    text
}

#[tokio::test]
async fn the_rows_of_a_turn_never_change() {
    let folder = Folder::new();
    let backend = folder.open();
    folder.create_running(&backend, "a").await;
    let start = Message::Start(Box::new(conformance::start(conformance::execution(2), conformance::timestamp(5))));
    let Message::RaiseEvent { name, data, key, .. } = raised(7) else { unreachable!() };
    let event = Message::RaiseEvent { name, data, key, execution_id: None };
    let turn = folder.turn(&backend, "a").await.append(4, 5).send("child", start).send("a", event);
    let turn = turn.wake_at(conformance::timestamp(1_700_000_001_000)).open_activities().state(|state| {
        state.status = RuntimeStatus::Suspended;
        state.custom_status = Some(engine::Payload::from("half"));
        state.component = Some(engine::Digest::from_bytes([3; 32]));
        state.failure = Some(engine::Failure::new("k", "m"));
        state.generation = 2;
    });
    let token = backend.commit(turn.0).await.unwrap();
    let reason = store::HeldReason {
        code: "nondeterminism".to_owned(),
        message: "at event 3".to_owned(),
        since: conformance::timestamp(1_700_000_000_500),
    };
    backend.hold(&id("a"), token, reason).await.unwrap();
    let record = ComponentRecord {
        digest: engine::Digest::from_bytes([4; 32]),
        name: "orders".to_owned(),
        bytes: 3,
        deployed_at: conformance::timestamp(6),
        orchestrations: vec!["Order".to_owned()],
        activities: vec!["Pay".to_owned()],
        grants: "{}".to_owned(),
    };
    backend.deploy(record, b"abc".to_vec()).await.unwrap();
    drop(backend);
    assert_eq!(dump(&folder.raw()), include_str!("golden/rows_1.txt"));
}

#[test]
fn a_new_file_has_the_schema_of_the_migrations() {
    let folder = Folder::new();
    drop(folder.open());
    let raw = folder.raw();
    let pragma = |name| raw.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!((pragma("application_id"), pragma("user_version")), (0x526f_6e64, 1));
    let expected = Connection::open_in_memory().unwrap();
    expected.execute_batch(include_str!("../../migrations/0001_instances.sql")).unwrap();
    let schema = |connection: &Connection| -> Vec<(String, Option<String>)> {
        let mut statement = connection.prepare("SELECT name, sql FROM sqlite_schema ORDER BY name").unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.map(Result::unwrap).collect()
    };
    assert_eq!(schema(&raw), schema(&expected));
}
