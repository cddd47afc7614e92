//! What is left of an instance that is removed, or was, while others still speak of it.

use std::sync::Arc;
use std::time::Duration;

use azure::fake::FakeMedium;
use azure::{Blobs as _, Condition, Container, Key, Query, Queue, Table, Tables as _, Verb, Write};
use conformance::{Turn, execution, id, start};
use engine::{ActivityTask, EventKey, Message, Payload, RuntimeStatus, TaskId};
use store::{
    Client as _, Clock as _, CreateError, CreateInstance, ExistingInstance, OfferedActivity, PurgeFilter,
    WorkSource as _,
};
use store_azure::AzureBackend;
use tokio::task::JoinHandle;

use crate::faulty::{Fault, Faulty, When};
use crate::fixture::{self, Account};

/// More than a message or a column can hold.
const LARGE_BYTES: usize = 200_000;

fn large() -> Payload {
    // Does not compress.
    Payload::from(std::iter::repeat_with(fastrand::alphanumeric).take(LARGE_BYTES).collect::<String>())
}

async fn create(account: &Account, backend: &AzureBackend) {
    let start = start(execution(1), account.clock.now());
    let new = CreateInstance { instance_id: id("a"), start, existing: ExistingInstance::Refuse };
    backend.create(new).await.unwrap();
}

/// A host whose worker takes whatever it gets, and keeps it.
fn serve(account: &Account) -> JoinHandle<()> {
    let host = account.host(Arc::new(account.medium()), 1, fixture::options());
    tokio::spawn(async move {
        let mut taken = Vec::new();
        loop {
            taken.extend(host.fetch(1).await.unwrap());
        }
    })
}

