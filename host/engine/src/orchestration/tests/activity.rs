//! Activities: scheduled, pending, settled.

use insta::assert_snapshot;

use crate::testing::{check, complete, fail, schedule, schedule_with, script};
use crate::{Action, Event, Failure, TaskId};

const PENDING: &str = "
    1 orchestrator_started at=0s
    2 execution_started name=order
    3 task_scheduled task=0 name=charge input='5'
    4 orchestrator_completed";

fn charge_then_done() -> crate::testing::ScriptedGuests {
    script([vec![schedule_with(0, "charge", "5", None)], vec![complete("done")]])
}

#[test]
fn nothing_recorded_schedules_it() {
    assert_snapshot!(check("", "at=0s | start name=order", charge_then_done()), @r#"
    1 orchestrator_started at=0s
    2 execution_started name=order
    3 task_scheduled task=0 name=charge input='5'
    4 orchestrator_completed
    begin 0#1 charge "5"
    = Running busy
    "#);
}

#[test]
fn pending_is_begun_again_after_a_load_and_records_nothing() {
    assert_snapshot!(check(PENDING, "at=9s", charge_then_done()), @r#"
    begin 0#1 charge "5"
    = Running (as before) busy
    "#);
}

#[test]
fn a_result_goes_to_the_guest() {
    assert_snapshot!(check(PENDING, "at=1s | task_completed task=0 output='ok'", charge_then_done()), @r#"
    5 orchestrator_started at=1s
    6 task_completed task=0 output='ok'
    7 execution_completed output='done'
    8 orchestrator_completed
    = Completed output="done"
    "#);
}

#[test]
fn the_guest_hears_the_result_itself() {
    let guests = crate::testing::ScriptedGuests::new(|turns| match turns {
        [_] => vec![schedule_with(0, "charge", "5", None)],
        [_, turn] => {
            let expected = Event::ActivityCompleted { task: TaskId(0), output: Some("ok".into()) };
            assert_eq!((turn.now.as_millis(), turn.events.as_slice()), (1_000, [expected].as_slice()));
            vec![complete("heard")]
        }
        _ => vec![],
    });
    assert_snapshot!(check(PENDING, "at=1s | task_completed task=0 output='ok'", guests), @r#"
    5 orchestrator_started at=1s
    6 task_completed task=0 output='ok'
    7 execution_completed output='heard'
    8 orchestrator_completed
    = Completed output="heard"
    "#);
}

#[test]
fn a_failure_without_a_policy_is_final() {
    let guests = crate::testing::ScriptedGuests::new(|turns| match turns {
        [_] => vec![schedule_with(0, "charge", "5", None)],
        [_, turn] => {
            let failure = Failure::new("card-declined", "no money");
            assert_eq!(turn.events, [Event::ActivityFailed { task: TaskId(0), failure: failure.clone() }]);
            vec![Action::Fail { failure }]
        }
        _ => vec![],
    });
    let inbox = "at=1s | task_failed task=0 kind=card-declined message='no money'";
    assert_snapshot!(check(PENDING, inbox, guests), @"
    5 orchestrator_started at=1s
    6 task_failed task=0 kind=card-declined message='no money'
    7 execution_failed kind=card-declined message='no money'
    8 orchestrator_completed
    = Failed failure=card-declined
    ");
}

#[test]
fn a_recorded_result_is_replayed_and_the_next_is_scheduled() {
    let history = "
        1 orchestrator_started at=0s
        2 execution_started name=order
        3 task_scheduled task=0 name=charge
        4 task_scheduled task=1 name=ship
        5 orchestrator_completed
        6 orchestrator_started at=1s
        7 task_completed task=0
        8 orchestrator_completed";
    let guests = script([vec![schedule(0, "charge"), schedule(1, "ship")], vec![], vec![schedule(2, "mail")]]);
    assert_snapshot!(check(history, "at=2s | task_completed task=1", guests), @"
    9 orchestrator_started at=2s
    10 task_completed task=1
    11 task_scheduled task=2 name=mail
    12 orchestrator_completed
    begin 2#1 mail
    = Running busy
    ");
}

#[test]
fn results_that_arrive_together_are_told_in_one_turn_in_their_order() {
    let history = "
        orchestrator_started at=0s | execution_started name=order
        task_scheduled task=0 name=a | task_scheduled task=1 name=b | orchestrator_completed";
    let guests = crate::testing::ScriptedGuests::new(|turns| match turns {
        [_] => vec![schedule(0, "a"), schedule(1, "b")],
        [_, turn] => vec![complete(&format!("{:?}", turn.events))],
        _ => vec![],
    });
    let inbox = "at=1s | task_completed task=1 output='second' | task_completed task=0 output='first'";
    assert_snapshot!(check(history, inbox, guests), @r#"
    6 orchestrator_started at=1s
    7 task_completed task=1 output='second'
    8 task_completed task=0 output='first'
    9 execution_completed output='[ActivityCompleted { task: TaskId(1), output: Some("second") }, ActivityCompleted { task: TaskId(0), output: Some("first") }]'
    10 orchestrator_completed
    = Completed output="[ActivityCompleted { task: TaskId(1), output: Some(\"second\") }, ActivityCompleted { task: TaskId(0), output: Some(\"first\") }]"
    "#);
}

#[test]
fn a_guest_that_decided_otherwise_is_a_mismatch() {
    let guests = script([vec![schedule_with(0, "charge", "6", None)], vec![complete("done")]]);
    assert_snapshot!(check(PENDING, "at=1s | task_completed task=0", guests), @"error: nondeterminism at event 3: the history recorded task_scheduled task=0 name=charge input='5', the component decided task_scheduled task=0 name=charge input='6'");
}

#[test]
fn activities_open_at_the_end_are_interrupted_and_new_ones_never_begin() {
    let guests = script([vec![schedule_with(0, "charge", "5", None), schedule(1, "ship")]]);
    let mut session = crate::testing::Session::new(guests);
    session.run("at=0s | start name=order");
    session.guests = script([
        vec![schedule_with(0, "charge", "5", None), schedule(1, "ship")],
        vec![schedule(2, "too-late"), fail("out-of-stock", "nothing left")],
    ]);
    session.evict();
    assert_snapshot!(session.run("at=1s | task_completed task=0"), @"
    6 orchestrator_started at=1s
    7 task_completed task=0
    8 task_scheduled task=2 name=too-late
    9 execution_failed kind=out-of-stock message='nothing left'
    10 orchestrator_completed
    interrupt 1
    = Failed failure=out-of-stock
    ");
}
