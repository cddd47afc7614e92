//! A start is nothing without the row that its client writes after it.

use std::sync::Arc;
use std::time::Duration;

use azure::fake::FakeMedium;
use azure::{Condition, Key, Query, Queue, Queues as _, Table, Tables as _, Verb, Write};
use conformance::{Turn, child_start, execution, id, start};
use engine::{Message, RuntimeStatus};
use store::{Client as _, Clock as _, CreateInstance, ExistingInstance, WorkItem, WorkSource as _};
use store_azure::AzureBackend;
use tokio::task::JoinHandle;

use crate::faulty::{Fault, Faulty, When};
use crate::fixture::{self, Account};

/// Longer than a host looks for a row, and shorter than a message is put aside.
const A_WHILE: Duration = Duration::from_secs(1);

/// A client that has put a start and not written the row, and a host.
struct Scene {
    account: Account,
    host: AzureBackend,
    clients_medium: Faulty<FakeMedium>,
    creation: JoinHandle<()>,
}

impl Scene {
    async fn new() -> Self {
        let account = Account::with_hub().await;
        let clients_medium = Faulty::new(account.medium(), Duration::ZERO);
        clients_medium.arm(When::Says("insert Instances", 1), Fault::StopBefore);
        let client = account.client(Arc::new(clients_medium.clone()));
        let start = start(execution(1), account.clock.now());
        let creation = tokio::spawn(async move {
            let new = CreateInstance { instance_id: id("a"), start, existing: ExistingInstance::Refuse };
            client.create(new).await.unwrap();
        });
        clients_medium.fired().await;
        let host = host(&account);
        Self { account, host, clients_medium, creation }
    }
}

fn host(account: &Account) -> AzureBackend {
    account.host(Arc::new(account.medium()), 1, fixture::options())
}

/// What is handed out within a while.
async fn next(host: &AzureBackend) -> Option<WorkItem> {
    let mut items = tokio::time::timeout(A_WHILE, host.fetch(1)).await.ok()?.unwrap();
    Some(items.remove(0))
}

/// Runs the only turn of an instance.
async fn run(account: &Account, host: &AzureBackend) {
    let work = next(host).await.unwrap();
    let snapshot = host.load(&id("a")).await.unwrap().unwrap();
    let turn = Turn::on(&snapshot, account.clock.now()).append(1, 3).status(RuntimeStatus::Completed);
    host.commit(turn.consume(&work.messages).0).await.unwrap();
}