async fn remove_blobs(medium: &FakeMedium) {
    let blobs = medium.list_blobs(Container::LargeMessages, "", None).await.unwrap().names;
    assert_ne!(blobs, Vec::<String>::new());
    for name in blobs {
        medium.delete_blob(Container::LargeMessages, &name).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_whose_blob_went_with_its_instance_is_given_up() {
    let account = Account::with_hub().await;
    let client = account.client(Arc::new(account.medium()));
    create(&account, &client).await;
    let key = EventKey::from_bytes([1; 16]);
    let event = Message::RaiseEvent { name: "go".to_owned(), data: Some(large()), key, execution_id: None };
    client.send(&id("a"), event).await.unwrap();
    remove_blobs(&account.medium()).await;
    remove_row(&account).await;
    let _host = serve(&account);
    account.until_left(Queue::Control(0), 0).await;
}

#[tokio::test(start_paused = true)]
async fn a_message_whose_blob_is_missing_is_kept_while_its_receiver_exists() {
    let account = Account::with_hub().await;
    let client = account.client(Arc::new(account.medium()));
    create(&account, &client).await;
    let event = Message::RaiseEvent {
        name: "go".to_owned(),
        data: Some(large()),
        key: EventKey::from_bytes([1; 16]),
        execution_id: None,
    };
    client.send(&id("a"), event).await.unwrap();
    remove_blobs(&account.medium()).await;
    let _host = serve(&account);
    // The start, which is kept for whoever has asked for work, and the event.
    account.stays(Queue::Control(0), 2).await;
    remove_row(&account).await;
    account.until_left(Queue::Control(0), 1).await;
}

#[tokio::test(start_paused = true)]
async fn an_activity_whose_blob_is_missing_is_kept_while_its_instance_exists() {
    let account = Account::with_hub().await;
    let host = account.host(Arc::new(account.medium()), 1, fixture::options());
    create(&account, &host).await;
    let queue = host.activity_queue().unwrap();
    queue.offer(OfferedActivity { task: activity(), component: None }).await.unwrap();
    remove_blobs(&account.medium()).await;
    let taken = async { panic!("taken: {:?}", queue.take(1).await) };
    tokio::select! {
        () = taken => {}
        () = account.stays(Queue::WorkItems, 1) => {}
    }
}

async fn remove_row(account: &Account) {
    let key = Key { partition: "a".to_owned(), row: String::new() };
    let write = Write { key, verb: Verb::Delete(Condition::Any) };
    account.medium().write(Table::Instances, write).await.unwrap();
}

fn activity() -> ActivityTask {
    ActivityTask {
        instance_id: id("a"),
        execution_id: execution(1),
        task: TaskId(0),
        attempt: 1,
        name: "a".to_owned(),
        input: Some(large()),
        trace_context: None,
    }
}

#[tokio::test(start_paused = true)]
async fn an_activity_whose_blob_went_with_its_instance_is_given_up() {
    let account = Account::with_hub().await;
    let host = account.host(Arc::new(account.medium()), 1, fixture::options());
    let queue = host.activity_queue().unwrap();
    queue.offer(OfferedActivity { task: activity(), component: None }).await.unwrap();
    remove_blobs(&account.medium()).await;
    let taken = async { panic!("taken: {:?}", queue.take(1).await) };
    tokio::select! {
        () = taken => {}
        () = account.until_left(Queue::WorkItems, 0) => {}
    }
}

/// An instance that has ended with an output in a blob.
async fn ended(account: &Account, host: &AzureBackend) {
    create(account, host).await;
    let work = host.fetch(1).await.unwrap().remove(0);
    let snapshot = host.load(&id("a")).await.unwrap().unwrap();
    let turn = Turn::on(&snapshot, account.clock.now()).append(1, 3).status(RuntimeStatus::Completed);
    let turn = turn.state(|state| state.output = Some(large())).consume(&work.messages);
    host.commit(turn.0).await.unwrap();
}

/// A purge that stops after the change whose line contains this, as its process does.
async fn purge_and_die(account: &Account, after: &'static str) {
    let medium = Faulty::new(account.medium(), Duration::ZERO);
    medium.arm(When::Says(after, 1), Fault::StopAfter);
    let purging = account.client(Arc::new(medium.clone()));
    let purge = tokio::spawn(async move { purging.purge(&id("a")).await });
    medium.fired().await;
    purge.abort();
    assert!(purge.await.unwrap_err().is_cancelled());
}

const STEPS: [&str; 5] = ["merge Instances", "merge History", "delete-blob", "transact History", "delete History"];

#[tokio::test]
async fn an_instance_that_is_being_purged_is_gone_and_not_damaged() {
    let account = Account::with_hub().await;
    let host = account.host(Arc::new(account.medium()), 1, fixture::options());
    ended(&account, &host).await;
    purge_and_die(&account, "delete-blob").await;
    assert_eq!(host.load(&id("a")).await.unwrap(), None);
    assert_eq!(host.get(&id("a")).await.unwrap(), None);
}

#[tokio::test]
async fn a_purge_that_stopped_anywhere_is_finished_by_the_next() {
    for step in STEPS {
        let account = Account::with_hub().await;
        let host = account.host(Arc::new(account.medium()), 1, fixture::options());
        ended(&account, &host).await;
        purge_and_die(&account, step).await;
        host.purge(&id("a")).await.unwrap_or_else(|error| panic!("after {step}: {error:?}"));
        assert_nothing_is_left(&account).await;
        create(&account, &host).await;
    }
}

#[tokio::test]
async fn a_purge_by_filter_finishes_what_stopped_anywhere() {
    for step in STEPS {
        let account = Account::with_hub().await;
        let host = account.host(Arc::new(account.medium()), 1, fixture::options());
        ended(&account, &host).await;
        purge_and_die(&account, step).await;
        assert_eq!(host.purge_matching(&PurgeFilter::default()).await.unwrap(), 1, "after {step}");
        assert_nothing_is_left(&account).await;
    }
}

#[tokio::test]
async fn an_id_that_is_being_purged_can_be_had_later() {
    let account = Account::with_hub().await;
    let host = account.host(Arc::new(account.medium()), 1, fixture::options());
    ended(&account, &host).await;
    purge_and_die(&account, "delete-blob").await;
    let start = start(execution(2), account.clock.now());
    let new = CreateInstance { instance_id: id("a"), start, existing: ExistingInstance::ReplaceEnded };
    let refused = host.create(new.clone()).await.unwrap_err();
    assert!(matches!(&refused, CreateError::Storage(error) if error.is_transient()), "{refused:?}");
    host.purge(&id("a")).await.unwrap();
    host.create(new).await.unwrap();
}

#[tokio::test]
async fn a_successor_never_loses_its_blobs_to_the_purge_of_its_predecessor() {
    let account = Account::with_hub().await;
    let host = account.host(Arc::new(account.medium()), 1, fixture::options());
    ended(&account, &host).await;
    // All blobs of the successor are there, and its row is not yet.
    let creating_medium = Faulty::new(account.medium(), Duration::ZERO);
    creating_medium.arm(When::Says("replace Instances", 1), Fault::StopBefore);
    let creating = account.client(Arc::new(creating_medium.clone()));
    let mut start = start(execution(2), account.clock.now());
    start.input = Some(large());
    let new = CreateInstance { instance_id: id("a"), start, existing: ExistingInstance::ReplaceEnded };
    let again = new.clone();
    let creation = tokio::spawn(async move { creating.create(new).await });
    creating_medium.fired().await;
    // All blobs are gone, and the row is there still.
    let purging_medium = Faulty::new(account.medium(), Duration::ZERO);
    purging_medium.arm(When::Says("transact History", 1), Fault::StopBefore);
    let purging = account.client(Arc::new(purging_medium.clone()));
    let purge = tokio::spawn(async move { purging.purge(&id("a")).await });
    purging_medium.fired().await;

    creating_medium.let_go();
    creation.await.unwrap().unwrap_err();
    purging_medium.let_go();
    purge.await.unwrap().unwrap();
    assert_nothing_is_left(&account).await;
    host.create(again).await.unwrap();
    assert!(host.get(&id("a")).await.unwrap().unwrap().state.input.is_some());
}

async fn assert_nothing_is_left(account: &Account) {
    let medium = account.medium();
    for table in [Table::Instances, Table::History] {
        assert_eq!(medium.query(table, &Query::default()).await.unwrap().entities, []);
    }
    assert!(medium.list_blobs(Container::LargeMessages, "", None).await.unwrap().names.is_empty());
}
