//! What a shard decides: inputs in, effects out.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use engine::{Action, EngineRevision, EventKey, EventKind, InstanceId, LogLevel, Message, TaskId};
use store::{CommitError, Outcome, StorageError, Token};
use worker::shard::{Config, Effect, Input, Notice};

use crate::bench::{Bench, activities_in, commit_in, done, names};
use crate::guests::{Closures, activity, chain, complete, component, fan_out, sleeper};
use crate::world::id;

fn storage(instance: &str, outcome: Outcome) -> Input {
    let error = StorageError::new("commit", outcome, "injected");
    Input::Committed { instance_id: id(instance), result: Err(error.into()) }
}

fn stale(instance: &str) -> Input {
    let error =
        CommitError::Stale { instance_id: id(instance), held: Token("1".into()), stored: Some(Token("7".into())) };
    Input::Committed { instance_id: id(instance), result: Err(error) }
}

fn event(key: u8) -> Message {
    Message::RaiseEvent { name: "e".to_owned(), data: None, key: EventKey::from_bytes([key; 16]), execution_id: None }
}

#[test]
fn nothing_leaves_before_its_turn_is_durable() {
    let runtime = Arc::new(Closures::default());
    runtime.orchestration("talks", |_| {
        Box::new(|_| {
            let log = Action::Log { level: LogLevel::Info, message: "hello".to_owned() };
            vec![log, activity(0, "a")]
        })
    });
    let mut bench = Bench::new(&runtime);
    // `first_commit` has checked that the commit is all there is.
    let commit = bench.first_commit("i", "talks");
    assert!(commit.has_open_activities);
    let committed = bench.committed(&commit);
    assert_eq!(names(&bench.tell(committed)), ["log", "run"]);
}

#[test]
fn completions_that_arrive_together_share_a_commit() {
    let runtime = Arc::new(Closures::default());
    runtime.orchestration("fan", fan_out("a", 10));
    let mut bench = Bench::new(&runtime);
    let keys = bench.first_turn("i", "fan");
    assert_eq!(keys.len(), 10);
    let commit = commit_in(bench.tell_all(keys.into_iter().map(done)));
    assert!(commit.state.status.is_terminal());
}

#[test]
fn completions_that_arrive_during_a_commit_share_the_next() {
    let runtime = Arc::new(Closures::default());
    runtime.orchestration("fan", fan_out("a", 10));
    let mut bench = Bench::new(&runtime);
    let mut results = bench.first_turn("i", "fan").into_iter().map(done);
    let first = commit_in(bench.tell(results.next().unwrap()));
    for result in results {
        assert!(bench.tell(result).is_empty());
    }
    let committed = bench.committed(&first);
    let second = commit_in(bench.tell(committed));
    assert!(second.state.status.is_terminal());
    let committed = bench.committed(&second);
    assert!(bench.tell(committed).is_empty());
    assert_eq!(bench.shard.stats().instances_warm, 0, "an ended instance is not kept");
}

#[test]
fn a_stale_turn_is_dropped_with_all_it_decided() {
    let runtime = Arc::new(Closures::default());
    runtime.orchestration("fan", fan_out("a", 3));
    let mut bench = Bench::new(&runtime);
    bench.first_commit("i", "fan");
    let later = bench.work("i", vec![event(1)]);
    assert!(bench.tell(later).is_empty());
    let effects = bench.tell(stale("i"));
    let [Effect::Notice(Notice::SplitBrainDetected { held, stored, .. }), Effect::Abandon(work)] = &effects[..] else {
        panic!("{effects:?}");
    };
    assert_eq!((&*held.0, &*stored.as_ref().unwrap().0), ("1", "7"));
    assert_eq!(work.messages.iter().map(|envelope| envelope.id.0).collect::<Vec<_>>(), [1, 2]);
    let stats = bench.shard.stats();
    assert_eq!((stats.instances_busy, stats.instances_warm), (0, 0));
    assert_eq!((stats.commits_stale, stats.split_brains), (1, 1));
}

