//! A partition that was away for a moment: what was begun before counts no more, and is not lost.

use std::sync::Arc;
use std::time::Duration;

use azure::fake::FakeMedium;
use conformance::{Turn, execution, id, raised, start};
use engine::RuntimeStatus;
use store::{
    Client as _, Clock as _, CommitError, CreateInstance, ExistingInstance, HeldReason, Snapshot, WorkItem,
    WorkSource as _,
};
use store_azure::AzureBackend;

use crate::faulty::{Fault, Faulty, When};
use crate::fickle::Fickle;
use crate::fixture::{self, Account};

/// A host that loses its partition and gets it back, and may be stopped.
struct Host {
    backend: Arc<AzureBackend>,
    medium: Faulty<FakeMedium>,
    fickle: Arc<Fickle>,
}

impl Host {
    fn start(account: &Account) -> Self {
        let (medium, fickle) = (Faulty::new(account.medium(), Duration::ZERO), Arc::new(Fickle::new(1)));
        let (clock, options) = (account.clock.clone(), fixture::options());
        let (way, owning) = (Arc::new(medium.clone()), fickle.clone());
        let backend = Arc::new(AzureBackend::start(way, account.hub.clone(), 1, owning, clock, options));
        Self { backend, medium, fickle }
    }

    /// A new instance, and the work that comes of it.
    async fn create(&self, account: &Account, instance: &str) -> (WorkItem, Snapshot) {
        let start = start(execution(1), account.clock.now());
        let new = CreateInstance { instance_id: id(instance), start, existing: ExistingInstance::Refuse };
        self.backend.create(new).await.unwrap();
        let work = self.backend.fetch(1).await.unwrap().remove(0);
        (work, self.backend.load(&id(instance)).await.unwrap().unwrap())
    }

    /// The next work item, which comes by itself.
    async fn next(&self) -> WorkItem {
        let fetched = tokio::time::timeout(Duration::from_mins(1), self.backend.fetch(1)).await;
        fetched.expect("nobody wakes it").unwrap().remove(0)
    }
}

#[tokio::test(start_paused = true)]
async fn an_instance_whose_turn_was_committed_while_its_partition_was_away_is_still_woken() {
    let account = Account::with_hub().await;
    let (one, clock) = (Host::start(&account), &account.clock);
    let (work, snapshot) = one.create(&account, "a").await;
    let Host { backend: host, medium, fickle } = one;
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

#[tokio::test(start_paused = true)]
async fn a_commit_that_ends_after_its_partition_has_gone_keeps_nothing() {
    let account = Account::with_hub().await;
    let (host, clock) = (Host::start(&account), &account.clock);
    let (work, snapshot) = host.create(&account, "a").await;
    let turn = Turn::on(&snapshot, clock.now()).append(1, 3).status(RuntimeStatus::Running).consume(&work.messages);
    let token = host.backend.commit(turn.0).await.unwrap();
    let wake_at = clock.now().saturating_add(Duration::from_secs(5));
    // Of the result of an activity: no message that could stay as its lease.
    let turn = store::TurnCommit { token, ..Turn::on(&snapshot, clock.now()).append(4, 4).wake_at(wake_at).0 };
    host.medium.arm(When::Says("transact History", 1), Fault::StopAfter);
    let commit = {
        let backend = host.backend.clone();
        tokio::spawn(async move { backend.commit(turn).await.unwrap() })
    };
    host.medium.fired().await;
    host.fickle.leave(true);
    tokio::time::sleep(Duration::from_secs(1)).await;
    host.medium.let_go();
    commit.await.unwrap();
    assert_eq!(host.backend.messages_received(), 0, "they would be renewed for ever");

    clock.advance(fixture::VISIBILITY);
    let next = Host::start(&account);
    assert_eq!(next.next().await.instance_id, id("a"), "whoever has the partition next is woken");
}

#[tokio::test(start_paused = true)]
async fn a_hold_that_ends_after_somebody_else_has_released_the_instance_keeps_nothing_back() {
    let account = Account::with_hub().await;
    let (host, other, clock) = (Host::start(&account), Host::start(&account), &account.clock);
    other.fickle.leave(true);
    let (work, snapshot) = host.create(&account, "a").await;
    let turn = Turn::on(&snapshot, clock.now()).append(1, 3).status(RuntimeStatus::Running).consume(&work.messages);
    let token = host.backend.commit(turn.0).await.unwrap();

    host.medium.arm(When::Says("merge Instances", 1), Fault::StopAfter);
    let hold = {
        let (backend, since) = (host.backend.clone(), clock.now());
        let reason = HeldReason { code: "test".to_owned(), message: String::new(), since };
        tokio::spawn(async move { backend.hold(&id("a"), token, reason).await.unwrap() })
    };
    host.medium.fired().await;
    host.fickle.leave(true);
    other.fickle.come_back();
    other.backend.release(&id("a"), None).await.unwrap();
    let work = other.next().await;
    let snapshot = other.backend.load(&id("a")).await.unwrap().unwrap();
    assert_eq!(snapshot.row.held, None);
    let turn = Turn::on(&snapshot, clock.now()).append(4, 4).consume(&work.messages);
    other.backend.commit(turn.0).await.unwrap();
    other.fickle.leave(true);
    host.fickle.come_back();
    host.medium.let_go();
    hold.await.unwrap();

    other.backend.send(&id("a"), raised(1)).await.unwrap();
    assert_eq!(host.next().await.instance_id, id("a"));
}
