//! External events that wait through many generations: what is written of them, and whom that keeps waiting.

use std::sync::Arc;

use engine::{Action, EngineRevision, Event, EventKey, Message, Payload, RuntimeStatus, TaskId};
use store::TurnCommit;
use worker::shard::{Effect, Input};

use crate::bench::{Bench, names};
use crate::guests::{Closures, activity, chain, complete};
use crate::world::id;

const MESSAGES: usize = store::limits::MESSAGES_PER_WORK_ITEM_MAX;

fn event(number: u32) -> Message {
    let data = Some(Payload::from(number.to_string()));
    Message::RaiseEvent {
        name: "e".to_owned(),
        data,
        key: EventKey::from_bytes(u128::from(number + 1).to_be_bytes()),
        execution_id: None,
    }
}

/// Takes one event in each generation, in order, until it has had `count`; the input says how many it has had.
fn one_by_one(runtime: &Closures, count: u32) {
    runtime.orchestration("drain", move |execution| {
        let taken: u32 = execution.input.as_ref().map_or(0, |input| input.as_str().parse().unwrap());
        Box::new(move |turn| match turn.events.first() {
            None if taken == count => vec![complete("all")],
            None => vec![Action::WaitEvent { task: TaskId(0), name: "e".to_owned() }],
            Some(Event::EventRaised { data, .. }) => {
                assert_eq!(data.as_ref().unwrap().as_str(), taken.to_string(), "the events are out of order");
                let input = Some(Payload::from((taken + 1).to_string()));
                vec![Action::ContinueAsNew { input, version: None, keep_events: true }]
            }
            Some(other) => panic!("{other:?}"),
        })
    });
}

/// An instance for which `count` events wait, suspended.
fn with_waiting(bench: &mut Bench, instance: &str, count: u32) {
    let first = bench.first_commit(instance, "drain");
    let committed = bench.committed(&first);
    assert!(bench.tell(committed).is_empty());
    let mut messages = vec![Message::Suspend { reason: None, execution_id: None }];
    messages.extend((0..count).map(event));
    for chunk in messages.chunks(MESSAGES) {
        let work = bench.work(instance, chunk.to_vec());
        let effects = bench.tell(work);
        let commit = commits(&effects).pop().unwrap();
        let committed = bench.committed(&commit);
        assert!(bench.tell(committed).is_empty());
    }
}

fn commits(effects: &[Effect]) -> Vec<TurnCommit> {
    let commit = |effect: &Effect| match effect {
        Effect::Commit { commit, .. } => Some((**commit).clone()),
        _ => None,
    };
    effects.iter().filter_map(commit).collect()
}

/// Commits until the instance rests; answers with all commits. A backend wakes it up where a commit asks for it.
fn run_out(bench: &mut Bench, instance: &str, input: Input) -> Vec<TurnCommit> {
    let mut all = Vec::new();
    let mut effects = bench.tell(input);
    loop {
        let Some(commit) = commits(&effects).pop() else {
            let Some(TurnCommit { wake_at: Some(at), .. }) = all.last() else { return all };
            bench.now = bench.now.max(*at);
            let wake = bench.work(instance, Vec::new());
            effects = bench.tell(wake);
            continue;
        };
        let committed = bench.committed(&commit);
        all.push(commit);
        effects = bench.tell(committed);
    }
}

fn written(commits: &[TurnCommit]) -> usize {
    commits.iter().map(|commit| commit.history.events().len()).sum()
}

#[test]
fn what_is_written_of_waiting_events_grows_with_their_number() {
    let count = 2_000;
    let runtime = Arc::new(Closures::default());
    one_by_one(&runtime, count);
    let mut bench = Bench::new(&runtime);
    with_waiting(&mut bench, "i", count);
    let resume = bench.work("i", vec![Message::Resume { reason: None, execution_id: None }]);
    let commits = run_out(&mut bench, "i", resume);
    let last = commits.last().unwrap();
    assert_eq!((last.state.status, last.state.generation), (RuntimeStatus::Completed, count));
    // With a commit for every sixteen generations it would be 125,000.
    assert!(written(&commits) <= 6 * count as usize, "{} events in {} commits", written(&commits), commits.len());
    assert!(commits.len() <= 40, "{} commits", commits.len());
}

/// The guests that were started for an instance.
fn generations(runtime: &Closures, instance: &str) -> usize {
    runtime.starts.lock().unwrap().iter().filter(|started| *started == instance).count()
}

#[test]
fn others_have_their_turns_in_between() {
    let runtime = Arc::new(Closures::default());
    one_by_one(&runtime, 1_000);
    runtime.orchestration("chain", chain("a", 2));
    let mut bench = Bench::new(&runtime);
    with_waiting(&mut bench, "i", 1_000);
    let key = bench.first_turn("j", "chain").pop().unwrap();
    let before = generations(&runtime, "i");

    let mut effects = Vec::new();
    let resume = bench.work("i", vec![Message::Resume { reason: None, execution_id: None }]);
    bench.shard.handle(resume, bench.now, &mut effects);
    assert!(bench.shard.run_next(bench.now, EngineRevision::NEWEST, &mut effects));
    assert!(effects.is_empty() && bench.shard.has_runnable(), "it is not committed, and wants to go on");
    bench.shard.handle(crate::bench::done(key), bench.now, &mut effects);
    assert!(
        bench.shard.run_next(bench.now, EngineRevision::NEWEST, &mut effects)
            && bench.shard.run_next(bench.now, EngineRevision::NEWEST, &mut effects)
    );
    assert_eq!(commits(&effects).pop().unwrap().instance_id, id("j"));
    let most = 2 * engine::limits::CONTINUE_AS_NEW_PER_WORK_ITEM_MAX as usize;
    assert!(generations(&runtime, "i") - before <= most);
}

