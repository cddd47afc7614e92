//! What is told of what took time: once, and only of what is durable.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use engine::{Action, Failure, Message, Payload, TraceContext};
use store::{CommitError, Outcome, StorageError, Token};
use worker::shard::{ActivityKey, Effect, Input};
use worker::{Options, Span, SpanKind, SpanSink, SpanStatus, Spans};

use crate::bench::{Bench, commit_in, names};
use crate::guests::{Closures, activity, chain, complete, fan_out};
use crate::world::{World, eventually, id, options};

/// Keeps what it is told.
#[derive(Default)]
struct Book {
    told: Mutex<Vec<Span>>,
    refuses: bool,
}

impl Book {
    fn refusing() -> Self {
        Self { refuses: true, ..Self::default() }
    }

    fn spans(&self) -> Vec<Span> {
        self.told.lock().unwrap().clone()
    }

    fn named(&self, name: &str) -> Vec<Span> {
        self.spans().into_iter().filter(|span| span.name == name).collect()
    }
}

impl SpanSink for Book {
    fn wants(&self, _: &TraceContext) -> bool {
        !self.refuses
    }

    fn tell(&self, span: Span) {
        self.told.lock().unwrap().push(span);
    }
}

fn told(effects: &[Effect]) -> Vec<String> {
    let name = |effect: &Effect| match effect {
        Effect::Tell(span) => Some(span.name.clone()),
        _ => None,
    };
    effects.iter().filter_map(name).collect()
}

fn telling(runtime: &Arc<Closures>) -> Bench {
    let mut bench = Bench::new(runtime);
    bench.shard = bench.shard.telling(Spans::to(Arc::new(Book::default())));
    bench
}

/// A result with a span, as the one who ran it would send it.
fn done(key: &ActivityKey) -> Input {
    let span = Span {
        context: TraceContext { trace_id: [1; 16], span_id: [1; 8], flags: 1, state: None },
        parent_id: None,
        kind: SpanKind::Server,
        name: format!("activity {}", key.task),
        start: engine::Timestamp::default(),
        duration: Duration::ZERO,
        attributes: Vec::new(),
        events: Vec::new(),
        events_dropped: 0,
        status: SpanStatus::Ok,
    };
    Input::ActivityDone { key: key.clone(), result: Ok(None), span: Some(Box::new(span)) }
}

#[test]
fn nothing_is_told_before_its_turn_is_durable() {
    let runtime = Arc::new(Closures::default());
    runtime.orchestration("fan", fan_out("a", 2));
    let mut bench = telling(&runtime);
    let keys = bench.first_turn("i", "fan");
    let commit = commit_in(bench.tell_all(keys.iter().map(done)));
    let committed = bench.committed(&commit);
    assert_eq!(told(&bench.tell(committed)), ["activity 0", "activity 1", "orchestration:fan"]);
}

#[test]
fn of_a_turn_that_was_lost_nothing_is_told() {
    let runtime = Arc::new(Closures::default());
    runtime.orchestration("fan", fan_out("a", 1));
    let mut bench = telling(&runtime);
    let keys = bench.first_turn("i", "fan");
    commit_in(bench.tell(done(&keys[0])));
    let error = CommitError::Stale { instance_id: id("i"), held: Token("1".into()), stored: None };
    let effects = bench.tell(Input::Committed { instance_id: id("i"), result: Err(error) });
    assert_eq!(names(&effects), ["notice", "abandon"]);
}

#[test]
fn a_turn_that_is_run_again_is_told_of_once() {
    let runtime = Arc::new(Closures::default());
    runtime.orchestration("fan", fan_out("a", 1));
    let mut bench = telling(&runtime);
    let keys = bench.first_turn("i", "fan");
    commit_in(bench.tell(done(&keys[0])));
    let error = StorageError::new("commit", Outcome::Unknown, "injected");
    bench.tell(Input::Committed { instance_id: id("i"), result: Err(error.into()) });
    bench.tell(bench.loaded("i"));
    let commit = commit_in(bench.tell(Bench::prepared("i")));
    let committed = bench.committed(&commit);
    assert_eq!(told(&bench.tell(committed)), ["activity 0", "orchestration:fan"]);
}

