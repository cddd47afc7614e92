//! The same operations on the reference backend and on SQLite: whatever can be observed must agree.
//!
//! Sequences are drawn by proptest, which shrinks a disagreement to the few operations that cause it.

use std::fmt::Write as _;
use std::sync::Arc;

use conformance::{World, execution, id, raised, start, timestamp};
use engine::{Digest, Message, RuntimeStatus};
use proptest::collection::vec;
use proptest::prelude::*;
use store::{
    CommitError, CreateError, CreateInstance, Envelope, ExistingInstance, InstanceError, InstanceFilter, ManualClock,
    PurgeFilter, StorageError, Token, WorkItem,
};
use store_sqlite::Options;

use crate::memory::Memory;
use crate::sqlite::Sqlite;

const INSTANCES: [&str; 3] = ["a", "b", "ä"];

/// Something to do; numbers choose among what there is.
#[derive(Debug, Clone)]
enum Operation {
    Create { instance: usize, execution: u8, may_replace: bool },
    Send { instance: usize, message: u32 },
    Rewind { instance: usize },
    Fetch,
    Turn { instance: usize, is_stale: bool, turn: Turn },
    Abandon { work: usize },
    Hold { instance: usize, is_stale: bool },
    Release { instance: usize, component: Option<u8> },
    Purge { instance: usize },
    PurgeEnded,
    Advance { ms: u64 },
    Crash,
    List { status: Option<usize>, top: usize },
}

#[derive(Debug, Clone)]
struct Turn {
    events: u64,
    replaces: bool,
    status: Option<usize>,
    wake_in_ms: Option<u64>,
    open_activities: bool,
    consumes: bool,
    events_to: Vec<usize>,
    start_of: Option<(usize, u8)>,
}

fn operation() -> impl Strategy<Value = Operation> {
    let instance = 0..INSTANCES.len();
    let status = prop::option::of(0..RuntimeStatus::ALL.len());
    let wake_in_ms = prop::option::of(prop_oneof![Just(0), Just(50), Just(40_000), Just(3_600_000)]);
    let turn = (
        0_u64..4,
        prop::bool::weighted(0.2),
        status.clone(),
        wake_in_ms,
        any::<bool>(),
        prop::bool::weighted(0.8),
        vec(instance.clone(), 0..3),
        prop::option::of((instance.clone(), 0_u8..4)),
    );
    let turn =
        turn.prop_map(|(events, replaces, status, wake_in_ms, open_activities, consumes, events_to, start_of)| Turn {
            events,
            replaces,
            status,
            wake_in_ms,
            open_activities,
            consumes,
            events_to,
            start_of,
        });
    prop_oneof![
        4 => (instance.clone(), 0_u8..4, any::<bool>())
            .prop_map(|(instance, execution, may_replace)| Operation::Create { instance, execution, may_replace }),
        4 => (instance.clone(), any::<u32>()).prop_map(|(instance, message)| Operation::Send { instance, message }),
        1 => instance.clone().prop_map(|instance| Operation::Rewind { instance }),
        6 => Just(Operation::Fetch),
        10 => (instance.clone(), prop::bool::weighted(0.2), turn)
            .prop_map(|(instance, is_stale, turn)| Operation::Turn { instance, is_stale, turn }),
        2 => any::<usize>().prop_map(|work| Operation::Abandon { work }),
        1 => (instance.clone(), any::<bool>())
            .prop_map(|(instance, is_stale)| Operation::Hold { instance, is_stale }),
        2 => (instance.clone(), prop::option::of(0_u8..3))
            .prop_map(|(instance, component)| Operation::Release { instance, component }),
        1 => instance.prop_map(|instance| Operation::Purge { instance }),
        1 => Just(Operation::PurgeEnded),
        3 => prop_oneof![Just(10), Just(100), Just(35_000), Just(4_000_000)].prop_map(|ms| Operation::Advance { ms }),
        1 => Just(Operation::Crash),
        1 => (status, 0_usize..3).prop_map(|(status, top)| Operation::List { status, top }),
    ]
}

