//! How many turns one file takes in a second, alone and together, and what reading costs.
//!
//! `cargo run --release -p store-sqlite --example throughput [FOLDER]`: the folder decides which disk is measured.
#![allow(clippy::print_stdout, clippy::cast_precision_loss, reason = "this is a program that prints a table")]
#![allow(clippy::unwrap_used, reason = "there is nobody to tell")]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use conformance::{Turn, event, execution, id, start, timestamp};
use engine::{InstanceId, RuntimeStatus};
use store::{Client as _, Clock as _, CreateInstance, ExistingInstance, SystemClock, WorkSource as _, codec};
use store_sqlite::{Options, SqliteBackend};

const PERIOD: Duration = Duration::from_secs(2);

#[tokio::main]
async fn main() {
    let folder = std::env::args_os().nth(1).map_or_else(std::env::temp_dir, PathBuf::from);
    let folder = tempfile::tempdir_in(folder).unwrap();
    let path = folder.path().join("hub.db");
    let backend = Arc::new(SqliteBackend::open(path, Options::default(), Arc::new(SystemClock)).unwrap());

    println!("{:<44}{:>12}{:>22}", "warm turns, instances at once", "turns/s", "turns/transaction");
    for instances in [1, 8, 64, 512, 4_096] {
        commit_turns(&backend, instances).await;
    }
    println!("{:<44}{:>12}", "lives: create, load, 1 turn, purge", "lives/s");
    for instances in [1, 64, 1_024] {
        live(&backend, instances).await;
    }
    println!("{:<44}{:>12}", "reading", "ns/event");
    decode();
    load(&backend).await;
}

async fn create(backend: &SqliteBackend, instance: &InstanceId) {
    let start = start(execution(1), SystemClock.now());
    let new = CreateInstance { instance_id: instance.clone(), start, existing: ExistingInstance::Refuse };
    backend.create(new).await.unwrap();
}

/// Each instance commits turn after turn of three events, which send nothing.
async fn commit_turns(backend: &Arc<SqliteBackend>, instances: usize) {
    let begin = backend.stats();
    let until = Instant::now() + PERIOD;
    let lives: Vec<_> = (0..instances)
        .map(|number| {
            let backend = backend.clone();
            tokio::spawn(async move {
                let instance = id(&format!("warm-{instances}-{number}"));
                create(&backend, &instance).await;
                let snapshot = backend.load(&instance).await.unwrap().unwrap();
                let (mut token, mut next, mut turns) = (snapshot.token.clone(), 1, 0_u64);
                while Instant::now() < until {
                    let turn = Turn::on(&snapshot, SystemClock.now()).append(next, next + 2).under(&token);
                    token = backend.commit(turn.0).await.unwrap();
                    next += 3;
                    turns += 1;
                }
                turns
            })
        })
        .collect();
    let mut turns = 0;
    for life in lives {
        turns += life.await.unwrap();
    }
    let transactions = backend.stats().transactions - begin.transactions;
    let rate = turns as f64 / PERIOD.as_secs_f64();
    println!("{instances:<44}{rate:>12.0}{:>22.1}", turns as f64 / transactions as f64);
}

/// The shortest life there is.
async fn live(backend: &Arc<SqliteBackend>, instances: usize) {
    let until = Instant::now() + PERIOD;
    let lives: Vec<_> = (0..instances)
        .map(|number| {
            let backend = backend.clone();
            tokio::spawn(async move {
                let instance = id(&format!("life-{instances}-{number}"));
                let mut lives = 0_u64;
                while Instant::now() < until {
                    create(&backend, &instance).await;
                    let snapshot = backend.load(&instance).await.unwrap().unwrap();
                    let turn = Turn::on(&snapshot, SystemClock.now()).append(1, 3).status(RuntimeStatus::Completed);
                    backend.commit(turn.0).await.unwrap();
                    backend.purge(&instance).await.unwrap();
                    lives += 1;
                }
                lives
            })
        })
        .collect();
    let mut count = 0;
    for life in lives {
        count += life.await.unwrap();
    }
    println!("{instances:<44}{:>12.0}", count as f64 / PERIOD.as_secs_f64());
}

/// Small batches, as turns write them.
fn decode() {
    const BATCHES: u32 = 100_000;
    const EVENTS: u32 = 4;
    let batch: Vec<_> = (1..=u64::from(EVENTS)).map(|position| event(position, timestamp(5))).collect();
    let bytes = codec::encode_events(&batch).unwrap();
    let mut events = Vec::with_capacity((BATCHES * EVENTS) as usize);
    let begin = Instant::now();
    for _ in 0..BATCHES {
        codec::decode_events_into(&bytes, &mut events).unwrap();
    }
    println!("{:<44}{:>12}", "decode", begin.elapsed().as_nanos() / u128::from(BATCHES * EVENTS));
}

/// A long history of small turns.
async fn load(backend: &SqliteBackend) {
    const EVENTS: u64 = 30_000;
    let instance = id("long");
    create(backend, &instance).await;
    let snapshot = backend.load(&instance).await.unwrap().unwrap();
    let mut token = snapshot.token.clone();
    for next in (1..EVENTS).step_by(3) {
        let turn = Turn::on(&snapshot, SystemClock.now()).append(next, next + 2).under(&token);
        token = backend.commit(turn.0).await.unwrap();
    }
    let begin = Instant::now();
    let loaded = backend.load(&instance).await.unwrap().unwrap().history.len();
    println!("{:<44}{:>12}", format!("load {loaded} events"), begin.elapsed().as_nanos() / loaded as u128);
}