#[test]
fn a_stale_turn_of_results_alone_asks_the_backend_for_a_wake_up() {
    // The results are dropped: if the instance is still ours, it must come back for its activities to be run again.
    let runtime = Arc::new(Closures::default());
    runtime.orchestration("fan", fan_out("a", 1));
    let mut bench = Bench::new(&runtime);
    let keys = bench.first_turn("i", "fan");
    commit_in(bench.tell(done(keys[0].clone())));
    let effects = bench.tell(stale("i"));
    assert_eq!(names(&effects), ["notice", "abandon"]);
    assert!(matches!(&effects[1], Effect::Abandon(work) if work.messages.is_empty()));
    let wake_up = bench.work("i", Vec::new());
    bench.tell(wake_up);
    bench.tell(bench.loaded("i"));
    assert_eq!(activities_in(&bench.tell(Bench::prepared("i"))), keys);
}

#[test]
fn after_an_unknown_outcome_the_stored_state_decides() {
    for was_done in [false, true] {
        let runtime = Arc::new(Closures::default());
        runtime.orchestration("fan", fan_out("a", 2));
        let mut bench = Bench::new(&runtime);
        let commit = bench.first_commit("i", "fan");
        if was_done {
            bench.committed(&commit);
        }
        let effects = bench.tell(storage("i", Outcome::Unknown));
        assert!(matches!(&effects[..], [Effect::Notice(_), Effect::Load { attempt: 1, .. }]), "{effects:?}");
        bench.tell(bench.loaded("i"));
        let commit = commit_in(bench.tell(Bench::prepared("i")));
        assert_eq!(commit.consumed.len(), 1, "the start is consumed again");
        assert_eq!(commit.history.events().is_empty(), was_done);
        let committed = bench.committed(&commit);
        assert_eq!(activities_in(&bench.tell(committed)).len(), 2);
    }
}