async fn assert_nothing_stored(account: &Account) {
    for table in [Table::Instances, Table::History] {
        let rows = account.medium().query(table, &Query::default()).await.unwrap().entities;
        assert_eq!(rows, [], "{table:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_row_that_comes_a_moment_later_is_waited_for() {
    let scene = Scene::new().await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    scene.clients_medium.let_go();
    scene.creation.await.unwrap();
    run(&scene.account, &scene.host).await;
}

#[tokio::test(start_paused = true)]
async fn a_row_that_comes_late_finds_its_start_again() {
    let scene = Scene::new().await;
    for _ in 0..10 {
        assert_eq!(next(&scene.host).await, None);
    }
    scene.clients_medium.let_go();
    scene.creation.await.unwrap();
    assert_eq!(next(&scene.host).await, None, "it has been put aside");
    scene.account.let_messages_lapse();
    run(&scene.account, &scene.host).await;
}

#[tokio::test(start_paused = true)]
async fn a_row_that_comes_within_seconds_is_noticed_while_the_start_is_invisible() {
    let scene = Scene::new().await;
    assert_eq!(next(&scene.host).await, None);
    scene.clients_medium.let_go();
    scene.creation.await.unwrap();
    run(&scene.account, &scene.host).await;
}

#[tokio::test(start_paused = true)]
async fn a_start_that_is_waited_for_shows_at_once_when_its_host_stops() {
    let scene = Scene::new().await;
    assert_eq!(next(&scene.host).await, None);
    scene.host.shutdown().await.unwrap();
    drop(scene.host);
    scene.clients_medium.let_go();
    scene.creation.await.unwrap();
    // Without a lapse.
    run(&scene.account, &host(&scene.account)).await;
}

#[tokio::test(start_paused = true)]
async fn the_start_of_a_client_that_died_begins_nothing_and_is_given_up() {
    let scene = Scene::new().await;
    scene.creation.abort();
    assert_eq!(next(&scene.host).await, None);
    scene.account.until_left(Queue::Control(0), 0).await;
    assert_nothing_stored(&scene.account).await;
}

#[tokio::test(start_paused = true)]
async fn a_start_that_was_put_twice_begins_nothing_after_its_instance_was_purged() {
    let scene = Scene::new().await;
    scene.clients_medium.let_go();
    scene.creation.await.unwrap();
    let (account, host) = (scene.account, scene.host);
    let work = next(&host).await.unwrap();
    host.abandon(work).await.unwrap();
    drop(host);
    account.let_messages_lapse();
    let start = account.medium().peek(Queue::Control(0), 1).await.unwrap().remove(0);

    let host = self::host(&account);
    run(&account, &host).await;
    host.purge(&id("a")).await.unwrap();
    account.medium().put(Queue::Control(0), &start.text, Duration::ZERO).await.unwrap();

    assert_eq!(next(&host).await, None);
    account.until_left(Queue::Control(0), 0).await;
    assert_nothing_stored(&account).await;
}

#[tokio::test(start_paused = true)]
async fn a_copy_of_the_start_of_a_child_begins_nothing_after_that_was_purged() {
    let scene = Scene::new().await;
    scene.clients_medium.let_go();
    scene.creation.await.unwrap();
    let (account, host) = (scene.account, scene.host);
    let work = next(&host).await.unwrap();
    let snapshot = host.load(&id("a")).await.unwrap().unwrap();
    let child = Message::Start(Box::new(child_start(execution(2), account.clock.now())));
    let turn =
        Turn::on(&snapshot, account.clock.now()).append(1, 3).consume(&work.messages).status(RuntimeStatus::Running);
    let child_id = id("child");
    host.commit(turn.send("child", child).0).await.unwrap();
    let copy = account.medium().peek(Queue::Control(0), 32).await.unwrap();
    let copy = copy.into_iter().find(|message| message.text.contains("ExecutionStartedEvent")).unwrap();

    let work = next(&host).await.unwrap();
    assert_eq!(work.instance_id, child_id);
    let snapshot = host.load(&child_id).await.unwrap().unwrap();
    let turn =
        Turn::on(&snapshot, account.clock.now()).append(1, 3).consume(&work.messages).status(RuntimeStatus::Completed);
    host.commit(turn.0).await.unwrap();
    host.purge(&child_id).await.unwrap();
    account.medium().put(Queue::Control(0), &copy.text, Duration::ZERO).await.unwrap();

    assert_eq!(next(&host).await, None);
    assert_eq!(host.get(&child_id).await.unwrap(), None);
    account.until_left(Queue::Control(0), 0).await;
}

#[tokio::test(start_paused = true)]
async fn a_start_in_hand_begins_nothing_after_its_instance_was_purged() {
    let scene = Scene::new().await;
    scene.clients_medium.let_go();
    scene.creation.await.unwrap();
    let (account, host) = (scene.account, scene.host);
    // It has been read before, so that nothing is known of its row.
    let work = next(&host).await.unwrap();
    host.abandon(work).await.unwrap();
    drop(host);
    account.let_messages_lapse();
    let host = self::host(&account);
    assert!(next(&host).await.is_some());

    // The last that a purge removes.
    let key = Key { partition: "a".to_owned(), row: String::new() };
    let delete = Write { key, verb: Verb::Delete(Condition::Any) };
    account.medium().write(Table::Instances, delete).await.unwrap();

    assert_eq!(host.load(&id("a")).await.unwrap(), None);
    account.until_left(Queue::Control(0), 0).await;
    assert_nothing_stored(&account).await;
}
