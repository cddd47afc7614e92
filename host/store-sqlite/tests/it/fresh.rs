//! An instance that was just created is loaded without a read, and as it is stored.

use conformance::{Turn, id, raised};
use engine::RuntimeStatus;
use store::{Client as _, Clock as _, HeldReason, Snapshot, Token, WorkSource as _};
use store_sqlite::SqliteBackend;

use crate::support::Folder;

/// Loads it; answers also whether the file was read.
async fn load(backend: &SqliteBackend, instance: &str) -> (Option<Snapshot>, bool) {
    let before = backend.stats().reads;
    let snapshot = backend.load(&id(instance)).await.unwrap();
    (snapshot, backend.stats().reads > before)
}

#[tokio::test]
async fn a_first_turn_reads_nothing_and_sees_what_is_stored() {
    let folder = Folder::new();
    let backend = folder.open();
    folder.create(&backend, "a").await;
    backend.send(&id("a"), raised(1)).await.unwrap();
    let (first, has_read) = load(&backend, "a").await;
    assert!(first.is_some() && !has_read);
    let (again, has_read) = load(&backend, "a").await;
    assert!(has_read, "it is told once");
    assert_eq!(first, again);
}

/// The instance as a reader sees it, which takes nothing away.
async fn seen(backend: &SqliteBackend, instance: &str) -> Snapshot {
    let row = backend.get(&id(instance)).await.unwrap().unwrap();
    let token = Token(row.revision.to_string().into());
    Snapshot { token, row, history: Vec::new(), damage: None, taken_in: Vec::new(), is_unfinished: false }
}

#[tokio::test]
async fn what_has_changed_since_is_read() {
    let folder = Folder::new();
    let backend = folder.open();
    let now = folder.clock.now();
    folder.create(&backend, "committed").await;
    let turn = Turn::on(&seen(&backend, "committed").await, now).append(1, 2).status(RuntimeStatus::Running);
    backend.commit(turn.0).await.unwrap();
    let (committed, has_read) = load(&backend, "committed").await;
    assert!(has_read && committed.unwrap().row.last_event.is_some());

    folder.create(&backend, "held").await;
    let reason = HeldReason { code: "test".to_owned(), message: String::new(), since: now };
    backend.hold(&id("held"), seen(&backend, "held").await.token, reason).await.unwrap();
    let (held, has_read) = load(&backend, "held").await;
    assert!(has_read && held.unwrap().row.held.is_some());
}

#[tokio::test]
async fn nothing_is_told_after_the_shutdown() {
    let folder = Folder::new();
    let backend = folder.open();
    folder.create(&backend, "a").await;
    backend.shutdown().await.unwrap();
    assert!(backend.load(&id("a")).await.is_err());
}
