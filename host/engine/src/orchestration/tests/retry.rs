//! Retries that the host carries out by itself. The arithmetic has its own tests in `retry.rs`.

use insta::assert_snapshot;

use crate::RetryPolicy;
use crate::testing::{ScriptedGuests, Session, check, complete, retry, schedule_with, script};

const SCHEDULED: &str = "
    1 orchestrator_started at=0s
    2 execution_started name=order
    3 task_scheduled task=0 name=charge input='5' attempts=3 first_interval=1s backoff=2
    4 orchestrator_completed";

fn charge() -> ScriptedGuests {
    script([vec![schedule_with(0, "charge", "5", Some(retry(3)))], vec![complete("done")]])
}

fn failed(attempt: u32) -> String {
    format!("task_failed task=0 attempt={attempt} kind=timeout message='no answer'")
}

#[test]
fn a_failed_attempt_is_recorded_and_the_guest_is_not_called() {
    let guests = charge();
    assert_snapshot!(check(SCHEDULED, &format!("at=1s | {}", failed(1)), guests.clone()), @"
    5 orchestrator_started at=1s
    6 task_attempt_failed task=0 attempt=1 kind=timeout message='no answer' retry_at=2s
    7 orchestrator_completed
    = Running (as before) wake_at=2000ms
    ");
    assert_eq!(guests.started(), 0);
}

#[test]
fn the_next_attempt_begins_when_its_time_has_come_and_only_once() {
    let mut session = Session::load(SCHEDULED, charge());
    session.run(&format!("at=1s | {}", failed(1)));
    assert_snapshot!(session.run("at=1s"), @"= Running (as before) wake_at=2000ms");
    assert_snapshot!(session.run("at=2s"), @r#"
    begin 0#2 charge "5"
    = Running (as before) busy
    "#);
    assert_snapshot!(session.run("at=3s"), @"= Running (as before) busy");
}

#[test]
fn after_a_load_an_attempt_that_is_due_begins_again() {
    let mut session = Session::load(SCHEDULED, charge());
    session.run(&format!("at=1s | {}", failed(1)));
    session.run("at=2s");
    session.evict();
    assert_snapshot!(session.run("at=2s"), @r#"
    begin 0#2 charge "5"
    = Running (as before) busy
    "#);
}

#[test]
fn the_last_failure_goes_to_the_guest() {
    let mut session = Session::load(SCHEDULED, charge());
    session.run(&format!("at=1s | {}", failed(1)));
    session.run(&format!("at=2s | {}", failed(2)));
    assert_snapshot!(session.run(&format!("at=9s | {}", failed(3))), @r#"
    11 orchestrator_started at=9s
    12 task_failed task=0 kind=timeout message='no answer'
    13 execution_completed output='done'
    14 orchestrator_completed
    = Completed output="done"
    "#);
    assert_snapshot!(session.text(), @"
    1 orchestrator_started at=0s
    2 execution_started name=order
    3 task_scheduled task=0 name=charge input='5' attempts=3 first_interval=1s backoff=2
    4 orchestrator_completed
    5 orchestrator_started at=1s
    6 task_attempt_failed task=0 attempt=1 kind=timeout message='no answer' retry_at=2s
    7 orchestrator_completed
    8 orchestrator_started at=2s
    9 task_attempt_failed task=0 attempt=2 kind=timeout message='no answer' retry_at=4s
    10 orchestrator_completed
    11 orchestrator_started at=9s
    12 task_failed task=0 kind=timeout message='no answer'
    13 execution_completed output='done'
    14 orchestrator_completed
    ");
}

#[test]
fn a_later_attempt_may_succeed() {
    let mut session = Session::load(SCHEDULED, charge());
    session.run(&format!("at=1s | {}", failed(1)));
    session.run("at=2s");
    assert_snapshot!(session.run("at=3s | task_completed task=0 attempt=2 output='ok'"), @r#"
    8 orchestrator_started at=3s
    9 task_completed task=0 output='ok'
    10 execution_completed output='done'
    11 orchestrator_completed
    = Completed output="done"
    "#);
}

#[test]
fn a_late_result_of_an_earlier_attempt_is_dropped() {
    let mut session = Session::load(SCHEDULED, charge());
    session.run(&format!("at=1s | {}", failed(1)));
    assert_snapshot!(session.run("at=2s | task_completed task=0 attempt=1 output='late'"), @r#"
    begin 0#2 charge "5"
    = Running (as before) busy
    "#);
}

#[test]
fn a_failure_that_cannot_be_helped_is_final_at_once() {
    let inbox = format!("at=1s | {} non_retriable", failed(1));
    assert_snapshot!(check(SCHEDULED, &inbox, charge()), @r#"
    5 orchestrator_started at=1s
    6 task_failed task=0 kind=timeout message='no answer' non_retriable
    7 execution_completed output='done'
    8 orchestrator_completed
    = Completed output="done"
    "#);
}

#[test]
fn another_policy_is_a_mismatch() {
    let policy = RetryPolicy { max_interval_ms: Some(10_000), ..retry(3) };
    let guests = script([vec![schedule_with(0, "charge", "5", Some(policy))]]);
    assert_snapshot!(check(SCHEDULED, "at=1s | task_completed task=0", guests), @"error: nondeterminism at event 3: the history recorded task_scheduled task=0 name=charge input='5' attempts=3 first_interval=1s backoff=2, the component decided task_scheduled task=0 name=charge input='5' attempts=3 first_interval=1s backoff=2 max_interval=10s");
}
