//! Rules and limits: a turn that breaks one fails the instance, and nothing else of it is recorded or sent.

use std::collections::BTreeMap;

use insta::assert_snapshot;

use crate::testing::{
    ScriptedGuests, Session, check, child, complete, continue_as_new, custom_status, fail, log, retry, schedule,
    schedule_with, script, send_event, sub, sub_with, timer, wait_event,
};
use crate::{
    Action, EngineRevision, EventKind, HistoryEvent, InstanceId, Orchestration, RetryPolicy, StartChild, Timestamp,
    limits,
};

/// The message of the failure that a first turn of these actions leads to.
fn broken(actions: Vec<Action>) -> String {
    let mut session = Session::new(script([actions]));
    session.run("at=0s | start name=order");
    let failure = session.orchestration.state().unwrap().failure.clone().unwrap();
    assert_eq!(failure.kind, crate::kind::GUEST_PROTOCOL);
    assert_eq!(session.history.len(), 4, "only the failure is recorded: {}", session.text());
    failure.message
}

fn with_policy(change: impl FnOnce(&mut RetryPolicy)) -> String {
    let mut policy = retry(3);
    change(&mut policy);
    broken(vec![schedule_with(0, "charge", "", Some(policy))])
}

#[test]
fn nothing_of_a_broken_turn_is_recorded_or_sent_but_its_logs_are_kept() {
    let actions =
        vec![log("about to break"), send_event(0, "order-2", "go", ""), custom_status("lost"), schedule(5, "charge")];
    assert_snapshot!(check("", "at=0s | start name=order", script([actions])), @"
    1 orchestrator_started at=0s
    2 execution_started name=order
    3 execution_failed kind=guest-broke-contract message='task 5 was scheduled where task 1 is next' non_retriable
    4 orchestrator_completed
    log Info: about to break
    = Failed failure=guest-broke-contract
    ");
}

#[test]
fn task_ids_count_up_from_zero() {
    assert_snapshot!(broken(vec![timer(1, 9)]), @"task 1 was scheduled where task 0 is next");
    assert_snapshot!(broken(vec![timer(0, 9), wait_event(0, "go")]), @"task 0 was scheduled where task 1 is next");
    assert_snapshot!(broken(vec![timer(0, 9), send_event(2, "order-2", "go", "")]), @"task 2 was scheduled where task 1 is next");
}

#[test]
fn nothing_follows_the_end() {
    assert_snapshot!(broken(vec![complete(""), timer(0, 9)]), @"an action follows the one that ends the execution");
    assert_snapshot!(broken(vec![fail("k", "m"), complete("")]), @"an action follows the one that ends the execution");
    assert_snapshot!(broken(vec![continue_as_new("", false), custom_status("")]), @"an action follows the one that ends the execution");
}

#[test]
fn a_log_line_may_follow_the_end() {
    let outcome = check("", "at=0s | start name=order", script([vec![complete("done"), log("bye")]]));
    assert!(outcome.contains("= Completed"), "{outcome}");
}

#[test]
fn names_are_bounded() {
    let long = "n".repeat(limits::NAME_BYTES_MAX + 1);
    assert_snapshot!(broken(vec![schedule(0, "")]), @"the activity name is empty");
    assert_snapshot!(broken(vec![schedule(0, &long)]), @"the activity name of 201 bytes exceeds the limit of 200 (NAME_BYTES_MAX)");
    assert_snapshot!(broken(vec![wait_event(0, "a\nb")]), @"the event name holds a control character");
    assert_snapshot!(broken(vec![send_event(0, "order-2", "", "")]), @"the event name is empty");
    assert_snapshot!(broken(vec![sub(0, &long, "ship-1")]), @"the orchestration name of 201 bytes exceeds the limit of 200 (NAME_BYTES_MAX)");
    assert_snapshot!(broken(vec![fail("", "m")]), @"the failure kind is empty");
    let versioned = StartChild { version: Some(long), ..child(0, "ship") };
    assert_snapshot!(broken(vec![sub_with(versioned)]), @"the version of 201 bytes exceeds the limit of 200 (NAME_BYTES_MAX)");
}

#[test]
fn instance_ids_are_checked() {
    assert_snapshot!(broken(vec![sub(0, "ship", "@entity")]), @"'@entity' is no instance id: an instance id must not begin with '@'");
    assert_snapshot!(broken(vec![send_event(0, "", "go", "")]), @"'' is no instance id: an id must not be empty");
}

#[test]
fn payloads_are_bounded_each_and_together() {
    let large = "x".repeat(limits::PAYLOAD_BYTES_MAX);
    let too_large = format!("{large}x");
    let message = broken(vec![complete(&too_large)]);
    assert_snapshot!(message, @"a payload of 16777217 bytes exceeds the limit of 16777216 (PAYLOAD_BYTES_MAX)");
    assert_eq!(broken(vec![schedule_with(0, "charge", &too_large, None)]), message);
    assert_eq!(broken(vec![send_event(0, "order-2", "go", &too_large)]), message);
    assert_eq!(broken(vec![custom_status(&too_large)]), message);
    assert_eq!(broken(vec![continue_as_new(&too_large, false)]), message);
    assert_eq!(broken(vec![sub_with(StartChild { input: Some(too_large.into()), ..child(0, "ship") })]), message);
    let together = (0..3).map(|task| schedule_with(task, "charge", &large, None)).collect();
    assert_snapshot!(broken(together), @"a turn of more payload bytes exceeds the limit of 33554432 (TURN_BYTES_MAX)");
}

#[test]
fn actions_of_one_turn_are_bounded() {
    let count = u32::try_from(limits::ACTIONS_PER_TURN_MAX).unwrap();
    let mut session = Session::new(script([(0..count).map(|task| timer(task, 9)).collect::<Vec<_>>()]));
    assert!(session.run("at=0s | start name=order").ends_with("= Running wake_at=9000ms\n"));
    assert_snapshot!(broken((0..=count).map(|task| timer(task, 9)).collect()), @"a turn of more actions exceeds the limit of 20000 (ACTIONS_PER_TURN_MAX)");
}

#[test]
fn tags_are_bounded() {
    let tags: BTreeMap<_, _> = (0..=limits::TAGS_MAX).map(|n| (format!("tag{n}"), String::new())).collect();
    assert_snapshot!(broken(vec![sub_with(StartChild { tags, ..child(0, "ship") })]), @"65 tags exceeds the limit of 64 (TAGS_MAX)");
}

#[test]
fn retry_policies_are_checked() {
    assert_snapshot!(with_policy(|policy| policy.max_attempts = 0), @"a retry policy allows no attempt");
    assert_snapshot!(with_policy(|policy| policy.max_attempts = limits::RETRY_ATTEMPTS_MAX + 1), @"1000001 attempts exceeds the limit of 1000000 (RETRY_ATTEMPTS_MAX)");
    assert_snapshot!(with_policy(|policy| policy.backoff_coefficient = 0.5), @"the backoff coefficient 0.5 is not a number from 1 on");
    assert_snapshot!(with_policy(|policy| policy.backoff_coefficient = f64::NAN), @"the backoff coefficient NaN is not a number from 1 on");
    assert_snapshot!(with_policy(|policy| policy.backoff_coefficient = f64::INFINITY), @"the backoff coefficient inf is not a number from 1 on");
    assert_snapshot!(with_policy(|policy| policy.first_interval_ms = 1 << 53), @"first-interval 9007199254740992 exceeds the limit of 9007199254740991 (TIME_MS_MAX)");
    assert_snapshot!(with_policy(|policy| policy.max_interval_ms = Some(1 << 53)), @"max-interval 9007199254740992 exceeds the limit of 9007199254740991 (TIME_MS_MAX)");
    assert_snapshot!(with_policy(|policy| policy.retry_timeout_ms = Some(1 << 53)), @"retry-timeout 9007199254740992 exceeds the limit of 9007199254740991 (TIME_MS_MAX)");
    assert_snapshot!(with_policy(|policy| policy.non_retriable_kinds = vec![String::new(); 65]), @"65 non-retriable kinds exceeds the limit of 64 (RETRY_KINDS_MAX)");
    assert_snapshot!(with_policy(|policy| policy.non_retriable_kinds = vec!["k".repeat(201)]), @"a kind of 201 bytes exceeds the limit of 200 (NAME_BYTES_MAX)");
    assert_eq!(
        broken(vec![sub_with(StartChild { retry: Some(retry(0)), ..child(0, "ship") })]),
        with_policy(|policy| policy.max_attempts = 0)
    );
}

#[test]
fn timers_are_bounded() {
    let fire_at = Timestamp::from_millis(limits::TIME_MS_MAX + 1);
    assert_snapshot!(broken(vec![Action::CreateTimer { task: crate::TaskId(0), fire_at }]), @"fire-at 9007199254740992 exceeds the limit of 9007199254740991 (TIME_MS_MAX)");
}

#[test]
fn log_lines_are_cut_and_counted() {
    let mut actions = vec![log(&"ü".repeat(limits::LOG_LINE_BYTES_MAX))];
    actions.extend((0..limits::LOG_LINES_PER_TURN_MAX + 4).map(|_| log("line")));
    let mut session = Session::new(script([actions]));
    let start = crate::text::parse_messages("start name=order").unwrap();
    let logs = session.run_messages(Timestamp::from_millis(0), start).unwrap().logs;
    assert_eq!(logs[0].message.len(), limits::LOG_LINE_BYTES_MAX);
    assert_eq!(logs.len(), limits::LOG_LINES_PER_TURN_MAX + 1);
    assert_snapshot!(logs.last().unwrap().message, @"5 further lines of this turn were dropped (LOG_LINES_PER_TURN_MAX)");
}

#[test]
fn failure_messages_are_cut_wherever_they_come_from() {
    let long = "m".repeat(limits::FAILURE_MESSAGE_BYTES_MAX + 1);
    let mut session = Session::new(script([vec![schedule(0, "charge")], vec![fail("k", &long)]]));
    session.run("at=0s | start name=order");
    session.run(&format!("at=1s | task_failed task=0 kind=k message={long}"));
    let lengths = session.history.iter().filter_map(|event| match &event.kind {
        EventKind::TaskFailed { failure, .. } | EventKind::ExecutionFailed { failure } => Some(failure.message.len()),
        _ => None,
    });
    assert_eq!(lengths.collect::<Vec<_>>(), [limits::FAILURE_MESSAGE_BYTES_MAX; 2]);
}

#[test]
fn a_guest_that_keeps_itself_busy_yields_and_goes_on_in_the_next_work_item() {
    let guests = ScriptedGuests::new(|turns| vec![timer(u32::try_from(turns.len()).unwrap() - 1, 0)]);
    let mut session = Session::new(guests);
    let outcome = session.run("at=5s | start name=order");
    assert!(outcome.ends_with("= Running wake_at=5000ms\n"));
    let turns =
        |session: &Session| session.history.iter().filter(|event| event.kind == EventKind::OrchestratorStarted).count();
    assert_eq!(turns(&session), limits::TURNS_PER_WORK_ITEM_MAX as usize);
    session.evict();
    session.run("at=5s");
    assert_eq!(turns(&session), 2 * limits::TURNS_PER_WORK_ITEM_MAX as usize);
}

#[test]
fn events_beyond_the_buffer_are_dropped_unless_a_wait_takes_them() {
    let mut session = Session::new(script([vec![wait_event(0, "go")]]));
    session.run("at=0s | start name=order");
    let raise = |name: &str, key: usize| crate::Message::RaiseEvent {
        name: name.into(),
        data: None,
        key: crate::EventKey::from_bytes((key as u128).to_be_bytes()),
        execution_id: None,
    };
    let full = (0..limits::BUFFERED_EVENTS_MAX).map(|key| raise("other", key)).collect();
    session.run_messages(Timestamp::from_millis(1), full).unwrap();
    let (more, awaited) = (limits::BUFFERED_EVENTS_MAX, limits::BUFFERED_EVENTS_MAX + 1);
    let outcome =
        session.run_messages(Timestamp::from_millis(2), vec![raise("other", more), raise("go", awaited)]).unwrap();
    assert_snapshot!(crate::testing::render_outcome(&outcome), @"
    100007 orchestrator_started at=2ms
    100008 event_raised name=go key=186a1
    100009 orchestrator_completed
    log Warn: event 'other' was dropped: 100000 wait already (BUFFERED_EVENTS_MAX)
    = Running (as before)
    ");
}

#[test]
fn a_history_at_its_limit_ends_with_a_failure() {
    let mut history = crate::text::parse_history(
        "orchestrator_started at=0s | execution_started name=order | event_awaited task=0 name=go | orchestrator_completed
         orchestrator_started at=0s",
    )
    .unwrap();
    for id in history.len() as u64 + 1..limits::HISTORY_EVENTS_MAX - 4 {
        let key = crate::EventKey::from_bytes(u128::from(id).to_be_bytes());
        let kind = EventKind::EventRaised { name: "other".into(), data: None, key };
        history.push(HistoryEvent { id: crate::EventId(id), at: Timestamp::default(), kind });
    }
    let id = crate::EventId(limits::HISTORY_EVENTS_MAX - 4);
    history.push(HistoryEvent { id, at: Timestamp::default(), kind: EventKind::OrchestratorCompleted });
    let instance = InstanceId::new("order-1").unwrap();
    let mut guests = script([vec![wait_event(0, "go")], vec![timer(1, 9), timer(2, 9)]]);
    let inbox = || crate::text::parse_messages("raise_event name=go data='x'").unwrap();
    let mut orchestration = Orchestration::load(instance.clone(), history.clone(), None, None).unwrap();
    let outcome = orchestration.run(Timestamp::from_millis(0), EngineRevision::NEWEST, inbox(), &mut guests).unwrap();
    assert_snapshot!(crate::testing::render_outcome(&outcome), @"
    999997 orchestrator_started at=0s
    999998 event_raised name=go data='x'
    999999 execution_failed kind=history-too-long message='the history would exceed the limit of 1000000 events (HISTORY_EVENTS_MAX); continue as new before that' non_retriable
    1000000 orchestrator_completed
    = Failed failure=history-too-long
    ");

    let mut guests = script([vec![wait_event(0, "go")], vec![complete("in time")]]);
    let mut orchestration = Orchestration::load(instance, history, None, None).unwrap();
    let outcome = orchestration.run(Timestamp::from_millis(0), EngineRevision::NEWEST, inbox(), &mut guests).unwrap();
    assert_eq!(outcome.state.output, Some("in time".into()));
}
