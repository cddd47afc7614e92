//! What only the fake can show: exact times, and pages as small as one likes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use azure::fake::{FakeAccount, FakeMedium};
use azure::{BlobPage, Blobs as _, Container, HubName, Query, Queue, Queues as _, Table, Tables as _};

use crate::world::{START_MS, insert, key};

fn account() -> (FakeAccount, FakeMedium, Arc<AtomicU64>) {
    let now = Arc::new(AtomicU64::new(START_MS));
    let clock = Arc::clone(&now);
    let account = FakeAccount::new(Arc::new(move || clock.load(Ordering::Relaxed)));
    let medium = account.medium(&HubName::new("hub").unwrap());
    (account, medium, now)
}

#[tokio::test]
async fn messages_come_in_the_order_in_which_they_become_visible() {
    let (_, medium, now) = account();
    medium.create_queue(Queue::WorkItems).await.unwrap();
    for (text, delay_s) in [("c", 2), ("a", 0), ("d", 2), ("b", 1)] {
        medium.put(Queue::WorkItems, text, Duration::from_secs(delay_s)).await.unwrap();
    }
    let mut taken = Vec::new();
    for _ in 0..=20 {
        for message in medium.take(Queue::WorkItems, 32, Duration::from_hours(1)).await.unwrap() {
            taken.push((message.text, now.load(Ordering::Relaxed) - START_MS));
        }
        now.fetch_add(100, Ordering::Relaxed);
    }
    let expected = [("a", 0), ("b", 1000), ("c", 2000), ("d", 2000)].map(|(text, at)| (text.to_owned(), at));
    assert_eq!(taken, expected);
}

#[tokio::test]
async fn pages_have_as_many_rows_as_the_account_says() {
    let (account, medium, _) = account();
    medium.create_table(Table::History).await.unwrap();
    medium.create_container(Container::Components).await.unwrap();
    for n in 0..5 {
        medium.write(Table::History, insert(&key("p", &n.to_string()), n)).await.unwrap();
        medium.put_blob(Container::Components, &n.to_string(), Vec::new()).await.unwrap();
    }
    account.set_page_rows(2);
    let mut query = Query::partition("p");
    let mut sizes = Vec::new();
    loop {
        let page = medium.query(Table::History, &query).await.unwrap();
        sizes.push(page.entities.len());
        match page.end {
            None => break,
            end => query.after = end,
        }
    }
    assert_eq!(sizes, [2, 2, 1]);
    let page = medium.list_blobs(Container::Components, "", Some("2")).await.unwrap();
    assert_eq!(page, BlobPage { names: vec!["2".into(), "3".into()], after: Some("4".into()) });
}

#[tokio::test]
async fn a_page_may_be_empty_with_more_to_come_as_in_the_service() {
    let (_, medium, _) = account();
    medium.create_table(Table::History).await.unwrap();
    for n in 0..3 {
        medium.write(Table::History, insert(&key("p", &n.to_string()), n)).await.unwrap();
    }
    let mut query = Query { filter: Some("N eq 0".to_owned()), top: Some(1), ..Query::default() };
    let page = medium.query(Table::History, &query).await.unwrap();
    assert_eq!(page.entities.len(), 1);
    query.after = page.end;
    assert!(query.after.is_some());
    let page = medium.query(Table::History, &query).await.unwrap();
    assert_eq!((page.entities.len(), page.end), (0, None));
}

#[tokio::test]
async fn hubs_of_an_account_are_apart_unless_their_names_differ_in_case_only() {
    let (account, medium, _) = account();
    medium.create_table(Table::History).await.unwrap();
    let same = account.medium(&HubName::new("HUB").unwrap());
    let other = account.medium(&HubName::new("hub2").unwrap());
    assert_eq!(same.query(Table::History, &Query::default()).await.unwrap().entities, []);
    other.query(Table::History, &Query::default()).await.unwrap_err();
}
