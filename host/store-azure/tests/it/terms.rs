//! A partition that was away for a moment: what was begun before counts no more, and is not lost.

use std::sync::Arc;
use std::time::Duration;

use conformance::{Turn, execution, id, start};
use engine::RuntimeStatus;
use store::{Client as _, Clock as _, CommitError, CreateInstance, ExistingInstance, WorkSource as _};
use store_azure::AzureBackend;

use crate::faulty::{Fault, Faulty, When};
use crate::fickle::Fickle;
use crate::fixture::{self, Account};

#[tokio::test(start_paused = true)]
async fn an_instance_whose_turn_was_committed_while_its_partition_was_away_is_still_woken() {
    let account = Account::with_hub().await;
    let (medium, fickle) = (Faulty::new(account.medium(), Duration::ZERO), Arc::new(Fickle::new(1)));
    let (clock, options) = (account.clock.clone(), fixture::options());
    let hub = account.hub.clone();
    let host = AzureBackend::start(Arc::new(medium.clone()), hub, 1, fickle.clone(), clock.clone(), options);
    let host = Arc::new(host);
    let new = CreateInstance {
        instance_id: id("a"),
        start: start(execution(1), clock.now()),
        existing: ExistingInstance::Refuse,
    };
    host.create(new).await.unwrap();
    let work = host.fetch(1).await.unwrap().remove(0);
    let snapshot = host.load(&id("a")).await.unwrap().unwrap();
    let wake_at = clock.now().saturating_add(Duration::from_secs(5));
    let turn = Turn::on(&snapshot, clock.now()).append(1, 3).status(RuntimeStatus::Running).wake_at(wake_at);

    // The host is stopped between its history and its row, and forgets the partition before it goes on.
    medium.arm(When::Says("transact History", 1), Fault::StopAfter);
    let commit = {
        let host = host.clone();
        tokio::spawn(async move { host.commit(turn.consume(&work.messages).0).await.unwrap() })
    };
    medium.fired().await;
    fickle.leave(true);
    tokio::time::sleep(Duration::from_secs(1)).await;
    fickle.come_back();
    medium.let_go();
    let token = commit.await.unwrap();

    clock.advance(Duration::from_secs(5));
    let work = host.fetch(1).await.unwrap().remove(0);
    assert_eq!((work.instance_id, work.messages), (id("a"), vec![]), "its time has come");
    let warm = Turn::on(&snapshot, clock.now()).append(4, 4);
    let refused = host.commit(store::TurnCommit { token, ..warm.0 }).await;
    assert!(matches!(refused, Err(CommitError::NotOwned { .. })), "{refused:?}");

    clock.advance(store::limits::ABANDONED_REST);
    let again = tokio::time::timeout(Duration::from_secs(5), host.fetch(1)).await.expect("nobody else wakes it");
    assert_eq!(again.unwrap().remove(0).instance_id, id("a"));
    let snapshot = host.load(&id("a")).await.unwrap().unwrap();
    host.commit(Turn::on(&snapshot, clock.now()).append(4, 4).0).await.unwrap();
}
