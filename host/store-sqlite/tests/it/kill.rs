//! `kill -9` at any time loses nothing that was answered with `Ok`.
//!
//! The test runs itself as a child process that commits turns and prints what was answered, until it is killed.

use std::collections::BTreeMap;
use std::env;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;

use conformance::{Turn, execution, id, raised, start};
use store::{Client as _, Clock as _, CreateInstance, ExistingInstance, SystemClock, WorkSource as _};
use store_sqlite::{Options, SqliteBackend};

const FILE: &str = "STORE_SQLITE_KILL_TEST_FILE";
const ROUNDS: usize = 8;
const INSTANCES: usize = 8;

/// The child: commits turn after turn of its instances, each turn sending itself a message, and says so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "what_was_answered_survives_kill_9 runs it as a process of its own"]
async fn child_process() {
    let path = env::var_os(FILE).unwrap();
    let backend =
        Arc::new(SqliteBackend::open(PathBuf::from(path), Options::default(), Arc::new(SystemClock)).unwrap());
    let lives: Vec<_> =
        (0..INSTANCES).map(|number| tokio::spawn(live(backend.clone(), format!("i{number}")))).collect();
    for life in lives {
        life.await.unwrap();
    }
}

async fn live(backend: Arc<SqliteBackend>, instance: String) {
    let instance_id = id(&instance);
    if backend.get(&instance_id).await.unwrap().is_none() {
        let start = start(execution(1), SystemClock.now());
        let existing = ExistingInstance::Refuse;
        backend.create(CreateInstance { instance_id: instance_id.clone(), start, existing }).await.unwrap();
    }
    loop {
        let snapshot = backend.load(&instance_id).await.unwrap().unwrap();
        let next = snapshot.row.last_event.map_or(1, |event| event.0 + 1);
        let turn = Turn::on(&snapshot, SystemClock.now()).append(next, next);
        let turn = turn.send(&instance, raised(u32::try_from(next).unwrap()));
        backend.commit(turn.0).await.unwrap();
        writeln!(std::io::stdout().lock(), "\ndone {instance} {next}").unwrap();
    }
}

#[tokio::test]
async fn what_was_answered_survives_kill_9() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hub.db");
    let mut acknowledged: BTreeMap<String, u64> = BTreeMap::new();
    for round in 0..ROUNDS {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "kill::child_process", "--ignored", "--nocapture"])
            .env(FILE, &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // Killed after a number of turns that differs from round to round, amid those of the other instances.
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let done = |line: &str| -> Option<(String, u64)> {
            let (instance, event) = line.strip_prefix("done ")?.split_once(' ')?;
            Some((instance.to_owned(), event.parse().ok()?))
        };
        let mut turns = 0;
        while turns < 20 + 7 * round {
            let line = lines.next().expect("the child lives until it is killed");
            if let Some((instance, event)) = done(&line) {
                acknowledged.insert(instance, event);
                turns += 1;
            }
        }
        child.kill().unwrap();
        // What it had said before it died counts as well; the last line may be cut off.
        let rest: Vec<_> = lines.collect();
        acknowledged.extend(rest.iter().take(rest.len().saturating_sub(1)).filter_map(|line| done(line)));
        child.wait().unwrap();

        let backend = SqliteBackend::open(&path, Options::default(), Arc::new(SystemClock)).unwrap();
        for (instance, event) in &acknowledged {
            let snapshot = backend.load(&id(instance)).await.unwrap().unwrap();
            let last = snapshot.row.last_event.unwrap().0;
            assert!(last >= *event, "{instance}: {event} was acknowledged, {last} is stored");
            assert_eq!(snapshot.history.len() as u64, last);
        }
        // Each turn has sent one message, in the same transaction.
        let mut messages: BTreeMap<String, u64> = BTreeMap::new();
        let total: u64 = {
            let mut total = 0;
            for number in 0..INSTANCES {
                let row = backend.get(&id(&format!("i{number}"))).await.unwrap();
                total += row.map_or(0, |row| 1 + row.last_event.map_or(0, |event| event.0));
            }
            total
        };
        while messages.values().sum::<u64>() < total {
            for work in backend.fetch(256).await.unwrap() {
                *messages.entry(work.instance_id.to_string()).or_default() += work.messages.len() as u64;
            }
        }
        assert_eq!(messages.values().sum::<u64>(), total);
    }
    assert_eq!(acknowledged.len(), INSTANCES);
}
