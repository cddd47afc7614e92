//! A shard whose backend lets instances move to other hosts, and hands messages out more than once.

use std::sync::Arc;
use std::time::Duration;

use engine::{EventKey, Message};
use store::{CommitError, MessageId};
use worker::Unprepared;
use worker::shard::{Config, Effect, Input, Notice};

use crate::bench::{Bench, activities_in, commit_in, done, names};
use crate::guests::{Closures, complete, fan_out, sleeper};
use crate::world::id;

fn event(key: u8) -> Message {
    Message::RaiseEvent { name: "e".to_owned(), data: None, key: EventKey::from_bytes([key; 16]), execution_id: None }
}

fn completed(key: &worker::shard::ActivityKey) -> Message {
    let worker::shard::ActivityKey { instance_id: _, execution_id, task, attempt } = *key;
    Message::TaskCompleted { execution_id, task, attempt, output: None }
}

fn not_owned(instance: &str) -> CommitError {
    CommitError::NotOwned { instance_id: id(instance) }
}

fn fan(count: u32) -> Arc<Closures> {
    let runtime = Arc::new(Closures::default());
    runtime.orchestration("fan", fan_out("a", count));
    runtime
}

#[test]
fn a_turn_of_an_instance_that_moved_away_is_dropped_quietly_and_its_messages_are_the_backends_business() {
    let runtime = fan(3);
    let mut bench = Bench::new(&runtime);
    bench.first_commit("i", "fan");
    let later = bench.work("i", vec![event(1)]);
    assert!(bench.tell(later).is_empty());
    let effects = bench.tell(Input::Committed { instance_id: id("i"), result: Err(not_owned("i")) });
    let [Effect::Abandon(work), Effect::Notice(Notice::NotOwned { .. })] = &effects[..] else { panic!("{effects:?}") };
    // It may be back already, and the event may have come since.
    assert!(work.messages.iter().any(|envelope| envelope.message == event(1)), "{work:?}");
    let stats = bench.shard.stats();
    assert_eq!((stats.commits_not_owned, stats.commits_stale, stats.commits_unknown), (1, 0, 0));
    assert_eq!((stats.messages_in_hand, stats.instances_busy, stats.instances_warm), (0, 0, 0));
}

#[test]
fn activities_of_an_instance_that_moved_away_are_interrupted_and_begin_anew_if_it_returns() {
    let runtime = fan(3);
    let mut bench = Bench::new(&runtime);
    let keys = bench.first_turn("i", "fan");
    commit_in(bench.tell(done(keys[0].clone())));
    let effects = bench.tell(Input::Committed { instance_id: id("i"), result: Err(not_owned("i")) });
    assert_eq!(names(&effects), ["cancel", "cancel", "notice"]);
    assert_eq!(bench.shard.stats().activities_in_flight, 0);
    assert!(bench.tell(done(keys[1].clone())).is_empty(), "a late result loads nothing");
    let wake_up = bench.work("i", Vec::new());
    bench.tell(wake_up);
    bench.tell(bench.loaded("i"));
    assert_eq!(activities_in(&bench.tell(Bench::prepared("i"))), keys);
}

#[test]
fn an_instance_that_moved_away_is_not_held() {
    let runtime = fan(1);
    let mut bench = Bench::new(&runtime);
    let start = bench.create("i", "fan");
    bench.tell(start);
    bench.tell(bench.loaded("i"));
    let no_guest = Input::Prepared { instance_id: id("i"), result: Err(Unprepared::Unavailable("gone".to_owned())) };
    assert_eq!(names(&bench.tell(no_guest)), ["hold"]);
    let effects = bench.tell(Input::Held { instance_id: id("i"), result: Err(not_owned("i")) });
    assert_eq!(names(&effects), ["abandon", "notice"]);
    let stats = bench.shard.stats();
    assert_eq!((stats.commits_not_owned, stats.held, stats.messages_in_hand), (1, 0, 0));
}

