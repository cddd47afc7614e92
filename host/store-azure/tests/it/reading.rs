//! What it costs to read, in requests: as much as is read, however much there is.

use std::sync::Arc;

use azure::fake::FakeMedium;
use azure::{Blobs as _, Container, Counted, Counts, Key, Table, Tables as _, Verb, Write};
use conformance::{Turn, event, execution, id, start};
use engine::{EventId, HistoryChange, Payload, RuntimeStatus};
use store::{Client as _, Clock as _, CreateInstance, ExistingInstance, InstanceFilter, Outcome, WorkSource as _};
use store_azure::AzureBackend;

use crate::fixture::{self, Account};

/// Events of the history that is read; more than two pages of the service.
const EVENTS: u64 = 2_500;

/// An instance with a long history, read by a host that counts.
struct Long {
    account: Account,
    host: AzureBackend,
    counted: Arc<Counted<FakeMedium>>,
}

impl Long {
    async fn new() -> Self {
        let account = Account::with_hub().await;
        let counted = Arc::new(Counted::new(account.medium()));
        let host = account.host(Arc::clone(&counted) as Arc<dyn azure::Medium>, 1, fixture::options());
        let start = start(execution(1), account.clock.now());
        host.create(CreateInstance { instance_id: id("a"), start, existing: ExistingInstance::Refuse }).await.unwrap();
        let work = host.fetch(1).await.unwrap().remove(0);
        let long = Self { account, host, counted };
        long.append(1, EVENTS, |turn| turn.status(RuntimeStatus::Running).consume(&work.messages)).await;
        long
    }

    async fn append(&self, first: u64, last: u64, change: impl FnOnce(Turn) -> Turn) {
        let snapshot = self.host.load(&id("a")).await.unwrap().unwrap();
        self.host.commit(change(Turn::on(&snapshot, self.account.clock.now()).append(first, last)).0).await.unwrap();
    }

    /// Reads a page; answers how many events it has, and what it cost.
    async fn read(&self, from: u64, max: usize) -> (u64, Counts) {
        let before = self.counted.counts();
        let page = self.host.history(&id("a"), EventId(from), max).await.unwrap();
        let cost = self.counted.counts() - before;
        let at = self.account.clock.now();
        let expected: Vec<_> = (from..).zip(&page.events).map(|(id, _)| event(id, at)).collect();
        assert!(page.events == expected, "{max} from {from}");
        let last = from + page.events.len() as u64 - 1;
        assert_eq!(page.next, Some(EventId(last + 1)).filter(|next| next.0 <= EVENTS));
        // The host looks into its queue beside.
        (page.events.len() as u64, Counts { queue_take: 0, queue_take_empty: 0, ..cost })
    }
}

#[tokio::test]
async fn a_page_of_a_history_costs_the_same_wherever_it_begins() {
    let long = Long::new().await;
    let cost = Counts { table_get: 1, table_query: 1, ..Counts::default() };
    for from in [1, 2, 1_200, 2_401] {
        assert_eq!(long.read(from, 100).await, (100, cost), "from {from}");
    }
    assert_eq!(long.read(EVENTS, 100).await, (1, cost));
    assert_eq!(long.read(1, 1).await, (1, cost));
    let nothing = Counts { table_get: 1, ..Counts::default() };
    assert_eq!(long.read(EVENTS + 1, 100).await, (0, nothing), "behind the last event");
}

#[tokio::test]
async fn a_whole_history_is_read_once_however_many_pages_it_is_read_in() {
    let long = Long::new().await;
    let (events, cost) = long.read(1, usize::MAX).await;
    assert_eq!((events, cost), (EVENTS, Counts { table_get: 1, table_query: 3, ..Counts::default() }));
    let mut total = 0;
    for from in (1..=EVENTS).step_by(50) {
        total += long.read(from, 50).await.1.total();
    }
    assert_eq!(total, 2 * EVENTS / 50);
}

#[tokio::test]
async fn blobs_are_read_as_far_as_the_page_goes() {
    let account = Account::with_hub().await;
    let counted = Arc::new(Counted::new(account.medium()));
    let host = account.host(Arc::clone(&counted) as Arc<dyn azure::Medium>, 1, fixture::options());
    let begin = start(execution(1), account.clock.now());
    let new = CreateInstance { instance_id: id("a"), start: begin, existing: ExistingInstance::Refuse };
    host.create(new).await.unwrap();
    let work = host.fetch(1).await.unwrap().remove(0);
    let snapshot = host.load(&id("a")).await.unwrap().unwrap();
    let mut turn = Turn::on(&snapshot, account.clock.now()).consume(&work.messages).status(RuntimeStatus::Running);
    let large = |position| {
        let mut event = event(3 * position - 1, account.clock.now());
        event.id = EventId(position);
        let engine::EventKind::TaskCompleted { output, .. } = &mut event.kind else { panic!("another kind") };
        *output = Some(Payload::from("x".repeat(1024 * 1024)));
        event
    };
    turn.0.history = HistoryChange::Append { events: (1..=40).map(large).collect() };
    host.commit(turn.0).await.unwrap();
    let before = counted.counts();
    let page = host.history(&id("a"), EventId(1), usize::MAX).await.unwrap();
    let read = (counted.counts() - before).blob_get;
    assert_eq!((page.events.len(), page.next), (4, Some(EventId(5))));
    assert!((4..=8).contains(&read), "{read} blobs for a page of 4 events of a megabyte");
}

#[tokio::test]
async fn an_event_that_is_missing_is_damage_only_for_pages_that_have_it() {
    let long = Long::new().await;
    let key = Key { partition: "a".to_owned(), row: format!("{:016X}", 1_499) };
    let medium = long.account.medium();
    assert!(medium.get(Table::History, &key).await.unwrap().is_some());
    let verb = Verb::Delete(azure::Condition::Any);
    medium.write(Table::History, Write { key, verb }).await.unwrap();
    for from in [1_401, 1_500] {
        let error = long.host.history(&id("a"), EventId(from), 100).await.unwrap_err();
        assert_eq!(error.outcome, Outcome::Permanent, "{error:?}");
    }
    assert_eq!(long.read(1_501, 100).await.0, 100);
}

#[tokio::test]
async fn a_list_reads_blobs_as_far_as_its_page_goes() {
    let account = Account::with_hub().await;
    let counted = Arc::new(Counted::new(account.medium()));
    let client = account.client(Arc::clone(&counted) as Arc<dyn azure::Medium>);
    for number in 0..20 {
        let mut start = start(execution(number), account.clock.now());
        start.input = Some(Payload::from("x".repeat(1024 * 1024)));
        let instance_id = id(&format!("i{number}"));
        client.create(CreateInstance { instance_id, start, existing: ExistingInstance::Refuse }).await.unwrap();
    }
    let blobs = account.medium().list_blobs(Container::LargeMessages, "", None).await.unwrap().names.len();
    assert_eq!(blobs, 40, "the start and the row of each");
    let before = counted.counts();
    let page = client.list(&InstanceFilter::default()).await.unwrap();
    assert_eq!((page.rows.len(), (counted.counts() - before).blob_get), (4, 4));
}
