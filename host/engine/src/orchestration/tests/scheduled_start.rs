//! Scheduled starts: created now, run later.

use insta::assert_snapshot;

use crate::testing::{ScriptedGuests, Session, complete, script, wait_event};

const START: &str = "start name=order scheduled_start=9s";

fn approval() -> ScriptedGuests {
    script([vec![wait_event(0, "go")], vec![complete("gone")]])
}

#[test]
fn before_its_time_it_is_pending() {
    let guests = approval();
    let mut session = Session::new(guests.clone());
    assert_snapshot!(session.run(&format!("at=1s | {START}")), @"
    1 orchestrator_started at=1s
    2 execution_started name=order scheduled_start=9s
    3 orchestrator_completed
    = Pending wake_at=9000ms
    ");
    assert_snapshot!(session.run("at=8s"), @"= Pending (as before) wake_at=9000ms");
    assert_eq!(guests.started(), 0);
}

#[test]
fn at_its_time_the_guest_has_its_first_turn() {
    let mut session = Session::new(approval());
    session.run(&format!("at=1s | {START}"));
    session.evict();
    assert_snapshot!(session.run("at=9s"), @"
    4 orchestrator_started at=9s
    5 event_awaited task=0 name=go
    6 orchestrator_completed
    = Running
    ");
}

#[test]
fn a_time_that_has_passed_begins_at_once() {
    assert_snapshot!(Session::new(approval()).run(&format!("at=9s | {START}")), @"
    1 orchestrator_started at=9s
    2 execution_started name=order scheduled_start=9s
    3 event_awaited task=0 name=go
    4 orchestrator_completed
    = Running
    ");
}

#[test]
fn events_raised_before_its_time_are_kept_for_it() {
    let mut session = Session::new(approval());
    session.run(&format!("at=1s | {START}"));
    assert_snapshot!(session.run("at=2s | raise_event name=go key=1"), @"
    4 orchestrator_started at=2s
    5 event_raised name=go key=1
    6 orchestrator_completed
    = Pending (as before) wake_at=9000ms
    ");
    assert_snapshot!(session.run("at=9s"), @r#"
    7 orchestrator_started at=9s
    8 event_awaited task=0 name=go
    9 orchestrator_completed
    10 orchestrator_started at=9s
    11 execution_completed output='gone'
    12 orchestrator_completed
    = Completed output="gone"
    "#);
    assert_snapshot!(session.text(), @"
    1 orchestrator_started at=1s
    2 execution_started name=order scheduled_start=9s
    3 orchestrator_completed
    4 orchestrator_started at=2s
    5 event_raised name=go key=1
    6 orchestrator_completed
    7 orchestrator_started at=9s
    8 event_awaited task=0 name=go
    9 orchestrator_completed
    10 orchestrator_started at=9s
    11 execution_completed output='gone'
    12 orchestrator_completed
    ");
}
