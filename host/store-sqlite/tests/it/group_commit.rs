//! What a write costs, and how many share a transaction. Counted, not timed.

use std::sync::Arc;

use conformance::{id, raised};
use engine::RuntimeStatus;
use store::{Client as _, WorkSource as _};
use store_sqlite::Stats;

use crate::support::Folder;

fn since(before: Stats, after: Stats) -> Stats {
    Stats {
        transactions: after.transactions - before.transactions,
        operations: after.operations - before.operations,
        rows_written: after.rows_written - before.rows_written,
        reads: after.reads - before.reads,
        refills: after.refills - before.refills,
        transactions_failed: after.transactions_failed - before.transactions_failed,
        transactions_unknown: after.transactions_unknown - before.transactions_unknown,
        reads_failed: after.reads_failed - before.reads_failed,
        // A level, not a count.
        messages_stored: 0,
    }
}

#[tokio::test]
async fn a_warm_turn_is_one_transaction_and_no_read() {
    let folder = Folder::new();
    let backend = folder.open();
    let mut token = folder.create_running(&backend, "a").await;
    let turn = folder.turn(&backend, "a").await;
    for position in 4..20 {
        let before = backend.stats();
        token = backend.commit(turn.clone().append(position, position).under(&token).0).await.unwrap();
        // The instance and the history.
        let expected = Stats { transactions: 1, operations: 1, rows_written: 2, ..Stats::default() };
        assert_eq!(since(before, backend.stats()), expected);
    }
}

#[tokio::test]
async fn a_message_costs_one_write_and_reaches_its_turn_without_a_read() {
    let folder = Folder::new();
    let backend = folder.open();
    let token = folder.create_running(&backend, "a").await;
    let turn = folder.turn(&backend, "a").await.under(&token);
    let before = backend.stats();
    backend.send(&id("a"), raised(1)).await.unwrap();
    let work = backend.fetch(1).await.unwrap().remove(0);
    let sent = Stats { transactions: 1, operations: 1, rows_written: 1, ..Stats::default() };
    assert_eq!(since(before, backend.stats()), sent);

    let before = backend.stats();
    backend.commit(turn.append(4, 5).consume(&work.messages).0).await.unwrap();
    let taken_in = Stats { transactions: 1, operations: 1, rows_written: 3, ..Stats::default() };
    assert_eq!(since(before, backend.stats()), taken_in);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_commits_at_once_share_few_transactions() {
    const COMMITS: u64 = 1_000;
    let folder = Folder::new();
    let backend = Arc::new(folder.open());
    let mut turns = Vec::new();
    for number in 0..COMMITS {
        let instance = format!("i{number}");
        folder.create_running(&backend, &instance).await;
        turns.push(folder.turn(&backend, &instance).await.append(4, 4));
    }
    let before = backend.stats();
    let commits: Vec<_> = turns
        .into_iter()
        .map(|turn| {
            let backend = backend.clone();
            tokio::spawn(async move { backend.commit(turn.0).await.unwrap() })
        })
        .collect();
    for commit in commits {
        commit.await.unwrap();
    }
    let cost = since(before, backend.stats());
    assert_eq!(cost.operations, COMMITS);
    assert!(cost.transactions <= COMMITS / 10, "{} transactions", cost.transactions);
}

#[tokio::test]
async fn what_changes_nothing_is_no_write_transaction() {
    let folder = Folder::new();
    let backend = folder.open();
    let stale = folder.create_running(&backend, "a").await;
    backend.commit(folder.turn(&backend, "a").await.append(4, 4).0).await.unwrap();
    let turn = folder.turn(&backend, "a").await.under(&stale);
    let before = backend.stats();
    assert!(backend.commit(turn.append(4, 4).0).await.is_err());
    assert!(backend.send(&id("nobody"), raised(1)).await.is_err());
    assert_eq!(since(before, backend.stats()).transactions, 0);
}

#[tokio::test]
async fn payloads_that_stay_are_not_written_again() {
    let folder = Folder::new();
    let backend = folder.open();
    folder.create_running(&backend, "a").await;
    let before = backend.stats();
    backend.commit(folder.turn(&backend, "a").await.append(4, 4).status(RuntimeStatus::Suspended).0).await.unwrap();
    // The instance twice and the history; the input is as it was, and there is neither output nor custom status.
    assert_eq!(since(before, backend.stats()).rows_written, 3);
}