#[test]
fn a_commit_that_was_not_done_is_repeated_and_then_reloaded() {
    let runtime = Arc::new(Closures::default());
    runtime.orchestration("fan", fan_out("a", 1));
    let mut bench = Bench::new(&runtime);
    let first = bench.first_commit("i", "fan");
    let mut repeats = 0;
    loop {
        let effects = bench.tell(storage("i", Outcome::NotDone));
        match &effects[..] {
            [Effect::Notice(_), Effect::Commit { commit, attempt }] => {
                repeats += 1;
                assert_eq!((&commit.history, *attempt), (&first.history, repeats));
                assert!(repeats < 100, "repeated without end");
            }
            [Effect::Notice(_), Effect::Load { .. }] => break,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(repeats, 5);
}

#[test]
fn an_instance_that_was_evicted_does_not_begin_its_activities_twice() {
    let runtime = Arc::new(Closures::default());
    runtime.orchestration("fan", fan_out("a", 3));
    let mut bench = Bench::with(&runtime, Config { warm_bytes_max: 0, warm_max: usize::MAX, busy_max: 10 });
    let keys = bench.first_turn("i", "fan");
    assert_eq!((keys.len(), bench.shard.stats().evictions, bench.shard.stats().instances_warm), (3, 1, 0));
    assert_eq!(names(&bench.tell(done(keys[0].clone()))), ["load"]);
    bench.tell(bench.loaded("i"));
    let commit = commit_in(bench.tell(Bench::prepared("i")));
    let committed = bench.committed(&commit);
    assert!(bench.tell(committed).is_empty());
    assert_eq!(bench.shard.stats().activities_in_flight, 2);
}

#[test]
fn the_longest_idle_instance_is_evicted_first() {
    // Room for two: a guest weighs 1,000 bytes, and its slot and history some thousands more.
    for (warm_bytes_max, warm_max) in [(15_000, usize::MAX), (usize::MAX, 2)] {
        let runtime = Arc::new(Closures::default());
        runtime.orchestration("fan", fan_out("a", 2));
        let mut bench = Bench::with(&runtime, Config { warm_bytes_max, warm_max, busy_max: 10 });
        bench.first_turn("x", "fan");
        let y = bench.first_turn("y", "fan");
        assert_eq!(bench.shard.stats().evictions, 0, "{} bytes", bench.shard.stats().warm_bytes);
        let again = bench.work("x", Vec::new());
        assert!(bench.tell(again).is_empty(), "warm, and nothing to do");
        bench.first_turn("z", "fan");
        assert_eq!(bench.shard.stats().evictions, 1);
        assert_eq!(names(&bench.tell(done(y[0].clone()))), ["load"]);
    }
}

#[test]
fn what_a_turn_left_unfinished_is_made_up_for_although_nothing_changes() {
    let runtime = Arc::new(Closures::default());
    runtime.orchestration("fan", fan_out("a", 2));
    let mut bench = Bench::with(&runtime, Config { warm_bytes_max: 0, warm_max: usize::MAX, busy_max: 10 });
    bench.first_turn("i", "fan");
    for is_unfinished in [true, false] {
        bench.stored.get_mut(&id("i")).unwrap().is_unfinished = is_unfinished;
        let wake_up = bench.work("i", Vec::new());
        assert_eq!(names(&bench.tell(wake_up)), ["load"]);
        let loaded = bench.loaded("i");
        assert_eq!(names(&bench.tell(loaded)), ["prepare"]);
        let effects = bench.tell(Bench::prepared("i"));
        if is_unfinished {
            let commit = commit_in(effects);
            assert_eq!((commit.history.events().len(), commit.consumed.len()), (0, 0));
            let committed = bench.committed(&commit);
            bench.tell(committed);
        } else {
            assert!(!names(&effects).contains(&"commit"), "once is enough: {effects:?}");
        }
    }
}

#[test]
fn a_wake_up_that_came_early_is_asked_for_again() {
    let runtime = Arc::new(Closures::default());
    runtime.orchestration("sleeper", sleeper(Duration::from_secs(5)));
    let mut bench = Bench::new(&runtime);
    bench.first_turn("i", "sleeper");
    let due = bench.stored[&id("i")].row.wake_at.unwrap();
    bench.now = bench.now.saturating_add(Duration::from_secs(4));
    let wake_up = bench.work("i", Vec::new());
    let commit = commit_in(bench.tell(wake_up));
    assert_eq!((commit.wake_at, commit.history.events().len()), (Some(due), 0));
    let committed = bench.committed(&commit);
    assert!(bench.tell(committed).is_empty());
    bench.now = due;
    let wake_up = bench.work("i", Vec::new());
    assert!(commit_in(bench.tell(wake_up)).state.status.is_terminal());
}

#[test]
fn a_turn_without_any_effect_is_not_committed() {
    let runtime = Arc::new(Closures::default());
    runtime.orchestration("fan", fan_out("a", 1));
    let mut bench = Bench::new(&runtime);
    let keys = bench.first_turn("i", "fan");
    let wake_up = bench.work("i", Vec::new());
    assert!(bench.tell(wake_up).is_empty());
    // A message is consumed even if it changes nothing.
    let late = Message::TaskCompleted { execution_id: keys[0].execution_id, task: TaskId(7), attempt: 1, output: None };
    let late = bench.work("i", vec![late]);
    let commit = commit_in(bench.tell(late));
    assert_eq!((commit.consumed.len(), commit.history.events().len()), (1, 0));
}

#[test]
fn activities_of_an_ended_execution_are_canceled_after_the_commit() {
    let runtime = Arc::new(Closures::default());
    runtime.orchestration("race", |_| {
        Box::new(
            |turn| if turn.events.is_empty() { vec![activity(0, "a"), activity(1, "a")] } else { vec![complete("")] },
        )
    });
    let mut bench = Bench::new(&runtime);
    let keys = bench.first_turn("i", "race");
    let commit = commit_in(bench.tell(done(keys[1].clone())));
    let committed = bench.committed(&commit);
    let effects = bench.tell(committed);
    assert!(matches!(&effects[..], [Effect::CancelActivity(key)] if *key == keys[0]), "{effects:?}");
    assert!(bench.tell(done(keys[0].clone())).is_empty(), "its late result loads nothing");
}

#[test]
fn a_panic_in_a_guest_holds_only_its_instance() {
    let runtime = Arc::new(Closures::default());
    runtime.orchestration("bad", |_| Box::new(|_| panic!("a bug in the host")));
    runtime.orchestration("fan", fan_out("a", 1));
    let mut bench = Bench::new(&runtime);
    let start = bench.create("i", "bad");
    bench.tell(start);
    bench.tell(bench.loaded("i"));
    let effects = bench.tell(Bench::prepared("i"));
    let [Effect::Hold { reason, .. }] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(reason.code, "internal");
    assert!(reason.message.contains("a bug in the host"), "{}", reason.message);
    assert_eq!(bench.first_turn("j", "fan").len(), 1);
}

#[test]
fn a_guest_that_is_missing_in_the_middle_of_a_turn_is_prepared_and_asked_for_again() {
    let runtime = Arc::new(Closures::default());
    let mut bench = Bench::new(&runtime);
    let start = bench.create("i", "fan");
    bench.tell(start);
    bench.tell(bench.loaded("i"));
    for _ in 0..3 {
        let effects = bench.tell(Bench::prepared("i"));
        assert!(
            matches!(&effects[..], [Effect::Prepare { orchestration, .. }] if orchestration == "fan"),
            "{effects:?}"
        );
    }
    runtime.orchestration("fan", fan_out("a", 1));
    assert_eq!(commit_in(bench.tell(Bench::prepared("i"))).consumed.len(), 1);
}

#[test]
fn a_guest_that_stays_missing_holds_its_instance() {
    let runtime = Arc::new(Closures::default());
    let mut bench = Bench::new(&runtime);
    let start = bench.create("i", "fan");
    bench.tell(start);
    bench.tell(bench.loaded("i"));
    let held = (0..100).find_map(|_| {
        bench.tell(Bench::prepared("i")).into_iter().find_map(|effect| match effect {
            Effect::Hold { reason, .. } => Some(reason),
            _ => None,
        })
    });
    assert_eq!(held.unwrap().code, "component-unavailable");
}

#[test]
fn the_component_that_the_starter_asked_for_is_prepared() {
    let runtime = Arc::new(Closures::default());
    let mut bench = Bench::new(&runtime);
    let mut start = bench.create("i", "fan");
    let Input::Work(work) = &mut start else { unreachable!() };
    let Message::Start(started) = &mut work.messages[0].message else { unreachable!() };
    started.component = Some(component());
    bench.tell(start);
    let effects = bench.tell(bench.loaded("i"));
    assert!(matches!(&effects[..], [Effect::Prepare { component: Some(_), .. }]), "{effects:?}");
}

#[test]
fn what_comes_before_the_start_of_a_replacement_is_given_back_and_nothing_of_the_old_instance_is_written() {
    let runtime = Arc::new(Closures::default());
    runtime.orchestration("once", |_| Box::new(|_| vec![complete("done")]));
    let mut bench = Bench::new(&runtime);
    let old = bench.first_commit("i", "once");
    let committed = bench.committed(&old);
    bench.tell(committed);
    bench.replace("i", "once");
    for early in [event(1), Message::Rewind { reason: None, execution_id: None, asker: None, to_event: None }] {
        let early = bench.work("i", vec![early]);
        bench.tell(early);
        bench.tell(bench.loaded("i"));
        let effects = bench.tell(Bench::prepared("i"));
        assert!(matches!(&effects[..], [Effect::Abandon(work)] if work.messages.len() == 1), "{effects:?}");
    }
}

#[test]
fn messages_before_the_start_are_given_back() {
    let runtime = Arc::new(Closures::default());
    let mut bench = Bench::new(&runtime);
    bench.create("i", "fan");
    let early = bench.work("i", vec![event(1)]);
    bench.tell(early);
    bench.tell(bench.loaded("i"));
    assert_eq!(names(&bench.tell(Bench::prepared("i"))), ["abandon"]);
}

#[test]
fn messages_for_nobody_are_left_to_the_backend() {
    let runtime = Arc::new(Closures::default());
    let mut bench = Bench::new(&runtime);
    let work = bench.work("i", vec![event(1)]);
    bench.tell(work);
    // It comes while the load is on its way, which may not have seen it.
    let late = bench.work("i", vec![event(2)]);
    assert!(bench.tell(late).is_empty());
    let effects = bench.tell(bench.loaded("i"));
    let [Effect::Abandon(work), Effect::Notice(Notice::InstanceGone { .. })] = &effects[..] else {
        panic!("{effects:?}");
    };
    assert_eq!(work.messages.len(), 2);
    assert_eq!(bench.shard.stats().messages_in_hand, 0);
}

#[test]
fn a_corrupt_history_holds_its_instance() {
    let runtime = Arc::new(Closures::default());
    runtime.orchestration("fan", fan_out("a", 1));
    let mut bench = Bench::with(&runtime, Config { warm_bytes_max: 0, warm_max: usize::MAX, busy_max: 10 });
    let keys = bench.first_turn("i", "fan");
    bench.stored.get_mut(&id("i")).unwrap().history.remove(1);
    bench.tell(done(keys[0].clone()));
    let effects = bench.tell(bench.loaded("i"));
    let [Effect::Hold { reason, token, .. }] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!((reason.code.as_str(), &*token.0), ("corrupt-history", "2"));
}

#[test]
fn a_history_that_storage_cannot_read_holds_its_instance() {
    let runtime = Arc::new(Closures::default());
    runtime.orchestration("fan", fan_out("a", 1));
    let mut bench = Bench::with(&runtime, Config { warm_bytes_max: 0, warm_max: usize::MAX, busy_max: 10 });
    let keys = bench.first_turn("i", "fan");
    let stored = bench.stored.get_mut(&id("i")).unwrap();
    (stored.history, stored.damage) = (Vec::new(), Some("a flipped bit".to_owned()));
    bench.tell(done(keys[0].clone()));
    let effects = bench.tell(bench.loaded("i"));
    let [Effect::Hold { reason, .. }] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(reason.code, "corrupt-history");
    assert!(reason.message.contains("a flipped bit"), "{}", reason.message);
}

#[test]
fn an_instance_that_cannot_be_read_is_left_alone() {
    let runtime = Arc::new(Closures::default());
    let mut bench = Bench::new(&runtime);
    let start = bench.create("i", "fan");
    bench.tell(start);
    let error = StorageError::new("load", Outcome::Permanent, "damaged");
    let effects = bench.tell(Input::Loaded { instance_id: id("i"), result: Err(error) });
    assert!(matches!(&effects[..], [Effect::Notice(Notice::Unreadable { .. })]), "{effects:?}");
    assert_eq!(bench.shard.stats().messages_in_hand, 0);
}

#[test]
fn loads_are_given_up_unless_that_would_lose_results() {
    let runtime = Arc::new(Closures::default());
    runtime.orchestration("fan", fan_out("a", 1));
    let failing = |bench: &mut Bench| {
        for _ in 0..100 {
            let error = StorageError::new("load", Outcome::NotDone, "injected");
            let effects = bench.tell(Input::Loaded { instance_id: id("i"), result: Err(error) });
            if names(&effects) == ["notice", "abandon"] {
                return true;
            }
            assert_eq!(names(&effects), ["notice", "load"]);
        }
        false
    };
    let mut bench = Bench::with(&runtime, Config { warm_bytes_max: 0, warm_max: usize::MAX, busy_max: 10 });
    let start = bench.create("i", "fan");
    bench.tell(start);
    assert!(failing(&mut bench));
    let keys = bench.first_turn("i", "fan");
    bench.tell(done(keys[0].clone()));
    assert!(!failing(&mut bench));
}

#[test]
fn draining_gives_back_what_has_not_begun_and_records_results() {
    let runtime = Arc::new(Closures::default());
    runtime.orchestration("fan", fan_out("a", 2));
    let mut bench = Bench::new(&runtime);
    let keys = bench.first_turn("i", "fan");
    let commit = commit_in(bench.tell(done(keys[0].clone())));
    bench.tell(done(keys[1].clone()));
    let loading = bench.create("j", "fan");
    bench.tell(loading);
    let effects = bench.tell(Input::Drain);
    assert!(matches!(&effects[..], [Effect::Abandon(work)] if work.instance_id == id("j")), "{effects:?}");
    let late = bench.create("k", "fan");
    assert_eq!(names(&bench.tell(late)), ["abandon"]);
    assert!(!bench.shard.is_drained());
    let committed = bench.committed(&commit);
    let last = commit_in(bench.tell(committed));
    assert!(last.state.status.is_terminal());
    let committed = bench.committed(&last);
    bench.tell(committed);
    assert!(bench.shard.is_drained());
}

#[test]
fn room_ends_with_too_many_busy_instances() {
    let runtime = Arc::new(Closures::default());
    runtime.orchestration("fan", fan_out("a", 1));
    let mut bench = Bench::with(&runtime, Config { warm_bytes_max: usize::MAX, warm_max: usize::MAX, busy_max: 2 });
    let commit = bench.first_commit("i", "fan");
    assert!(bench.shard.has_room());
    bench.first_commit("j", "fan");
    assert!(!bench.shard.has_room());
    let committed = bench.committed(&commit);
    bench.tell(committed);
    assert!(bench.shard.has_room(), "an idle instance takes no room");
}

#[test]
fn equal_inputs_lead_to_equal_effects() {
    let run = |seed: u64| {
        let mut random = fastrand::Rng::with_seed(seed);
        let runtime = Arc::new(Closures::default());
        runtime.orchestration("fan", fan_out("a", 4));
        runtime.orchestration("chain", chain("a", 4));
        let mut bench = Bench::with(&runtime, Config { warm_bytes_max: 30_000, warm_max: usize::MAX, busy_max: 100 });
        let mut open: Vec<Effect> = Vec::new();
        let mut log = String::new();
        for n in 0..8 {
            let start = bench.create(&format!("i{n}"), if n % 2 == 0 { "fan" } else { "chain" });
            open.extend(bench.tell(start));
        }
        for _ in 0..10_000 {
            if open.is_empty() {
                break;
            }
            let effect = open.swap_remove(random.usize(..open.len()));
            writeln!(log, "{effect:?}").unwrap();
            let inputs = answer(&mut bench, effect, &mut random);
            open.extend(bench.tell_all(inputs));
        }
        assert!(open.is_empty(), "did not come to rest");
        assert!(bench.stored.values().all(|snapshot| snapshot.row.state.status.is_terminal()), "seed {seed}");
        log
    };
    for seed in 0..20 {
        assert_eq!(run(seed), run(seed), "seed {seed}");
    }
}

/// What the world might say to an effect: mostly the good news, sometimes a fault.
fn answer(bench: &mut Bench, effect: Effect, random: &mut fastrand::Rng) -> Vec<Input> {
    let named = |id: &InstanceId| id.to_string();
    match effect {
        Effect::Load { instance_id, .. } => vec![bench.loaded(&named(&instance_id))],
        Effect::Prepare { instance_id, .. } => vec![Bench::prepared(&named(&instance_id))],
        Effect::Commit { commit, .. } => match random.u8(..8) {
            0 => vec![storage(&named(&commit.instance_id), Outcome::NotDone)],
            1 => vec![storage(&named(&commit.instance_id), Outcome::Unknown)],
            2 => {
                bench.committed(&commit);
                vec![storage(&named(&commit.instance_id), Outcome::Unknown)]
            }
            _ => vec![bench.committed(&commit)],
        },
        Effect::RunActivity { task, .. } => vec![done(worker::shard::ActivityKey::of(&task))],
        Effect::Abandon(work) => vec![Input::Work(work)],
        Effect::Hold { .. } => panic!("nothing here is to be held"),
        Effect::CancelActivity(_) | Effect::GuestLog { .. } | Effect::Notice(_) | Effect::Tell(_) => Vec::new(),
    }
}

#[test]
fn an_instance_of_newer_rules_is_left_alone_and_the_log_says_so() {
    let runtime = Arc::new(Closures::default());
    runtime.orchestration("fan", fan_out("a", 1));
    let mut bench = Bench::with(&runtime, Config { warm_bytes_max: 0, warm_max: usize::MAX, busy_max: 10 });
    let keys = bench.first_turn("i", "fan");
    let stored = bench.stored.get_mut(&id("i")).unwrap();
    for event in &mut stored.history {
        if let EventKind::ExecutionStarted(started) = &mut event.kind {
            started.engine_revision = EngineRevision(EngineRevision::NEWEST.0 + 1);
        }
    }
    bench.tell(done(keys[0].clone()));
    let effects = bench.tell(bench.loaded("i"));
    let [Effect::Notice(Notice::Unreadable { error, .. })] = &effects[..] else { panic!("{effects:?}") };
    let said = error.source.to_string();
    assert!(said.contains("newer rondo"), "{said}");
    assert_eq!(bench.shard.stats().messages_in_hand, 0);
}
