//! A start that is read before its client has written the row.

use std::sync::Arc;
use std::time::Duration;

use azure::fake::FakeMedium;
use conformance::{Turn, execution, id, start, timestamp};
use engine::{Digest, RuntimeStatus};
use store::{Client as _, Clock as _, CreateInstance, ExistingInstance, ManualClock, WorkSource as _};
use store_azure::{Always, AzureBackend};
use tokio::task::JoinHandle;

use crate::faulty::{Fault, Faulty, When};
use crate::fixture::{self, Account};

/// A host that owns everything, and a client that has put a start and not written the row.
struct Scene {
    account: Account,
    host: AzureBackend,
    hosts_medium: Faulty<FakeMedium>,
    clients_medium: Faulty<FakeMedium>,
    creation: JoinHandle<()>,
}

impl Scene {
    async fn new() -> Self {
        let account = Account::new(Arc::new(ManualClock::new(timestamp(1_700_000_000_000))));
        account.create_hub(1).await;
        let hosts_medium = Faulty::new(account.medium(), Duration::ZERO);
        let host = account.host(Arc::new(hosts_medium.clone()), 1, fixture::options());
        let clients_medium = Faulty::new(account.medium(), Duration::ZERO);
        clients_medium.arm(When::Says("insert Instances", 1), Fault::StopBefore);
        let (medium, nothing) = (Arc::new(clients_medium.clone()), Arc::new(Always::new(0)));
        let clock = account.clock.clone();
        let backend = AzureBackend::start(medium, account.hub.clone(), 1, nothing, clock, fixture::options());
        let start = start(execution(1), account.clock.now());
        let creation = tokio::spawn(async move {
            let new = CreateInstance { instance_id: id("a"), start, existing: ExistingInstance::Refuse };
            backend.create(new).await.unwrap();
        });
        clients_medium.fired().await;
        Self { account, host, hosts_medium, clients_medium, creation }
    }

    /// The first turn, which is the last, computed while there is no row.
    async fn only_turn(&self) -> Turn {
        let work = self.host.fetch(1).await.unwrap().remove(0);
        let snapshot = self.host.load(&id("a")).await.unwrap().unwrap();
        let turn = Turn::on(&snapshot, self.account.clock.now()).append(1, 3).status(RuntimeStatus::Completed);
        turn.consume(&work.messages)
    }

    /// Lets the client write the row; answers its revision.
    async fn create(&mut self) -> u64 {
        self.clients_medium.let_go();
        (&mut self.creation).await.unwrap();
        let row = self.host.get(&id("a")).await.unwrap().unwrap();
        assert_eq!(row.state.status, RuntimeStatus::Pending);
        row.revision
    }
}

#[tokio::test]
async fn whoever_has_seen_the_row_of_a_client_that_was_slower_than_the_host_sees_the_end() {
    let mut scene = Scene::new().await;
    let turn = scene.only_turn().await;
    let seen = scene.create().await;

    let token = scene.host.commit(turn.0).await.unwrap();

    let row = tokio::time::timeout(Duration::from_secs(5), scene.host.changed(&id("a"), seen)).await;
    let row = row.expect("the row is newer than the client's").unwrap().unwrap();
    assert_eq!(row.state.status, RuntimeStatus::Completed);
    assert_eq!(scene.host.load(&id("a")).await.unwrap().unwrap().token, token);
}

#[tokio::test]
async fn the_row_of_a_client_that_was_slower_than_a_host_that_died_is_brought_up_to_date() {
    let mut scene = Scene::new().await;
    let turn = scene.only_turn().await;
    let seen = scene.create().await;
    let Scene { account, host, hosts_medium, .. } = scene;
    // It dies between its history and its row.
    hosts_medium.arm(When::Says("transact History", 1), Fault::StopAfter);
    let commit = tokio::spawn(async move { host.commit(turn.0).await.map(drop) });
    hosts_medium.fired().await;
    commit.abort();
    assert!(commit.await.unwrap_err().is_cancelled());

    account.let_messages_lapse();
    let next = account.host(Arc::new(account.medium()), 1, fixture::options());
    let work = next.fetch(1).await.unwrap().remove(0);
    let snapshot = next.load(&id("a")).await.unwrap().unwrap();
    assert_eq!(snapshot.row.state.status, RuntimeStatus::Completed);
    // What a worker commits that has nothing to add.
    let nothing_new = Turn::on(&snapshot, account.clock.now()).consume(&work.messages);
    next.commit(nothing_new.0).await.unwrap();

    let row = next.get(&id("a")).await.unwrap().unwrap();
    assert_eq!((row.state.status, row.revision > seen), (RuntimeStatus::Completed, true));
}

#[tokio::test]
async fn an_instance_that_has_continued_as_new_before_its_client_wrote_the_row_is_not_started_again() {
    let scene = Scene::new().await;
    let mut turn = scene.only_turn().await;
    (turn.0.state.execution_id, turn.0.state.generation) = (execution(1).next().next(), 2);
    scene.host.commit(turn.0).await.unwrap();

    scene.clients_medium.let_go();
    scene.creation.await.unwrap();

    let row = scene.host.get(&id("a")).await.unwrap().unwrap();
    assert_eq!((row.state.status, row.state.generation), (RuntimeStatus::Completed, 2));
}

#[tokio::test]
async fn a_row_that_is_behind_is_brought_up_to_date_though_the_instance_was_migrated_meanwhile() {
    let mut scene = Scene::new().await;
    let turn = scene.only_turn().await;
    scene.create().await;
    let Scene { account, host, hosts_medium, .. } = scene;
    // It dies between its history and its row.
    hosts_medium.arm(When::Says("transact History", 1), Fault::StopAfter);
    let commit = tokio::spawn(async move { host.commit(turn.0).await.map(drop) });
    hosts_medium.fired().await;
    commit.abort();
    assert!(commit.await.unwrap_err().is_cancelled());

    account.let_messages_lapse();
    let next = account.host(Arc::new(account.medium()), 1, fixture::options());
    next.release(&id("a"), Some(Digest::of(b"another"))).await.unwrap();
    let work = next.fetch(1).await.unwrap().remove(0);
    let snapshot = next.load(&id("a")).await.unwrap().unwrap();
    let nothing_new = Turn::on(&snapshot, account.clock.now()).consume(&work.messages);
    next.commit(nothing_new.0).await.unwrap();

    let row = next.get(&id("a")).await.unwrap().unwrap();
    assert_eq!((row.state.status, row.state.component), (RuntimeStatus::Completed, Some(Digest::of(b"another"))));
}
