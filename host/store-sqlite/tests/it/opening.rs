//! Which files are opened, and what is said of the others.

use std::fs;

use store::{Client as _, WorkSource as _};
use store_sqlite::{OpenError, Options};

use crate::support::Folder;

#[tokio::test]
async fn a_file_in_use_is_refused_until_it_is_free() {
    let folder = Folder::new();
    let backend = folder.open();
    let error = folder.open_with(Options::default()).unwrap_err();
    assert!(matches!(&error, OpenError::InUse { path } if *path == folder.path()));
    assert!(error.to_string().contains("in use by another process: stop that one first"), "{error}");
    drop(backend);
    let backend = folder.open();
    backend.shutdown().await.unwrap();
    // The value may live on; the file is free.
    folder.open();
}

#[test]
fn a_file_of_a_newer_program_is_refused_and_not_touched() {
    let folder = Folder::new();
    drop(folder.open());
    folder.raw().pragma_update(None, "user_version", 99).unwrap();
    let before = fs::read(folder.path()).unwrap();
    let error = folder.open_with(Options::default()).unwrap_err();
    assert!(matches!(error, OpenError::NewerSchema { found: 99, supported: 1, .. }));
    assert!(error.to_string().contains("use the program that wrote it, or a newer one"), "{error}");
    assert_eq!(fs::read(folder.path()).unwrap(), before);
}

#[test]
fn other_files_are_refused_and_not_touched() {
    let folder = Folder::new();
    for content in ["hello", &"not a database ".repeat(1_000)] {
        fs::write(folder.path(), content).unwrap();
        let error = folder.open_with(Options::default()).unwrap_err();
        assert!(matches!(error, OpenError::NotADatabase { .. }), "{error:?}");
        assert_eq!(fs::read_to_string(folder.path()).unwrap(), content);
    }
    fs::remove_file(folder.path()).unwrap();
    folder.raw().execute_batch("CREATE TABLE recipes (name TEXT)").unwrap();
    let before = fs::read(folder.path()).unwrap();
    let error = folder.open_with(Options::default()).unwrap_err();
    assert!(matches!(error, OpenError::NotADatabase { .. }), "{error:?}");
    assert!(error.to_string().ends_with("is not a Rondo database: choose another file"), "{error}");
    assert_eq!(fs::read(folder.path()).unwrap(), before);
}

#[test]
fn a_damaged_file_is_refused() {
    let folder = Folder::new();
    drop(folder.open());
    let mut bytes = fs::read(folder.path()).unwrap();
    // The header stays; the list of tables behind it goes.
    bytes[100..4_096].fill(0xaa);
    fs::write(folder.path(), bytes).unwrap();
    let error = folder.open_with(Options::default()).unwrap_err();
    assert!(matches!(error, OpenError::Corrupt { .. }), "{error:?}");
    assert!(error.to_string().contains("restore it from a backup"), "{error}");
}

#[test]
fn a_place_that_is_none_is_refused() {
    let folder = Folder::new();
    let path = folder.path().join("nowhere/hub.db");
    let error = store_sqlite::SqliteBackend::open(&path, Options::default(), folder.clock.clone()).unwrap_err();
    assert!(matches!(error, OpenError::Io { .. }), "{error:?}");
}

#[tokio::test]
async fn an_empty_file_becomes_a_database() {
    let folder = Folder::new();
    fs::write(folder.path(), "").unwrap();
    let backend = folder.open();
    folder.create(&backend, "a").await;
    assert!(backend.get(&conformance::id("a")).await.unwrap().is_some());
}

#[tokio::test]
async fn after_a_shutdown_everything_is_in_one_file() {
    let folder = Folder::new();
    let backend = folder.open();
    folder.create_running(&backend, "a").await;
    backend.shutdown().await.unwrap();
    let mut wal = folder.path().into_os_string();
    wal.push("-wal");
    assert!(!fs::exists(wal).unwrap());
    let rows: i64 = folder.raw().query_row("SELECT count(*) FROM history", [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 1);
}

#[test]
fn the_file_has_a_write_ahead_log() {
    let folder = Folder::new();
    drop(folder.open());
    let mode: String = folder.raw().pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
    assert_eq!(mode, "wal");
}

#[tokio::test]
async fn waiting_work_that_exceeds_memory_is_all_handed_out_once() {
    const INSTANCES: usize = 2_500;
    let folder = Folder::new();
    drop(folder.open());
    // A third has activities open, a third is due, and a third has messages; each of them in an order of its own.
    let raw = folder.raw();
    raw.execute_batch(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)
         INSERT INTO instances (
           id, instance_id, revision, last_event, updated_at_ms, wake_at_ms, has_open_activities, status,
           created_at_ms, execution_id, name, details
         ) SELECT i, 'i' || i, 1, 0, 1, iif(i % 3 = 0, 1 + (i * 7919) % 1000, NULL), i % 3 = 1, 1, 1, zeroblob(16), 'n',
           x'01886131f6a0f6f6f6f600' FROM n;
         INSERT INTO inbox (instance, body) SELECT (id * 7919) % 2500 + 1, x'01820780' FROM instances
           WHERE ((id * 7919) % 2500 + 1) % 3 = 2;",
    )
    .unwrap();
    drop(raw);
    let few = Options { ready_messages_max: 100, wake_ups_max: 100, ..Options::default() };
    for options in [Options::default(), few] {
        let backend = folder.open_with(options).unwrap();
        let mut handed_out = std::collections::BTreeSet::new();
        while handed_out.len() < INSTANCES {
            for work in backend.fetch(usize::MAX).await.unwrap() {
                assert!(handed_out.insert(work.instance_id.clone()), "{} came twice", work.instance_id);
                let number: usize = work.instance_id.as_str()[1..].parse().unwrap();
                assert_eq!(work.messages.len(), usize::from(number % 3 == 2));
            }
        }
    }
}