#[test]
fn messages_that_were_taken_in_before_are_consumed_and_nothing_more() {
    let runtime = Arc::new(Closures::default());
    // Completes with the number of events it was told of.
    runtime.orchestration("counts", |_| {
        let mut told = 0;
        Box::new(move |turn| {
            let wait = |task| engine::Action::WaitEvent { task: engine::TaskId(task), name: "e".to_owned() };
            if turn.events.is_empty() {
                return vec![wait(0)];
            }
            told += 1;
            if told == 3 { vec![complete("3")] } else { vec![wait(told)] }
        })
    });
    let mut bench = Bench::with(&runtime, Config { warm_bytes_max: 0, warm_max: usize::MAX, busy_max: 10 });
    let commit = bench.first_commit("i", "counts");
    let committed = bench.committed(&commit);
    bench.tell(committed);

    // Messages 2 and 3 have been taken in: one is here before the history, one comes after it.
    bench.stored.get_mut(&id("i")).unwrap().taken_in = vec![MessageId(2), MessageId(3)];
    let first = bench.work("i", vec![event(1)]);
    let second = bench.work("i", vec![event(2), event(3)]);
    assert_eq!(names(&bench.tell(first)), ["load"]);
    bench.tell(bench.loaded("i"));
    bench.tell(second);
    let commit = commit_in(bench.tell(Bench::prepared("i")));
    assert_eq!(commit.consumed, [2, 3, 4].map(MessageId));
    let raised: Vec<_> = commit
        .history
        .events()
        .iter()
        .filter_map(|event| match &event.kind {
            engine::EventKind::EventRaised { key, .. } => Some(*key),
            _ => None,
        })
        .collect();
    assert_eq!(raised, [EventKey::from_bytes([3; 16])], "only the message that is new");
}

#[test]
fn a_wake_runs_what_is_due_and_is_consumed() {
    let runtime = Arc::new(Closures::default());
    runtime.orchestration("sleeper", sleeper(Duration::from_secs(5)));
    let mut bench = Bench::new(&runtime);
    bench.first_turn("i", "sleeper");
    let early = bench.work("i", vec![Message::Wake]);
    let commit = commit_in(bench.tell(early));
    assert_eq!((commit.consumed.len(), commit.history.events().len()), (1, 0));
    let committed = bench.committed(&commit);
    assert!(bench.tell(committed).is_empty());
    bench.now = bench.now.saturating_add(Duration::from_secs(5));
    let due = bench.work("i", vec![Message::Wake]);
    let commit = commit_in(bench.tell(due));
    assert!(commit.state.status.is_terminal());
    assert_eq!(commit.consumed.len(), 1);
}

#[test]
fn a_wake_before_the_start_is_no_reason_to_come_back() {
    let runtime = fan(1);
    let mut bench = Bench::new(&runtime);
    bench.create("i", "fan");
    let wake = bench.work("i", vec![Message::Wake]);
    bench.tell(wake);
    bench.tell(bench.loaded("i"));
    assert!(bench.tell(Bench::prepared("i")).is_empty());
    assert_eq!(bench.shard.stats().messages_in_hand, 0);
}

#[test]
fn an_attempt_whose_result_comes_as_a_message_is_in_flight_until_that_is_recorded() {
    let runtime = fan(2);
    let mut bench = Bench::with(&runtime, Config { warm_bytes_max: 0, warm_max: usize::MAX, busy_max: 10 });
    let keys = bench.first_turn("i", "fan");
    let result = bench.work("i", vec![completed(&keys[0])]);
    assert_eq!(names(&bench.tell(result)), ["load"]);
    bench.tell(bench.loaded("i"));
    let commit = commit_in(bench.tell(Bench::prepared("i")));
    assert_eq!(bench.shard.stats().activities_in_flight, 2, "the turn may come to nothing yet");
    let committed = bench.committed(&commit);
    let effects = bench.tell(committed);
    assert!(matches!(&effects[..], [Effect::CancelActivity(key)] if *key == keys[0]), "{effects:?}");
    assert_eq!(bench.shard.stats().activities_in_flight, 1);
    assert!(bench.tell(done(keys[0].clone())).is_empty(), "a second result leads to nothing");
}

#[test]
fn a_result_of_somebody_elses_attempt_forgets_nothing() {
    let runtime = fan(2);
    let mut bench = Bench::new(&runtime);
    let keys = bench.first_turn("i", "fan");
    let Message::TaskCompleted { execution_id, task, output, .. } = completed(&keys[0]) else { unreachable!() };
    let late = Message::TaskCompleted { execution_id, task, attempt: 7, output };
    let work = bench.work("i", vec![late]);
    let commit = commit_in(bench.tell(work));
    let committed = bench.committed(&commit);
    assert!(bench.tell(committed).is_empty());
    assert_eq!(bench.shard.stats().activities_in_flight, 2);
}
