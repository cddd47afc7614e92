//! Durable timers.

use insta::assert_snapshot;

use crate::testing::{ScriptedGuests, check, complete, script, timer};

const PENDING: &str = "
    1 orchestrator_started at=0s
    2 execution_started name=order
    3 timer_created task=0 fire_at=5s
    4 orchestrator_completed";

fn sleep() -> ScriptedGuests {
    script([vec![timer(0, 5)], vec![complete("awake")]])
}

#[test]
fn nothing_recorded_creates_it() {
    assert_snapshot!(check("", "at=0s | start name=order", sleep()), @"
    1 orchestrator_started at=0s
    2 execution_started name=order
    3 timer_created task=0 fire_at=5s
    4 orchestrator_completed
    = Running wake_at=5000ms
    ");
}

#[test]
fn pending_keeps_its_time() {
    assert_snapshot!(check(PENDING, "at=4s", sleep()), @"= Running (as before) wake_at=5000ms");
}

#[test]
fn due_it_fires() {
    assert_snapshot!(check(PENDING, "at=5s", sleep()), @r#"
    5 orchestrator_started at=5s
    6 timer_fired task=0
    7 execution_completed output='awake'
    8 orchestrator_completed
    = Completed output="awake"
    "#);
}

#[test]
fn fired_it_is_not_created_again() {
    let history = "
        1 orchestrator_started at=0s
        2 execution_started name=order
        3 timer_created task=0 fire_at=5s
        4 orchestrator_completed
        5 orchestrator_started at=5s
        6 timer_fired task=0
        7 timer_created task=1 fire_at=9s
        8 orchestrator_completed";
    let guests = script([vec![timer(0, 5)], vec![timer(1, 9)], vec![complete("awake")]]);
    assert_snapshot!(check(history, "at=9s", guests), @r#"
    9 orchestrator_started at=9s
    10 timer_fired task=1
    11 execution_completed output='awake'
    12 orchestrator_completed
    = Completed output="awake"
    "#);
}

#[test]
fn another_time_is_a_mismatch() {
    assert_snapshot!(check(PENDING, "at=5s", script([vec![timer(0, 6)]])), @"error: nondeterminism at event 3: the history recorded timer_created task=0 fire_at=5s, the component decided timer_created task=0 fire_at=6s");
}

#[test]
fn several_fire_by_when_they_were_due_then_by_id() {
    let all = vec![timer(0, 3), timer(1, 2), timer(2, 3), timer(3, 9)];
    let guests = ScriptedGuests::new(move |turns| match turns {
        [_] => all.clone(),
        [_, turn] => vec![complete(&format!("{:?}", turn.events))],
        _ => vec![],
    });
    let history = "
        orchestrator_started at=0s | execution_started name=order
        timer_created task=0 fire_at=3s | timer_created task=1 fire_at=2s
        timer_created task=2 fire_at=3s | timer_created task=3 fire_at=9s
        orchestrator_completed";
    assert_snapshot!(check(history, "at=7s", guests), @r#"
    8 orchestrator_started at=7s
    9 timer_fired task=1
    10 timer_fired task=0
    11 timer_fired task=2
    12 execution_completed output='[TimerFired { task: TaskId(1) }, TimerFired { task: TaskId(0) }, TimerFired { task: TaskId(2) }]'
    13 orchestrator_completed
    = Completed output="[TimerFired { task: TaskId(1) }, TimerFired { task: TaskId(0) }, TimerFired { task: TaskId(2) }]"
    "#);
}

#[test]
fn one_that_is_due_when_created_fires_in_a_turn_of_its_own() {
    let guests = script([vec![timer(0, 1)], vec![complete("awake")]]);
    assert_snapshot!(check("", "at=1s | start name=order", guests), @r#"
    1 orchestrator_started at=1s
    2 execution_started name=order
    3 timer_created task=0 fire_at=1s
    4 orchestrator_completed
    5 orchestrator_started at=1s
    6 timer_fired task=0
    7 execution_completed output='awake'
    8 orchestrator_completed
    = Completed output="awake"
    "#);
}

#[test]
fn a_clock_that_goes_back_is_overruled_by_the_history() {
    let history = "
        orchestrator_started at=7s | execution_started name=order
        timer_created task=0 fire_at=6s | orchestrator_completed";
    let guests = script([vec![timer(0, 6)], vec![complete("awake")]]);
    assert_snapshot!(check(history, "at=2s", guests), @r#"
    5 orchestrator_started at=7s
    6 timer_fired task=0
    7 execution_completed output='awake'
    8 orchestrator_completed
    = Completed output="awake"
    "#);
}
