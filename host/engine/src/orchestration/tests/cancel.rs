//! Cancel: the guest loses interest.

use insta::assert_snapshot;

use crate::testing::{
    ScriptedGuests, Session, cancel, check, complete, schedule, script, send_event, sub, timer, wait_event,
};

/// One of each kind, and a timer to wake up by.
fn one_of_each() -> Vec<crate::Action> {
    vec![schedule(0, "charge"), timer(1, 9), sub(2, "ship", "ship-1"), wait_event(3, "go"), timer(4, 1)]
}

#[test]
fn open_tasks_of_every_kind_are_canceled_and_a_running_attempt_is_interrupted() {
    let guests = script([one_of_each(), vec![cancel(0), cancel(1), cancel(2), cancel(3)]]);
    let mut session = Session::new(guests);
    session.run("at=0s | start name=order");
    assert_snapshot!(session.run("at=1s"), @"
    9 orchestrator_started at=1s
    10 timer_fired task=4
    11 task_canceled task=0
    12 task_canceled task=1
    13 task_canceled task=2
    14 task_canceled task=3
    15 orchestrator_completed
    interrupt 0
    = Running (as before)
    ");
    assert_snapshot!(
        session.run("at=9s | task_completed task=0 | child_completed task=2 | raise_event name=go key=1"),
        @"
    16 orchestrator_started at=9s
    17 event_raised name=go key=1
    18 orchestrator_completed
    = Running (as before)
    "
    );
}

#[test]
fn after_a_load_an_attempt_that_may_run_elsewhere_is_interrupted_too() {
    let mut session = Session::new(script([one_of_each(), vec![cancel(0)]]));
    session.run("at=0s | start name=order");
    session.evict();
    assert_snapshot!(session.run("at=1s"), @"
    9 orchestrator_started at=1s
    10 timer_fired task=4
    11 task_canceled task=0
    12 orchestrator_completed
    interrupt 0
    = Running (as before) wake_at=9000ms
    ");
}

#[test]
fn a_settled_task_is_not_canceled_and_a_replay_agrees() {
    let guests = script([
        vec![schedule(0, "charge"), schedule(1, "ship")],
        vec![cancel(0), cancel(0), timer(2, 5)],
        vec![complete("done")],
    ]);
    let mut session = Session::new(guests);
    session.run("at=0s | start name=order");
    assert_snapshot!(session.run("at=1s | task_completed task=0"), @"
    6 orchestrator_started at=1s
    7 task_completed task=0
    8 timer_created task=2 fire_at=5s
    9 orchestrator_completed
    = Running (as before) wake_at=5000ms busy
    ");
    session.evict();
    assert_snapshot!(session.run("at=5s"), @r#"
    10 orchestrator_started at=5s
    11 timer_fired task=2
    12 execution_completed output='done'
    13 orchestrator_completed
    interrupt 1
    = Completed output="done"
    "#);
}

#[test]
fn canceling_twice_records_once() {
    let guests = script([vec![timer(0, 9), cancel(0), cancel(0), timer(1, 1)], vec![complete("done")]]);
    let mut session = Session::new(guests);
    assert_snapshot!(session.run("at=0s | start name=order"), @"
    1 orchestrator_started at=0s
    2 execution_started name=order
    3 timer_created task=0 fire_at=9s
    4 task_canceled task=0
    5 timer_created task=1 fire_at=1s
    6 orchestrator_completed
    = Running wake_at=1000ms
    ");
    session.evict();
    assert_snapshot!(session.run("at=1s"), @r#"
    7 orchestrator_started at=1s
    8 timer_fired task=1
    9 execution_completed output='done'
    10 orchestrator_completed
    = Completed output="done"
    "#);
}

#[test]
fn what_is_never_settled_is_never_canceled() {
    let guests = script([vec![send_event(0, "order-2", "go", "1"), cancel(0)]]);
    assert_snapshot!(check("", "at=0s | start name=order", guests), @"
    1 orchestrator_started at=0s
    2 execution_started name=order
    3 event_sent task=0 instance=order-2 name=go data='1'
    4 orchestrator_completed
    -> order-2: raise_event name=go data='1' key=b164a54489ad63c6eb564d555e1327e1
    = Running
    ");
}

#[test]
fn an_activity_canceled_in_its_own_turn_never_begins() {
    assert_snapshot!(check("", "at=0s | start name=order", script([vec![schedule(0, "charge"), cancel(0)]])), @"
    1 orchestrator_started at=0s
    2 execution_started name=order
    3 task_scheduled task=0 name=charge
    4 task_canceled task=0
    5 orchestrator_completed
    = Running
    ");
}

#[test]
fn a_task_that_was_never_scheduled_cannot_be_canceled() {
    assert_snapshot!(check("", "at=0s | start name=order", script([vec![timer(0, 9), cancel(1)]])), @"
    1 orchestrator_started at=0s
    2 execution_started name=order
    3 execution_failed kind=guest-broke-contract message='task 1 was canceled but never scheduled' non_retriable
    4 orchestrator_completed
    = Failed failure=guest-broke-contract
    ");
}

const CANCELED: &str = "
    1 orchestrator_started at=0s
    2 execution_started name=order
    3 timer_created task=0 fire_at=9s
    4 timer_created task=1 fire_at=1s
    5 orchestrator_completed
    6 orchestrator_started at=1s
    7 timer_fired task=1
    8 task_canceled task=0
    9 event_awaited task=2 name=go
    10 orchestrator_completed";

fn timeout(second_turn: Vec<crate::Action>) -> ScriptedGuests {
    script([vec![timer(0, 9), timer(1, 1)], second_turn, vec![complete("done")]])
}

#[test]
fn a_recorded_cancel_is_replayed() {
    let guests = timeout(vec![cancel(0), wait_event(2, "go")]);
    assert_snapshot!(check(CANCELED, "at=20s | raise_event name=go key=1", guests), @r#"
    11 orchestrator_started at=20s
    12 event_raised name=go key=1
    13 execution_completed output='done'
    14 orchestrator_completed
    = Completed output="done"
    "#);
}

#[test]
fn a_missing_cancel_is_a_mismatch() {
    let guests = timeout(vec![wait_event(2, "go")]);
    assert_snapshot!(check(CANCELED, "at=20s | raise_event name=go key=1", guests), @"error: nondeterminism at event 8: the history recorded task_canceled task=0, the component decided event_awaited task=2 name=go");
}

#[test]
fn an_additional_cancel_of_an_open_task_is_a_mismatch() {
    let guests = timeout(vec![cancel(0), wait_event(2, "go"), cancel(2)]);
    assert_snapshot!(check(CANCELED, "at=20s | raise_event name=go key=1", guests), @"error: nondeterminism at event 10: the history recorded nothing, the component decided task_canceled task=2");
}

#[test]
fn an_additional_cancel_of_a_closed_task_changes_nothing() {
    let guests = timeout(vec![cancel(1), cancel(0), wait_event(2, "go"), cancel(0)]);
    assert_snapshot!(check(CANCELED, "at=20s | raise_event name=go key=1", guests), @r#"
    11 orchestrator_started at=20s
    12 event_raised name=go key=1
    13 execution_completed output='done'
    14 orchestrator_completed
    = Completed output="done"
    "#);
}
