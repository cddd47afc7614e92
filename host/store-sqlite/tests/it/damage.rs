//! A damaged instance harms nobody else.

use conformance::{id, raised};
use engine::EventId;
use rusqlite::params;
use store::{Client as _, HeldReason, Outcome, WorkSource as _};

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
async fn a_damaged_row_is_shown_as_held_and_can_be_held_released_and_purged() {
    for damage in ["details = x'0180'", "details = 7", "status = 9", "execution_id = x'00'", "name = x'ff'"] {
        let folder = Folder::new();
        let backend = folder.open();
        folder.create_running(&backend, "damaged-one").await;
        folder.create_running(&backend, "healthy").await;
        drop(backend);
        let sql = format!("UPDATE instances SET {damage} WHERE instance_id = 'damaged-one'");
        folder.raw().execute_batch(&sql).unwrap();

        let backend = folder.open();
        let (damaged, healthy) = (id("damaged-one"), id("healthy"));
        let row = backend.get(&damaged).await.unwrap().unwrap();
        let held = row.held.unwrap_or_else(|| panic!("{damage} went unnoticed"));
        assert_eq!(held.code, HeldReason::CORRUPT_ROW, "{damage}");
        assert!(held.message.contains("damaged-one"), "{damage}: {}", held.message);
        let mut listed = backend.list(&store::InstanceFilter::default()).await.unwrap().rows;
        listed.sort_by(|a, b| a.state.instance_id.cmp(&b.state.instance_id));
        let listed: Vec<_> = listed.into_iter().map(|row| (row.state.instance_id, row.held.is_some())).collect();
        assert_eq!(listed, [(damaged.clone(), true), (healthy.clone(), false)], "{damage}");

        // As the worker does when it meets it.
        let snapshot = backend.load(&damaged).await.unwrap().unwrap();
        assert!(snapshot.damage.is_some(), "{damage}");
        backend.hold(&damaged, snapshot.token, snapshot.row.held.unwrap()).await.unwrap();
        let only_held = store::InstanceFilter { held: true, ..store::InstanceFilter::default() };
        assert_eq!(backend.list(&only_held).await.unwrap().rows.len(), 1, "{damage}");
        backend.send(&damaged, raised(1)).await.unwrap();
        let (released, sent) = tokio::join!(backend.release(&damaged, None), backend.send(&healthy, raised(1)));
        released.unwrap();
        sent.unwrap();
        let mut ready: Vec<_> = backend.fetch(9).await.unwrap().into_iter().map(|work| work.instance_id).collect();
        ready.sort();
        assert_eq!(ready, [damaged.clone(), healthy], "{damage}");
        backend.purge(&damaged).await.unwrap();
        assert_eq!(backend.get(&damaged).await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_damaged_message_stays_and_holds_its_instance_and_nobody_else() {
    let folder = Folder::new();
    let backend = folder.open();
    for instance in ["a", "b"] {
        folder.create_running(&backend, instance).await;
    }
    for instance in ["a", "b"] {
        for number in 1..=3 {
            backend.send(&id(instance), raised(number)).await.unwrap();
        }
    }
    drop(backend);
    let damage = "UPDATE inbox SET body = CAST(x'01ff' || body AS BLOB) WHERE id = (SELECT min(id) + 1 FROM inbox)";
    folder.raw().execute(damage, []).unwrap();
    let backend = folder.open();
    let work = backend.fetch(9).await.unwrap();
    assert_eq!(
        work.into_iter().map(|work| (work.instance_id, work.messages.len())).collect::<Vec<_>>(),
        [(id("b"), 3)]
    );
    let held = backend.get(&id("a")).await.unwrap().unwrap().held.unwrap();
    assert_eq!(held.code, HeldReason::CORRUPT_MESSAGE);
    assert!(held.message.contains("is damaged"), "{}", held.message);

    // Released without a repair it is held again, with it it has all of its messages.
    backend.release(&id("a"), None).await.unwrap();
    drop(backend);
    let left: i64 = folder.raw().query_row("SELECT count(*) FROM inbox", [], |row| row.get(0)).unwrap();
    assert_eq!(left, 6);
    let repair = "UPDATE inbox SET body = CAST(substr(body, 3) AS BLOB) WHERE substr(body, 1, 2) = x'01ff'";
    assert_eq!(folder.raw().execute(repair, []).unwrap(), 1);
    let backend = folder.open();
    backend.release(&id("a"), None).await.unwrap();
    let work = backend.fetch(9).await.unwrap();
    let messages = work.into_iter().find(|work| work.instance_id == id("a")).unwrap().messages;
    assert_eq!(messages.into_iter().map(|envelope| envelope.message).collect::<Vec<_>>(), [1, 2, 3].map(raised));
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
