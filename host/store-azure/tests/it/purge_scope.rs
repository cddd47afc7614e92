//! A purge takes the blobs of its own instance, and no others, whatever the ids are.

use std::collections::BTreeSet;
use std::sync::Arc;

use azure::{Blobs as _, Container};
use conformance::{Turn, execution, id, start};
use engine::{EventKey, Message, Payload, RuntimeStatus};
use store::{Client as _, Clock as _, CreateInstance, ExistingInstance, WorkSource as _};
use store_azure::AzureBackend;

use crate::fixture::{self, Account};

/// Ids that contain one another, that are another's key, or of which an address loses something.
const IDS: [&str; 24] = [
    "a",
    "a/b",
    "a^0b",
    "a^^0b",
    "/a",
    "a/",
    "//a",
    "a//b",
    "./a",
    "a/.",
    "a/../b",
    ".",
    "..",
    "...",
    "a.",
    "a..",
    "a^4",
    "a\\b",
    "A",
    "a%2fb",
    "a%2Fb",
    "%2e",
    "a/history-message-0",
    "a\u{ffff}",
];

fn large() -> Payload {
    Payload::from(std::iter::repeat_with(fastrand::alphanumeric).take(100_000).collect::<String>())
}

async fn blobs(account: &Account) -> BTreeSet<String> {
    account.medium().list_blobs(Container::LargeMessages, "", None).await.unwrap().names.into_iter().collect()
}

async fn create(account: &Account, host: &AzureBackend, instance: &str, input: Option<Payload>) {
    let start = engine::ExecutionStarted { input, ..start(execution(1), account.clock.now()) };
    let new = CreateInstance { instance_id: id(instance), start, existing: ExistingInstance::Refuse };
    host.create(new).await.unwrap();
}

async fn end(account: &Account, host: &AzureBackend, instance: &str, output: Option<Payload>) {
    let snapshot = host.load(&id(instance)).await.unwrap().unwrap();
    let turn = Turn::on(&snapshot, account.clock.now()).append(1, 3).status(RuntimeStatus::Completed);
    host.commit(turn.state(|state| state.output = output).0).await.unwrap();
}

async fn send(host: &AzureBackend, instance: &str) {
    let event = Message::RaiseEvent {
        name: "go".to_owned(),
        data: Some(large()),
        key: EventKey::from_bytes([1; 16]),
        execution_id: None,
    };
    host.send(&id(instance), event).await.unwrap();
}

/// Waits until all of them have been handed out.
async fn take_all(host: &AzureBackend, count: usize) {
    let mut seen = BTreeSet::new();
    while seen.len() < count {
        seen.extend(host.fetch(100).await.unwrap().into_iter().map(|work| work.instance_id));
    }
}

#[tokio::test]
async fn ids_that_resemble_each_other_have_blobs_of_their_own() {
    let account = Account::with_hub().await;
    let host = account.host(Arc::new(account.medium()), 1, fixture::options());
    let mut owned = Vec::new();
    for instance in IDS {
        let before = blobs(&account).await;
        create(&account, &host, instance, Some(large())).await;
        send(&host, instance).await;
        owned.push(blobs(&account).await.difference(&before).cloned().collect::<BTreeSet<_>>());
        assert_eq!(owned.last().map(BTreeSet::len), Some(3), "{instance}: a start, an event, and the input in its row");
    }
    take_all(&host, IDS.len()).await;
    for (instance, owned) in IDS.iter().zip(&mut owned) {
        let before = blobs(&account).await;
        end(&account, &host, instance, Some(large())).await;
        owned.extend(blobs(&account).await.difference(&before).cloned());
    }
    for (instance, owned) in IDS.iter().zip(&owned) {
        let before = blobs(&account).await;
        host.purge(&id(instance)).await.unwrap();
        let removed: BTreeSet<_> = before.difference(&blobs(&account).await).cloned().collect();
        assert_eq!(&removed, owned, "purged {instance}");
    }
    assert_eq!(blobs(&account).await, BTreeSet::new());
}

/// What DurableTask clients and earlier builds put below the id as it is.
#[tokio::test]
async fn messages_named_by_the_raw_id_go_with_the_instance_that_they_are_for() {
    let account = Account::with_hub().await;
    let host = account.host(Arc::new(account.medium()), 1, fixture::options());
    let receivers = ["a", "a/b", "/a", "a/.", "a^0b", "x/y", "x^0y"];
    let mut raw = Vec::new();
    for (number, instance) in receivers.into_iter().enumerate() {
        create(&account, &host, instance, None).await;
        let before = blobs(&account).await;
        send(&host, instance).await;
        let name = blobs(&account).await.difference(&before).next().unwrap().clone();
        let bytes = account.medium().get_blob(Container::LargeMessages, &name).await.unwrap().unwrap();
        account.medium().delete_blob(Container::LargeMessages, &name).await.unwrap();
        // As its address has it.
        let folder = instance.trim_start_matches('/').trim_end_matches("/.");
        let name = format!("{folder}/message-{number:032x}-EventRaised.json.gz");
        account.medium().put_blob(Container::LargeMessages, &name, bytes).await.unwrap();
        raw.push(name);
    }
    take_all(&host, receivers.len()).await;
    let mut left: BTreeSet<String> = raw.iter().cloned().collect();
    for (instance, name) in receivers.iter().zip(raw) {
        end(&account, &host, instance, None).await;
        host.purge(&id(instance)).await.unwrap();
        left.remove(&name);
        assert_eq!(blobs(&account).await, left, "purged {instance}");
    }
}