/// One backend and what its host remembers.
struct Side {
    world: World,
    in_hand: Vec<WorkItem>,
    old_tokens: [Option<Token>; INSTANCES.len()],
}

impl Side {
    /// Does it, and answers with all that can be observed, in words.
    async fn perform(&mut self, operation: &Operation) -> String {
        match operation {
            Operation::Create { instance, execution: number, may_replace } => {
                let start = start(execution(*number), self.world.now());
                let existing = if *may_replace { ExistingInstance::ReplaceEnded } else { ExistingInstance::Refuse };
                let new = CreateInstance { instance_id: id(INSTANCES[*instance]), start, existing };
                create_error(self.world.backend().create(new).await)
            }
            Operation::Send { instance, message } => self.send(*instance, raised(*message)).await,
            Operation::Rewind { instance } => {
                self.send(*instance, Message::Rewind { reason: None, execution_id: None, asker: None, to_event: None })
                    .await
            }
            Operation::Fetch => self.fetch().await,
            Operation::Turn { instance, is_stale, turn } => self.turn(*instance, *is_stale, turn).await,
            Operation::Abandon { work } => {
                if self.in_hand.is_empty() {
                    return "nothing".to_owned();
                }
                let work = self.in_hand.remove(work % self.in_hand.len());
                format!("{:?}", self.world.backend().abandon(work).await.is_ok())
            }
            Operation::Hold { instance, is_stale } => {
                let Some(token) = self.token(*instance, *is_stale).await else { return "nothing".to_owned() };
                let reason = self.world.reason();
                commit_error(self.world.backend().hold(&id(INSTANCES[*instance]), token, reason).await)
            }
            Operation::Release { instance, component } => {
                let component = component.map(|number| Digest::of(&[number]));
                instance_error(self.world.backend().release(&id(INSTANCES[*instance]), component).await)
            }
            Operation::Purge { instance } => {
                instance_error(self.world.backend().purge(&id(INSTANCES[*instance])).await)
            }
            Operation::PurgeEnded => {
                format!("{}", self.world.backend().purge_matching(&PurgeFilter::default()).await.unwrap())
            }
            Operation::Advance { .. } => String::new(),
            Operation::Crash => {
                self.in_hand.clear();
                self.world.crash().await;
                String::new()
            }
            Operation::List { status, top } => {
                let statuses = status.map(|status| RuntimeStatus::ALL[status]).into_iter().collect();
                let filter = InstanceFilter { statuses, top: *top, ..InstanceFilter::default() };
                let page = self.world.backend().list(&filter).await.unwrap();
                format!("{:?} {}", page.rows, page.continuation.is_some())
            }
        }
    }

    async fn send(&self, instance: usize, message: Message) -> String {
        instance_error(self.world.backend().send(&id(INSTANCES[instance]), message).await)
    }

    async fn fetch(&mut self) -> String {
        let ready = self.world.ready().await;
        let mut seen = String::new();
        for (instance_id, messages) in ready {
            let contents: Vec<_> = messages.iter().map(|envelope| &envelope.message).collect();
            writeln!(seen, "{instance_id}: {contents:?}").unwrap();
            self.in_hand.push(WorkItem { instance_id, messages });
        }
        seen
    }

