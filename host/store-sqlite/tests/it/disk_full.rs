//! When there is no room left.

use conformance::{id, raised};
use engine::Payload;
use store::{Client as _, CommitError, InstanceError, Outcome, WorkSource as _};
use store_sqlite::Options;

use crate::support::Folder;

const FILE_BYTES_MAX: u64 = 1024 * 1024;

fn options() -> Options {
    Options { file_bytes_max: Some(FILE_BYTES_MAX), ..Options::default() }
}

#[tokio::test]
async fn a_write_that_does_not_fit_is_not_done_and_the_next_one_is() {
    let folder = Folder::new();
    let backend = folder.open_with(options()).unwrap();
    folder.create_running(&backend, "a").await;
    let before = backend.load(&id("a")).await.unwrap().unwrap();

    let turn = folder.turn(&backend, "a").await.append(4, 4);
    let too_much = turn.clone().state(|state| {
        state.output = Some(Payload::from("x".repeat(usize::try_from(2 * FILE_BYTES_MAX).unwrap())));
    });
    match backend.commit(too_much.send("a", raised(1)).0).await {
        Err(CommitError::Storage(error)) => assert_eq!(error.outcome, Outcome::NotDone, "{error:?}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(backend.load(&id("a")).await.unwrap().unwrap(), before);
    backend.commit(turn.send("a", raised(2)).0).await.unwrap();
    let work = backend.fetch(1).await.unwrap();
    assert_eq!(work[0].messages[0].message, raised(2));
    drop(backend);

    let backend = folder.open();
    let after = backend.load(&id("a")).await.unwrap().unwrap();
    assert_eq!(after.history.len(), 4);
}

#[tokio::test]
async fn only_who_does_not_fit_fails_among_those_who_share_a_transaction() {
    let folder = Folder::new();
    let backend = folder.open_with(options()).unwrap();
    for instance in ["a", "b", "c"] {
        folder.create_running(&backend, instance).await;
    }
    let too_much = engine::Message::Suspend {
        reason: Some(Payload::from("x".repeat(usize::try_from(2 * FILE_BYTES_MAX).unwrap()))),
        execution_id: None,
    };
    let (a, b, c) = (id("a"), id("b"), id("c"));
    let (before, large, after) =
        tokio::join!(backend.send(&a, raised(1)), backend.send(&b, too_much), backend.send(&c, raised(2)));
    before.unwrap();
    after.unwrap();
    match large {
        Err(InstanceError::Storage(error)) => assert_eq!(error.outcome, Outcome::NotDone),
        other => panic!("{other:?}"),
    }
    let mut instances: Vec<_> = backend.fetch(9).await.unwrap().into_iter().map(|work| work.instance_id).collect();
    instances.sort();
    assert_eq!(instances, [a, c]);
}

#[tokio::test]
async fn a_foreign_lock_is_waited_out() {
    let folder = Folder::new();
    let backend = folder.open();
    folder.create_running(&backend, "a").await;
    let foreign = folder.raw();
    foreign.execute_batch("BEGIN IMMEDIATE").unwrap();
    let turn = folder.turn(&backend, "a").await.append(4, 4);
    let commit = backend.commit(turn.0);
    let unlock = tokio::task::spawn_blocking(move || foreign.execute_batch("ROLLBACK").unwrap());
    let (committed, unlocked) = tokio::join!(commit, unlock);
    committed.unwrap();
    unlocked.unwrap();
}