#[test]
fn what_arrives_meanwhile_is_taken_in_and_consumed_with_the_rest() {
    let runtime = Arc::new(Closures::default());
    one_by_one(&runtime, 1_000);
    let mut bench = Bench::new(&runtime);
    with_waiting(&mut bench, "i", 1_000);
    let mut effects = Vec::new();
    let resume = bench.work("i", vec![Message::Resume { reason: None, execution_id: None }]);
    bench.shard.handle(resume, bench.now, &mut effects);
    assert!(bench.shard.run_next(bench.now, EngineRevision::NEWEST, &mut effects) && effects.is_empty());
    let terminate = bench.work("i", vec![Message::Terminate { reason: None, recurse: false, execution_id: None }]);
    let commit = commits(&bench.tell(terminate)).pop().unwrap();
    assert_eq!((commit.state.status, commit.consumed.len()), (RuntimeStatus::Terminated, 2));
}

#[test]
fn what_was_decided_before_a_guest_is_missing_stands() {
    let runtime = Arc::new(Closures::default());
    one_by_one(&runtime, 1_000);
    let mut bench = Bench::new(&runtime);
    with_waiting(&mut bench, "i", 1_000);
    let mut effects = Vec::new();
    let resume = bench.work("i", vec![Message::Resume { reason: None, execution_id: None }]);
    bench.shard.handle(resume, bench.now, &mut effects);
    assert!(bench.shard.run_next(bench.now, EngineRevision::NEWEST, &mut effects) && effects.is_empty());
    runtime.undeploy("drain");
    assert!(bench.shard.run_next(bench.now, EngineRevision::NEWEST, &mut effects));
    let commit = commits(&effects).pop().unwrap();
    assert_eq!((commit.state.generation, commit.consumed.len()), (16, 1));
    let committed = bench.committed(&commit);
    assert!(bench.tell(committed).is_empty());
    bench.now = commit.wake_at.unwrap();
    let wake = bench.work("i", Vec::new());
    assert_eq!(names(&bench.tell(wake)), ["prepare"], "the next turn meets what is missing");
}

#[test]
fn a_shutdown_commits_what_was_run_ahead() {
    let runtime = Arc::new(Closures::default());
    one_by_one(&runtime, 1_000);
    let mut bench = Bench::new(&runtime);
    with_waiting(&mut bench, "i", 1_000);
    let mut effects = Vec::new();
    let resume = bench.work("i", vec![Message::Resume { reason: None, execution_id: None }]);
    bench.shard.handle(resume, bench.now, &mut effects);
    assert!(bench.shard.run_next(bench.now, EngineRevision::NEWEST, &mut effects) && effects.is_empty());
    let commit = commits(&bench.tell(Input::Drain)).pop().unwrap();
    assert_eq!((commit.state.generation, commit.consumed.len()), (32, 1));
    let committed = bench.committed(&commit);
    assert!(commits(&bench.tell(committed)).is_empty() && bench.shard.is_drained());
}

#[test]
fn a_panic_gives_back_everything_that_was_taken_in() {
    let runtime = Arc::new(Closures::default());
    one_by_one(&runtime, 1_000);
    let mut bench = Bench::new(&runtime);
    with_waiting(&mut bench, "i", 1_000);
    let mut effects = Vec::new();
    let resume = bench.work("i", vec![Message::Resume { reason: None, execution_id: None }]);
    bench.shard.handle(resume, bench.now, &mut effects);
    assert!(bench.shard.run_next(bench.now, EngineRevision::NEWEST, &mut effects) && effects.is_empty());
    runtime.orchestration("drain", |_| Box::new(|_| panic!("a bug")));
    let token = bench.stored[&id("i")].token.clone();
    assert!(bench.shard.run_next(bench.now, EngineRevision::NEWEST, &mut effects));
    let [Effect::Hold { token: of_hold, .. }] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(*of_hold, token, "what is stored is as it was");
    assert_eq!(bench.shard.stats().messages_in_hand, 1, "the message that was taken in first is here still");
}

#[test]
fn a_generation_that_has_work_to_do_is_committed_at_once() {
    let runtime = Arc::new(Closures::default());
    one_by_one(&runtime, 1_000);
    let mut bench = Bench::new(&runtime);
    with_waiting(&mut bench, "i", 1_000);
    runtime.orchestration("drain", |_| Box::new(|_| vec![activity(0, "a")]));
    let resume = bench.work("i", vec![Message::Resume { reason: None, execution_id: None }]);
    let effects = bench.tell(resume);
    let commit = commits(&effects).pop().unwrap();
    assert!(commit.has_open_activities && commit.state.generation == 1);
}