#[test]
fn a_message_to_what_has_ended_tells_nothing_again() {
    let runtime = Arc::new(Closures::default());
    runtime.orchestration("one", |_| Box::new(|_| vec![complete("1")]));
    let mut bench = telling(&runtime);
    let commit = bench.first_commit("i", "one");
    let committed = bench.committed(&commit);
    assert_eq!(told(&bench.tell(committed)), ["orchestration:one"]);
    let late = bench.work("i", vec![Message::Resume { reason: None, execution_id: None }]);
    bench.tell(late);
    let commit = commit_in(bench.tell(bench.loaded("i")));
    let committed = bench.committed(&commit);
    assert_eq!(told(&bench.tell(committed)), [""; 0]);
}

#[tokio::test]
async fn an_instance_and_its_attempts_are_one_trace() {
    let world = World::new();
    let book = Arc::new(Book::default());
    world.runtime.activity("a", |task| async move {
        match task.task.0 {
            1 => Err(Failure::new("declined", "no money").non_retriable()),
            _ => Ok(Some(Payload::from("1"))),
        }
    });
    world.runtime.orchestration("fan", fan_out("a", 3));
    let _worker = world.start(Options { spans: Spans::to(Arc::clone(&book) as _), ..options() });
    world.create("i", "fan").await;
    world.until("i", |row| row.state.status.is_terminal()).await;
    eventually("the instance to be told of", || !book.named("orchestration:fan").is_empty()).await;
    let [own] = &book.named("orchestration:fan")[..] else { panic!("{:?}", book.spans()) };
    assert_eq!(own.parent_id, None);
    let attempts = book.named("activity:a");
    assert_eq!(attempts.len(), 3);
    for attempt in &attempts {
        assert_eq!((attempt.context.trace_id, attempt.parent_id), (own.context.trace_id, Some(own.context.span_id)));
    }
    let failed: Vec<_> = attempts.iter().filter(|attempt| attempt.status != SpanStatus::Ok).collect();
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0].status, SpanStatus::Error("declined: no money".to_owned()));
    let ids: BTreeSet<_> = book.spans().iter().map(|span| span.context.span_id).collect();
    assert_eq!(ids.len(), 4);
}

#[tokio::test]
async fn replaying_after_every_turn_tells_nothing_twice() {
    let world = World::new();
    let book = Arc::new(Book::default());
    world.runtime.echo("a");
    world.runtime.orchestration("chain", chain("a", 5));
    let spans = Spans::to(Arc::clone(&book) as _);
    let worker = world.start(Options { warm_guest_bytes_max: 0, spans, ..options() });
    world.create("i", "chain").await;
    world.until_completed("i").await;
    worker.shutdown().await.unwrap();
    let ids: BTreeSet<_> = book.spans().iter().map(|span| span.context.span_id).collect();
    assert_eq!((book.spans().len(), ids.len()), (6, 6));
}

#[tokio::test]
async fn every_generation_is_told_of_as_part_of_the_first() {
    let world = World::new();
    let book = Arc::new(Book::default());
    world.runtime.echo("a");
    world.runtime.orchestration("again", |execution| {
        let generation: u32 = execution.input.as_ref().map_or(0, |input| input.as_str().parse().unwrap());
        let mut turn = 0;
        Box::new(move |_| {
            turn += 1;
            match (turn, generation) {
                (1, _) => vec![activity(0, "a")],
                (_, 2) => vec![complete("done")],
                _ => vec![Action::ContinueAsNew {
                    input: Some((generation + 1).to_string().into()),
                    version: None,
                    keep_events: false,
                }],
            }
        })
    });
    let worker = world.start(Options { spans: Spans::to(Arc::clone(&book) as _), ..options() });
    world.create("i", "again").await;
    world.until_completed("i").await;
    worker.shutdown().await.unwrap();
    let generations = book.named("orchestration:again");
    let parents: Vec<_> = generations.iter().map(|span| span.parent_id).collect();
    let first = generations[0].context.span_id;
    assert_eq!(parents, [None, Some(first), Some(first)]);
    let owners: BTreeSet<_> = generations.iter().map(|span| Some(span.context.span_id)).collect();
    let of_attempts: BTreeSet<_> = book.named("activity:a").iter().map(|span| span.parent_id).collect();
    assert_eq!(of_attempts, owners, "each generation has one activity");
}

#[tokio::test]
async fn a_trace_that_nobody_wants_is_not_told_of() {
    let world = World::new();
    let book = Arc::new(Book::refusing());
    world.runtime.echo("a");
    world.runtime.orchestration("chain", chain("a", 2));
    let worker = world.start(Options { spans: Spans::to(Arc::clone(&book) as _), ..options() });
    world.create("i", "chain").await;
    world.until_completed("i").await;
    worker.shutdown().await.unwrap();
    assert_eq!(book.spans(), []);
}
