//! Custom status and logs: shown, never recorded.

use insta::assert_snapshot;

use crate::testing::{Session, complete, custom_status, log, script, timer};
use crate::{Action, InstanceId, Orchestration};

#[test]
fn the_last_one_of_a_turn_is_shown_until_it_is_set_again() {
    let guests = script([
        vec![custom_status("a"), timer(0, 1), custom_status("b")],
        vec![timer(1, 2)],
        vec![custom_status("c"), timer(2, 3)],
        vec![Action::SetCustomStatus { status: None }, timer(3, 4)],
    ]);
    let mut session = Session::new(guests);
    assert_snapshot!(session.run("at=0s | start name=order"), @r#"
    1 orchestrator_started at=0s
    2 execution_started name=order
    3 timer_created task=0 fire_at=1s
    4 orchestrator_completed
    = Running custom_status="b" wake_at=1000ms
    "#);
    assert_snapshot!(session.run("at=1s"), @r#"
    5 orchestrator_started at=1s
    6 timer_fired task=0
    7 timer_created task=1 fire_at=2s
    8 orchestrator_completed
    = Running custom_status="b" (as before) wake_at=2000ms
    "#);
    assert_snapshot!(session.run("at=2s"), @r#"
    9 orchestrator_started at=2s
    10 timer_fired task=1
    11 timer_created task=2 fire_at=3s
    12 orchestrator_completed
    = Running custom_status="c" wake_at=3000ms
    "#);
    assert_snapshot!(session.run("at=3s"), @"
    13 orchestrator_started at=3s
    14 timer_fired task=2
    15 timer_created task=3 fire_at=4s
    16 orchestrator_completed
    = Running wake_at=4000ms
    ");
}

#[test]
fn replayed_turns_neither_set_it_nor_log() {
    let guests =
        script([vec![custom_status("old"), log("old line"), timer(0, 1)], vec![log("new line"), complete("")]]);
    let mut session = Session::new(guests);
    assert_snapshot!(session.run("at=0s | start name=order"), @r#"
    1 orchestrator_started at=0s
    2 execution_started name=order
    3 timer_created task=0 fire_at=1s
    4 orchestrator_completed
    log Info: old line
    = Running custom_status="old" wake_at=1000ms
    "#);
    let state = session.orchestration.state().unwrap();
    let id = InstanceId::new("order-1").unwrap();
    session.orchestration =
        Orchestration::load(id, session.history.clone(), state.component, Some("from the row".into())).unwrap();
    assert_snapshot!(session.run("at=1s"), @r#"
    5 orchestrator_started at=1s
    6 timer_fired task=0
    7 execution_completed output=''
    8 orchestrator_completed
    log Info: new line
    = Completed output="" custom_status="from the row"
    "#);
}

#[test]
fn it_may_differ_between_code_versions() {
    let mut session = Session::new(script([vec![custom_status("old"), timer(0, 1)]]));
    session.run("at=0s | start name=order");
    session.guests = script([vec![timer(0, 1), log("rewritten")], vec![complete("done")]]);
    session.evict();
    assert_snapshot!(session.run("at=1s"), @r#"
    5 orchestrator_started at=1s
    6 timer_fired task=0
    7 execution_completed output='done'
    8 orchestrator_completed
    = Completed output="done" custom_status="old"
    "#);
}
