//! A damaged instance harms nobody else.

use conformance::{id, raised};
use engine::{EventId, RuntimeStatus};
use rusqlite::params;
use store::{Client as _, Outcome, WorkSource as _};

use crate::support::Folder;

#[tokio::test]
async fn a_damaged_history_is_told_so_that_its_instance_can_be_held() {
    let damages = [
        "UPDATE history SET events = substr(events, 1, length(events) - 1)",
        "UPDATE history SET events = CAST(x'02' || substr(events, 2) AS BLOB)",
        "UPDATE history SET events = CAST(events || x'00' AS BLOB)",
        "UPDATE history SET events = x''",
        "UPDATE history SET events = 'text'",
        "DELETE FROM history WHERE first_event = 1",
        "DELETE FROM history WHERE first_event = 4",
        "DELETE FROM history WHERE first_event = 5",
        "DELETE FROM history",
    ];
    for damage in damages {
        let folder = Folder::new();
        let backend = folder.open();
        folder.create_running(&backend, "damaged-one").await;
        for position in 4..6 {
            let turn = folder.turn(&backend, "damaged-one").await.append(position, position);
            backend.commit(turn.0).await.unwrap();
        }
        drop(backend);
        folder.raw().execute_batch(damage).unwrap();

        let backend = folder.open();
        folder.create_running(&backend, "healthy").await;
        let snapshot = backend.load(&id("damaged-one")).await.unwrap().unwrap();
        let text = snapshot.damage.unwrap_or_else(|| panic!("{damage} went unnoticed"));
        assert!(text.contains("damaged-one"), "{damage}: {text}");
        assert_eq!(backend.load(&id("healthy")).await.unwrap().unwrap().damage, None);

        let reason = store::HeldReason {
            code: "corrupt-history".to_owned(),
            message: text,
            since: snapshot.row.state.updated_at,
        };
        backend.hold(&id("damaged-one"), snapshot.token, reason).await.unwrap();
        assert!(backend.get(&id("damaged-one")).await.unwrap().unwrap().held.is_some());
    }
}

#[tokio::test]
async fn a_damaged_row_fails_alone_and_can_be_purged() {
    for damage in ["details = x'0180'", "details = 7", "status = 9", "execution_id = x'00'", "name = x'ff'"] {
        let folder = Folder::new();
        let backend = folder.open();
        folder.create_running(&backend, "damaged-one").await;
        let turn = folder.turn(&backend, "damaged-one").await.append(4, 4).status(RuntimeStatus::Failed);
        backend.commit(turn.0).await.unwrap();
        folder.create_running(&backend, "healthy").await;
        drop(backend);
        let sql = format!("UPDATE instances SET {damage} WHERE instance_id = 'damaged-one'");
        folder.raw().execute_batch(&sql).unwrap();

        let backend = folder.open();
        let damaged = id("damaged-one");
        for error in [backend.load(&damaged).await.unwrap_err(), backend.get(&damaged).await.unwrap_err()] {
            assert_eq!(error.outcome, Outcome::Permanent, "{damage}");
            let text = std::error::Error::source(&error).unwrap().to_string();
            assert!(text.contains("damaged-one"), "{damage}: {text}");
        }
        let healthy = id("healthy");
        let (released, sent) = tokio::join!(backend.release(&damaged, None), backend.send(&healthy, raised(1)));
        assert!(matches!(released, Err(store::InstanceError::Storage(error)) if error.outcome == Outcome::Permanent));
        sent.unwrap();
        let listed = backend.list(&store::InstanceFilter::default()).await.unwrap().rows;
        assert_eq!(listed.into_iter().map(|row| row.state.instance_id).collect::<Vec<_>>(), [healthy]);
        if damage != "status = 9" {
            backend.purge(&damaged).await.unwrap();
            assert_eq!(backend.get(&damaged).await.unwrap(), None);
        }
    }
}

#[tokio::test]
async fn a_damaged_message_stays_and_holds_up_nobody() {
    let folder = Folder::new();
    let backend = folder.open();
    folder.create_running(&backend, "a").await;
    for number in 1..=3 {
        backend.send(&id("a"), raised(number)).await.unwrap();
    }
    drop(backend);
    folder.raw().execute("UPDATE inbox SET body = x'01ff' WHERE id = (SELECT min(id) + 1 FROM inbox)", []).unwrap();
    let backend = folder.open();
    let work = backend.fetch(1).await.unwrap().remove(0);
    let received: Vec<_> = work.messages.into_iter().map(|envelope| envelope.message).collect();
    assert_eq!(received, [raised(1), raised(3)]);
    drop(backend);
    let left: i64 = folder.raw().query_row("SELECT count(*) FROM inbox", [], |row| row.get(0)).unwrap();
    assert_eq!(left, 3);
}

#[tokio::test]
async fn a_history_page_that_is_damaged_says_so_too() {
    let folder = Folder::new();
    let backend = folder.open();
    folder.create_running(&backend, "a").await;
    drop(backend);
    folder.raw().execute("UPDATE history SET events = ?1", params![[1_u8, 2, 3]]).unwrap();
    let backend = folder.open();
    let error = backend.history(&id("a"), EventId::FIRST, 10).await.unwrap_err();
    assert_eq!(error.outcome, Outcome::Permanent);
}
