//! Suspends and resumes keep their order when a host dies with one of them.

use std::sync::Arc;
use std::time::Duration;

use conformance::{Turn, execution, id, start};
use engine::{Message, RuntimeStatus};
use store::{Client as _, Clock as _, CreateInstance, ExistingInstance, WorkItem, WorkSource as _};
use store_azure::AzureBackend;

use crate::fixture::{self, Account};

fn host(account: &Account) -> AzureBackend {
    account.host(Arc::new(account.medium()), 1, fixture::options())
}

async fn next(host: &AzureBackend) -> WorkItem {
    host.fetch(1).await.unwrap().remove(0)
}

/// Commits a turn that takes in what was handed out.
async fn take_in(account: &Account, host: &AzureBackend, work: &WorkItem, events: [u64; 2]) {
    let snapshot = host.load(&id("a")).await.unwrap().unwrap();
    let turn = Turn::on(&snapshot, account.clock.now()).append(events[0], events[1]).status(RuntimeStatus::Running);
    host.commit(turn.consume(&work.messages).0).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_suspend_that_shows_up_after_the_resume_behind_it_suspends_nothing() {
    let account = Account::with_hub().await;
    let client = account.client(Arc::new(account.medium()));
    let new = CreateInstance {
        instance_id: id("a"),
        start: start(execution(1), account.clock.now()),
        existing: ExistingInstance::Refuse,
    };
    client.create(new).await.unwrap();
    let first = host(&account);
    let begun = next(&first).await;
    take_in(&account, &first, &begun, [1, 3]).await;

    client.send(&id("a"), Message::Suspend { reason: None, execution_id: None }).await.unwrap();
    let suspend = next(&first).await;
    assert!(matches!(suspend.messages[0].message, Message::Suspend { .. }));
    drop(first);
    account.clock.advance(Duration::from_millis(1));
    client.send(&id("a"), Message::Resume { reason: None, execution_id: None }).await.unwrap();
    let second = host(&account);
    let resume = next(&second).await;
    assert!(matches!(resume.messages[0].message, Message::Resume { .. }));
    take_in(&account, &second, &resume, [4, 4]).await;

    // On the host that has taken in the resume, and on one that has to read that.
    account.let_messages_lapse();
    let again = next(&second).await;
    assert_eq!(again.messages[0].message, Message::Wake);
    drop(second);
    account.let_messages_lapse();
    let third = host(&account);
    assert_eq!(next(&third).await.messages[0].message, Message::Wake);
}
