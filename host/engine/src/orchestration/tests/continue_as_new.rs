//! Continue-as-new: the next execution takes the place of this one.

use insta::assert_snapshot;

use crate::testing::{
    ScriptedGuests, Session, check, complete, continue_as_new, custom_status, schedule, script, send_event, sub, timer,
    wait_event,
};
use crate::{Action, Digest, Payload};

/// Decides by generation, told by the input.
fn by_input(first: Vec<Action>, second: Vec<Action>) -> ScriptedGuests {
    ScriptedGuests::fallible(move |execution, turns| {
        let actions = if execution.input.is_none() { &first } else { &second };
        Ok(if turns.len() == 1 { actions.clone() } else { vec![complete("done")] })
    })
}

#[test]
fn the_new_execution_replaces_the_old_in_the_same_work_item() {
    let guests = by_input(vec![custom_status("kept"), continue_as_new("2", false)], vec![timer(0, 9)]);
    let inbox = "at=1s | start name=order execution=7 version=v1 tags=a:b created_at=1s";
    assert_snapshot!(check("", inbox, guests), @r#"
    replaces the history
    1 orchestrator_started at=1s
    2 execution_started execution=b149884acd04face9d60208962fe9998 name=order version=v1 input='2' tags=a:b created_at=1s generation=1 trace_parent=00-b228389e5990191f53f30ec884cc5042-03f2b336cf3c2277-01 trace_state='rondo=root' first_execution=00000000000000000000000000000007
    3 timer_created task=0 fire_at=9s
    4 orchestrator_completed
    = Running custom_status="kept" generation=1 wake_at=9000ms
    "#);
}

#[test]
fn the_version_may_change() {
    let next = Action::ContinueAsNew { input: Some("2".into()), version: Some("v2".into()), keep_events: false };
    let guests = by_input(vec![next], vec![timer(0, 9)]);
    assert_snapshot!(check("", "at=1s | start name=order version=v1", guests), @"
    replaces the history
    1 orchestrator_started at=1s
    2 execution_started execution=f37570991c1549ed1407c723791f24a8 name=order version=v2 input='2' generation=1 trace_parent=00-6d2d439b0dbcf7256528d5d47e9faefb-049d352bdb35791b-01 trace_state='rondo=root' first_execution=00000000000000000000000000000000
    3 timer_created task=0 fire_at=9s
    4 orchestrator_completed
    = Running generation=1 wake_at=9000ms
    ");
}

#[test]
fn it_moves_to_the_newest_component() {
    let mut session = Session::new(by_input(vec![timer(0, 1)], vec![]));
    session.run("at=0s | start name=order");
    let newest = Digest::from_bytes([0xd1; 32]);
    session.guests = ScriptedGuests::fallible(|execution, turns| {
        let first = execution.input.is_none();
        Ok(match (first, turns.len()) {
            (true, 1) => vec![timer(0, 1)],
            (true, _) => vec![continue_as_new("2", false)],
            (false, _) => vec![timer(0, 9)],
        })
    });
    session.guests.deploy(newest);
    session.evict();
    session.run("at=1s");
    assert_eq!(session.orchestration.state().unwrap().component, Some(newest));
}

#[test]
fn events_that_no_wait_has_taken_are_carried_over_in_order() {
    let first = vec![wait_event(0, "other"), continue_as_new("2", true)];
    let guests = by_input(first, vec![wait_event(0, "go"), wait_event(1, "go")]);
    let mut session = Session::new(guests);
    let inbox = "at=0s | start name=order | raise_event name=go data='a' key=1 | raise_event name=go data='b' key=2";
    assert_snapshot!(session.run(inbox), @r#"
    replaces the history
    1 orchestrator_started at=0s
    2 execution_started execution=f37570991c1549ed1407c723791f24a8 name=order input='2' generation=1 trace_parent=00-6d2d439b0dbcf7256528d5d47e9faefb-049d352bdb35791b-01 trace_state='rondo=root' first_execution=00000000000000000000000000000000
    3 event_raised name=go data='a' key=1
    4 event_raised name=go data='b' key=2
    5 event_awaited task=0 name=go
    6 event_awaited task=1 name=go
    7 orchestrator_completed
    8 orchestrator_started at=0s
    9 execution_completed output='done'
    10 orchestrator_completed
    = Completed output="done" generation=1
    "#);
}

#[test]
fn carried_events_are_still_recognised() {
    let guests = by_input(vec![continue_as_new("2", true)], vec![timer(0, 9)]);
    let mut session = Session::new(guests);
    session.run("at=0s | start name=order | raise_event name=go key=1");
    assert_snapshot!(session.run("at=1s | raise_event name=go key=1"), @"= Running generation=1 (as before) wake_at=9000ms");
}

#[test]
fn events_are_left_behind_unless_they_are_kept() {
    let guests = by_input(vec![continue_as_new("2", false)], vec![wait_event(0, "go")]);
    assert_snapshot!(check("", "at=0s | start name=order | raise_event name=go key=1", guests), @"
    replaces the history
    1 orchestrator_started at=0s
    2 execution_started execution=f37570991c1549ed1407c723791f24a8 name=order input='2' generation=1 trace_parent=00-6d2d439b0dbcf7256528d5d47e9faefb-049d352bdb35791b-01 trace_state='rondo=root' earlier_events=00000000000000000000000000000001 first_execution=00000000000000000000000000000000
    3 event_awaited task=0 name=go
    4 orchestrator_completed
    = Running generation=1
    ");
}

#[test]
fn an_event_that_an_earlier_generation_has_had_is_not_heard_again() {
    let guests = ScriptedGuests::fallible(|execution, turns| {
        Ok(match (execution.input.as_ref().map(Payload::as_str), turns.len()) {
            (_, 1) => vec![wait_event(0, "go")],
            (None, _) => vec![continue_as_new("2", false)],
            (Some("2"), _) => vec![continue_as_new("3", true)],
            (Some(_), _) => vec![timer(1, 90)],
        })
    });
    let mut session = Session::new(guests);
    session.run("at=0s | start name=order");
    session.run("at=1s | raise_event name=go key=1");
    session.evict();
    assert_snapshot!(session.run("at=2s | raise_event name=go key=1"), @"= Running generation=1 (as before)");
    // The one that is taken over is heard, once.
    assert_snapshot!(session.run("at=3s | raise_event name=go key=2 | raise_event name=go key=3"), @"
    replaces the history
    1 orchestrator_started at=3s
    2 execution_started execution=cc6720da6dccfbb9e05c9c202010c98a name=order input='3' generation=2 trace_parent=00-6d2d439b0dbcf7256528d5d47e9faefb-049d352bdb35791b-01 trace_state='rondo=root' earlier_events=00000000000000000000000000000001,00000000000000000000000000000002 first_execution=00000000000000000000000000000000
    3 event_raised name=go key=3
    4 event_awaited task=0 name=go
    5 orchestrator_completed
    6 orchestrator_started at=3s
    7 timer_created task=1 fire_at=90s
    8 orchestrator_completed
    = Running generation=2 wake_at=90000ms
    ");
    session.evict();
    assert_snapshot!(session.run("at=4s | raise_event name=go key=1 | raise_event name=go key=2 | raise_event name=go key=3"), @"= Running generation=2 (as before) wake_at=90000ms");
}

#[test]
fn what_the_old_execution_sent_is_sent_and_its_activities_are_interrupted() {
    let guests = ScriptedGuests::fallible(|execution, turns| {
        Ok(match (execution.input.is_none(), turns.len()) {
            (true, 1) => vec![schedule(0, "charge"), timer(1, 1)],
            (true, _) => vec![
                schedule(2, "too-late"),
                send_event(3, "order-2", "go", "1"),
                sub(4, "ship", "ship-1"),
                continue_as_new("2", false),
            ],
            (false, _) => vec![schedule(0, "charge")],
        })
    });
    let mut session = Session::new(guests);
    session.run("at=0s | start name=order");
    assert_snapshot!(session.run("at=1s"), @"
    replaces the history
    1 orchestrator_started at=1s
    2 execution_started execution=f37570991c1549ed1407c723791f24a8 name=order input='2' generation=1 trace_parent=00-6d2d439b0dbcf7256528d5d47e9faefb-049d352bdb35791b-01 trace_state='rondo=root' first_execution=00000000000000000000000000000000 left_children=ship-1:8690a42e93c7c03b3c9f1f34de870494
    3 task_scheduled task=0 name=charge
    4 orchestrator_completed
    -> order-2: raise_event name=go data='1' key=653b5189b9d36371dca42127030672d2
    -> ship-1: start execution=8690a42e93c7c03b3c9f1f34de870494 name=ship parent=order-1 parent_name=order parent_task=4 parent_attempt=1 created_at=1s trace_parent=00-6d2d439b0dbcf7256528d5d47e9faefb-049d352bdb35791b-01 trace_state='rondo=root'
    begin 0#1 charge
    interrupt 0
    = Running generation=1 busy
    ");
}

#[test]
fn late_results_for_the_old_execution_are_dropped() {
    let guests = by_input(vec![schedule(0, "charge"), continue_as_new("2", false)], vec![schedule(0, "charge")]);
    let mut session = Session::new(guests);
    session.run("at=0s | start name=order execution=7");
    assert_snapshot!(session.run("at=1s | task_completed execution=7 task=0"), @"= Running generation=1 (as before) busy");
}

#[test]
fn a_parent_hears_only_of_the_real_end() {
    let guests = by_input(vec![continue_as_new("2", false)], vec![complete("done")]);
    let start = "start name=ship execution=3 parent=order-9 parent_execution=9 parent_name=order parent_task=4 \
                 parent_attempt=1";
    assert_snapshot!(check("", &format!("at=0s | {start}"), guests), @r#"
    replaces the history
    1 orchestrator_started at=0s
    2 execution_started execution=28d4317272a2c98d6f3443e73a136cb2 name=ship input='2' parent=order-9 parent_execution=9 parent_name=order parent_task=4 parent_attempt=1 generation=1 trace_parent=00-9fae8c1c0c05eb58540c83d2f2e3d4d3-766b29e9cccf5974-01 trace_state='rondo=root' first_execution=00000000000000000000000000000003
    3 execution_completed output='done'
    4 orchestrator_completed
    -> order-9: child_completed execution=9 task=4 attempt=1 output='done'
    = Completed output="done" generation=1
    "#);
}

#[test]
fn a_repeated_start_of_an_earlier_generation_is_recognised() {
    let guests = by_input(vec![continue_as_new("2", false)], vec![complete("done")]);
    let mut session = Session::new(guests);
    session.run("at=0s | start name=order execution=7 created_at=0s");
    assert_snapshot!(session.run("at=1s | start name=order execution=7 created_at=0s"), @r#"= Completed output="done" generation=1 (as before)"#);
}

#[test]
fn an_eager_loop_is_cut_after_so_many_generations_and_goes_on() {
    let mut session = Session::new(ScriptedGuests::new(|_| vec![continue_as_new("again", false)]));
    assert_snapshot!(session.run("at=0s | start name=order"), @"
    replaces the history
    1 orchestrator_started at=0s
    2 execution_started execution=a5f42295aa0b10253a89e49784d65b9e name=order input='again' scheduled_start=1ms generation=16 trace_parent=00-6d2d439b0dbcf7256528d5d47e9faefb-049d352bdb35791b-01 trace_state='rondo=root' first_execution=00000000000000000000000000000000
    3 orchestrator_completed
    = Running generation=16 wake_at=1ms
    ");
    session.evict();
    assert_snapshot!(session.run("at=1ms"), @"
    replaces the history
    1 orchestrator_started at=1ms
    2 execution_started execution=1864bdf80f9e48da2b4c2e1c0c4cdddb name=order input='again' scheduled_start=2ms generation=32 trace_parent=00-6d2d439b0dbcf7256528d5d47e9faefb-049d352bdb35791b-01 trace_state='rondo=root' first_execution=00000000000000000000000000000000
    3 orchestrator_completed
    = Running generation=32 wake_at=2ms
    ");
}

#[test]
fn it_is_nondeterminism_to_continue_in_a_turn_that_did_not() {
    let mut session = Session::new(script([vec![timer(0, 1)]]));
    session.run("at=0s | start name=order");
    session.guests = script([vec![timer(0, 1), continue_as_new("2", false)]]);
    session.evict();
    assert_snapshot!(session.run("at=1s"), @"error: nondeterminism at event 4: the history recorded nothing, the component decided continue_as_new");
}
