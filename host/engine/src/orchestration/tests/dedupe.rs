//! Messages that are repeated, late or misdirected lead to nothing.

use insta::assert_snapshot;

use crate::testing::{ScriptedGuests, Session, check, complete, schedule, script, timer, wait_event};

const RUNNING: &str = "
    1 orchestrator_started at=0s
    2 execution_started name=order execution=7
    3 task_scheduled task=0 name=charge
    4 timer_created task=1 fire_at=9s
    5 event_awaited task=2 name=go
    6 orchestrator_completed";

fn guests() -> ScriptedGuests {
    script([vec![schedule(0, "charge"), timer(1, 9), wait_event(2, "go")], vec![timer(3, 99)]])
}

/// Nothing is recorded or sent on account of this message.
#[track_caller]
fn assert_dropped(message: &str) {
    let mut session = Session::load(RUNNING, guests());
    session.run("at=1s");
    let outcome = session.run(&format!("at=1s | {message}"));
    assert_eq!(outcome, "= Running (as before) wake_at=9000ms busy\n", "{message}");
}

#[test]
fn misdirected_messages_are_dropped() {
    assert_dropped("start name=order execution=7");
    assert_dropped("task_completed execution=8 task=0");
    assert_dropped("task_completed execution=7 task=0 attempt=2");
    assert_dropped("task_completed execution=7 task=1");
    assert_dropped("task_completed execution=7 task=9");
    assert_dropped("task_failed execution=8 task=0 kind=k message=m");
    assert_dropped("child_completed execution=7 task=0");
    assert_dropped("child_failed execution=7 task=9 kind=k message=m");
    assert_dropped("terminate execution=8");
    assert_dropped("resume");
    assert_dropped("rewind");
}

#[test]
fn a_result_counts_once() {
    let inbox = "at=1s | task_completed execution=7 task=0 output='a' | task_completed execution=7 task=0 output='b'";
    assert_snapshot!(check(RUNNING, inbox, guests()), @"
    7 orchestrator_started at=1s
    8 task_completed task=0 output='a'
    9 timer_created task=3 fire_at=99s
    10 orchestrator_completed
    = Running wake_at=9000ms
    ");
}

#[test]
fn an_event_counts_once_by_its_key() {
    let mut session = Session::load(RUNNING, guests());
    assert_snapshot!(session.run("at=1s | raise_event name=go key=1 | raise_event name=go key=1"), @"
    7 orchestrator_started at=1s
    8 event_raised name=go key=1
    9 timer_created task=3 fire_at=99s
    10 orchestrator_completed
    begin 0#1 charge
    = Running wake_at=9000ms busy
    ");
    session.evict();
    assert_snapshot!(session.run("at=2s | raise_event name=go key=1"), @"
    begin 0#1 charge
    = Running (as before) wake_at=9000ms busy
    ");
}

#[test]
fn a_repeated_start_in_the_same_inbox_counts_once() {
    assert_snapshot!(check("", "at=0s | start name=order | start name=order", script([vec![timer(0, 9)]])), @"
    1 orchestrator_started at=0s
    2 execution_started name=order
    3 timer_created task=0 fire_at=9s
    4 orchestrator_completed
    = Running wake_at=9000ms
    ");
}

#[test]
fn events_may_overtake_the_start() {
    let guests = script([vec![wait_event(0, "go")], vec![complete("gone")]]);
    assert_snapshot!(check("", "at=0s | raise_event name=go key=1 | start name=order", guests), @r#"
    1 orchestrator_started at=0s
    2 execution_started name=order
    3 event_raised name=go key=1
    4 event_awaited task=0 name=go
    5 orchestrator_completed
    6 orchestrator_started at=0s
    7 execution_completed output='gone'
    8 orchestrator_completed
    = Completed output="gone"
    "#);
}

#[test]
fn without_a_start_there_is_nothing_to_run() {
    let mut session = Session::new(guests());
    assert_snapshot!(session.run("at=0s | raise_event name=go key=1 | terminate"), @"error: the instance has not started");
    assert!(session.orchestration.state().is_none());
    assert_snapshot!(session.run("at=1s"), @"error: the instance has not started");
}

#[test]
fn an_ended_instance_heeds_only_a_new_start() {
    let mut session = Session::new(script([vec![complete("done")]]));
    session.run("at=0s | start name=order");
    assert_snapshot!(session.run("at=1s | raise_event name=go key=1 | suspend | terminate | rewind"), @r#"= Completed output="done" (as before)"#);
    assert_snapshot!(session.run("at=2s | start name=order"), @r#"= Completed output="done" (as before)"#);
    assert_snapshot!(session.run("at=3s | start name=order execution=2 created_at=3s"), @r#"
    replaces the history
    1 orchestrator_started at=3s
    2 execution_started execution=2 name=order created_at=3s
    3 execution_completed output='done'
    4 orchestrator_completed
    = Completed output="done"
    "#);
}