    async fn turn(&mut self, instance: usize, is_stale: bool, turn: &Turn) -> String {
        let Some(token) = self.token(instance, is_stale).await else { return "nothing".to_owned() };
        let name = INSTANCES[instance];
        let Some(snapshot) = self.world.backend().load(&id(name)).await.unwrap() else { return "gone".to_owned() };
        let mut commit = conformance::Turn::on(&snapshot, self.world.now()).under(&token);
        let last = snapshot.row.last_event.map_or(0, |event| event.0);
        commit = match (turn.replaces, turn.events) {
            (true, events) => commit.replace(events),
            (false, 0) => commit,
            (false, events) => commit.append(last + 1, last + events),
        };
        if let Some(status) = turn.status {
            commit = commit.status(RuntimeStatus::ALL[status]);
        }
        if let Some(ms) = turn.wake_in_ms {
            commit = commit.wake_at(self.world.in_ms(ms));
        }
        if turn.open_activities {
            commit = commit.open_activities();
        }
        for (number, to) in (0..).zip(&turn.events_to) {
            commit = commit.send(INSTANCES[*to], raised(number));
        }
        if let Some((to, number)) = turn.start_of {
            let start = start(execution(number), self.world.now());
            commit = commit.send(INSTANCES[to], Message::Start(Box::new(start)));
        }
        let mut consumed: Vec<Envelope> = Vec::new();
        if turn.consumes {
            self.in_hand.retain(|work| {
                let is_mine = work.instance_id == id(name);
                if is_mine {
                    consumed.extend(work.messages.clone());
                }
                !is_mine
            });
        }
        self.old_tokens[instance] = Some(snapshot.token);
        commit_error(self.world.backend().commit(commit.consume(&consumed).0).await)
    }

    /// The token of an instance, or one that it had.
    async fn token(&self, instance: usize, is_stale: bool) -> Option<Token> {
        if is_stale {
            return self.old_tokens[instance].clone();
        }
        let stored = self.world.backend().load(&id(INSTANCES[instance])).await.unwrap();
        stored.map(|snapshot| snapshot.token)
    }

    /// All that is stored, in words.
    async fn stored(&self) -> Vec<String> {
        let mut stored = Vec::new();
        for instance in INSTANCES {
            stored.push(format!("{:#?}", self.world.backend().load(&id(instance)).await.unwrap()));
        }
        stored
    }
}

fn storage_error(error: &StorageError) -> String {
    format!("storage: {:?}", error.outcome)
}

fn create_error(result: Result<(), CreateError>) -> String {
    match result {
        Err(CreateError::Storage(error)) => storage_error(&error),
        other => format!("{other:?}"),
    }
}

fn instance_error(result: Result<(), InstanceError>) -> String {
    match result {
        Err(InstanceError::Storage(error)) => storage_error(&error),
        other => format!("{other:?}"),
    }
}

fn commit_error(result: Result<Token, CommitError>) -> String {
    match result {
        Err(CommitError::Storage(error)) => storage_error(&error),
        other => format!("{other:?}"),
    }
}

async fn compare(operations: Vec<Operation>, options: Options) -> Result<(), TestCaseError> {
    let clock = Arc::new(ManualClock::new(timestamp(1_700_000_000_000)));
    let mut sides = Vec::new();
    let (memory, sqlite) = (Memory::new(clock.clone()), Sqlite::new(clock.clone(), options));
    for world in [World::new(memory).await, World::new(sqlite).await] {
        sides.push(Side { world, in_hand: Vec::new(), old_tokens: [const { None }; INSTANCES.len()] });
    }
    let [memory, sqlite] = &mut sides[..] else { unreachable!() };
    for (step, operation) in operations.iter().enumerate() {
        if let Operation::Advance { ms } = operation {
            clock.advance(std::time::Duration::from_millis(*ms));
        }
        let (expected, found) = (memory.perform(operation).await, sqlite.perform(operation).await);
        prop_assert_eq!(found, expected, "step {}: {:?}", step, operation);
        prop_assert_eq!(sqlite.stored().await, memory.stored().await, "after step {}: {:?}", step, operation);
    }
    prop_assert_eq!(sqlite.fetch().await, memory.fetch().await, "in the end");
    Ok(())
}

/// `PROPTEST_CASES` asks for more.
fn check(cases: u32, options: &Options) {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(cases);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let result = proptest::test_runner::TestRunner::new(config)
        .run(&vec(operation(), 1..60), |operations| runtime.block_on(compare(operations, options.clone())));
    if let Err(error) = result {
        panic!("{error}");
    }
}

#[test]
fn sqlite_behaves_as_the_reference_does() {
    check(150, &Options::default());
}

#[test]
fn sqlite_behaves_as_the_reference_does_with_little_memory() {
    check(100, &Options { ready_messages_max: 100, wake_ups_max: 8, readers: 1, ..Options::default() });
}
