//! A guest that decides otherwise than the history says is stopped, and nothing is recorded.

use insta::assert_snapshot;

use crate::testing::{
    ScriptedGuests, Session, check, complete, continue_as_new, custom_status, schedule, script, timer, wait_event,
};
use crate::{Failure, GuestError, TurnError};

const RECORDED: &str = "
    1 orchestrator_started at=0s
    2 execution_started name=order
    3 task_scheduled task=0 name=charge
    4 timer_created task=1 fire_at=9s
    5 orchestrator_completed
    6 orchestrator_started at=1s
    7 task_completed task=0
    8 event_awaited task=2 name=go
    9 orchestrator_completed";

fn replayed_by(turns: [Vec<crate::Action>; 2]) -> String {
    check(RECORDED, "at=9s", script(turns))
}

#[test]
fn the_same_decisions_go_on() {
    assert_snapshot!(replayed_by([vec![schedule(0, "charge"), timer(1, 9)], vec![wait_event(2, "go")]]), @"
    10 orchestrator_started at=9s
    11 timer_fired task=1
    12 orchestrator_completed
    = Running
    ");
}

#[test]
fn another_kind_of_decision_is_shown_with_both_sides() {
    assert_snapshot!(replayed_by([vec![wait_event(0, "go"), timer(1, 9)], vec![wait_event(2, "go")]]), @"error: nondeterminism at event 3: the history recorded task_scheduled task=0 name=charge, the component decided event_awaited task=0 name=go");
}

#[test]
fn a_missing_decision_is_shown_against_nothing() {
    assert_snapshot!(replayed_by([vec![schedule(0, "charge")], vec![wait_event(2, "go")]]), @"error: nondeterminism at event 4: the history recorded timer_created task=1 fire_at=9s, the component decided nothing");
}

#[test]
fn an_additional_decision_is_shown_against_nothing() {
    let first = vec![schedule(0, "charge"), timer(1, 9), timer(2, 9)];
    assert_snapshot!(replayed_by([first, vec![wait_event(2, "go")]]), @"error: nondeterminism at event 5: the history recorded nothing, the component decided timer_created task=2 fire_at=9s");
}

#[test]
fn decisions_in_another_order_do_not_match() {
    let first = vec![timer(0, 9), schedule(1, "charge")];
    assert_snapshot!(replayed_by([first, vec![wait_event(2, "go")]]), @"error: nondeterminism at event 3: the history recorded task_scheduled task=0 name=charge, the component decided timer_created task=0 fire_at=9s");
}

#[test]
fn an_end_where_there_was_none_does_not_match() {
    assert_snapshot!(replayed_by([vec![schedule(0, "charge"), timer(1, 9)], vec![complete("done")]]), @"error: nondeterminism at event 8: the history recorded event_awaited task=2 name=go, the component decided execution_completed output='done'");
}

#[test]
fn a_later_turn_is_compared_as_well() {
    let first = vec![schedule(0, "charge"), timer(1, 9)];
    assert_snapshot!(replayed_by([first, vec![wait_event(2, "stop")]]), @"error: nondeterminism at event 8: the history recorded event_awaited task=2 name=go, the component decided event_awaited task=2 name=stop");
}

#[test]
fn long_payloads_are_shown_around_their_difference() {
    let same = "x".repeat(10_000);
    let history = format!(
        "orchestrator_started at=0s | execution_started name=order
         task_scheduled task=0 name=charge input='{same}1' | orchestrator_completed"
    );
    let guests = script([vec![crate::testing::schedule_with(0, "charge", &format!("{same}2"), None)]]);
    let error = check(&history, "at=1s | task_completed task=0", guests);
    assert!(error.contains("x1'") && error.contains("x2'"), "{error}");
    assert!(error.len() < 6_000);
}

#[test]
fn matching_code_lets_the_instance_go_on_with_the_same_messages() {
    let mut session = Session::load(RECORDED, script([vec![timer(0, 1)]]));
    let before = session.orchestration.state().cloned();
    assert!(session.run("at=9s | raise_event name=go key=1").starts_with("error: nondeterminism at event 3"));
    assert_eq!(session.orchestration.state(), before.as_ref());
    session.guests =
        script([vec![schedule(0, "charge"), timer(1, 9)], vec![wait_event(2, "go")], vec![complete("ok")]]);
    assert_snapshot!(session.run("at=9s | raise_event name=go key=1"), @r#"
    10 orchestrator_started at=9s
    11 event_raised name=go key=1
    12 timer_fired task=1
    13 execution_completed output='ok'
    14 orchestrator_completed
    = Completed output="ok"
    "#);
}

#[test]
fn a_missing_guest_changes_nothing() {
    let guests = script([vec![timer(0, 1)], vec![complete("done")]]);
    let mut session = Session::new(guests);
    session.refuse_guests(Some(GuestError::Unavailable("no component offers order".into())));
    let start = "at=0s | start name=order";
    assert_snapshot!(session.run(start), @"error: no component offers order");
    assert!(session.orchestration.state().is_none());
    session.refuse_guests(None);
    session.run(start);
    session.evict();
    session.refuse_guests(Some(GuestError::Unavailable("no component offers order".into())));
    let now = crate::Timestamp::from_millis(1_000);
    let error = session.run_messages(now, vec![]).unwrap_err();
    assert_eq!(error, TurnError::Unavailable("no component offers order".into()));
    session.refuse_guests(None);
    assert_snapshot!(session.run("at=1s"), @r#"
    5 orchestrator_started at=1s
    6 timer_fired task=0
    7 execution_completed output='done'
    8 orchestrator_completed
    = Completed output="done"
    "#);
}

#[test]
fn a_rewind_without_a_guest_leaves_the_instance_failed() {
    let trap = || Err(GuestError::Failed(Failure::new("defect", "m")));
    let guests =
        ScriptedGuests::fallible(move |_, turns| if turns.len() == 1 { Ok(vec![timer(0, 1)]) } else { trap() });
    let mut session = Session::new(guests);
    session.run("at=0s | start name=order");
    session.run("at=1s");
    let before = session.orchestration.state().cloned();
    session.refuse_guests(Some(GuestError::Unavailable("no component offers order".into())));
    assert_snapshot!(session.run("at=2s | rewind"), @"error: no component offers order");
    assert_eq!(session.orchestration.state(), before.as_ref());
    session.guests = script([vec![timer(0, 1)], vec![complete("done")]]);
    assert_snapshot!(session.run("at=3s | rewind"), @r#"
    9 orchestrator_started at=3s
    10 execution_rewound from=5
    11 execution_completed output='done'
    12 orchestrator_completed
    = Completed output="done"
    "#);
}

#[test]
fn a_next_execution_without_a_guest_leaves_the_old_one() {
    let guests = ScriptedGuests::fallible(|execution, turns| match (execution.input.is_none(), turns.len()) {
        (true, 1) => Ok(vec![timer(0, 1)]),
        (true, _) => Ok(vec![custom_status("lost"), continue_as_new("2", false)]),
        (false, _) => Err(GuestError::Unavailable("no component offers order".into())),
    });
    let mut session = Session::new(guests);
    session.run("at=0s | start name=order");
    let before = session.orchestration.state().cloned();
    assert_snapshot!(session.run("at=1s"), @"error: no component offers order");
    assert_eq!(session.orchestration.state(), before.as_ref());
    session.guests = script([vec![timer(0, 1)], vec![complete("done")]]);
    assert_snapshot!(session.run("at=2s"), @r#"
    5 orchestrator_started at=2s
    6 timer_fired task=0
    7 execution_completed output='done'
    8 orchestrator_completed
    = Completed output="done"
    "#);
}
