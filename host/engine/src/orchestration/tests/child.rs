//! Children: started by a parent that waits, or that does not.

use insta::assert_snapshot;

use crate::testing::{
    ScriptedGuests, Session, check, child, complete, detached, fail, retry, script, sub, sub_with, timer,
};
use crate::{Action, StartChild};

const PENDING: &str = "
    1 orchestrator_started at=0s
    2 execution_started name=order
    3 sub_orchestration_created task=0 name=ship instance=ship-1
    4 orchestrator_completed";

/// Completes with what it is told of its child.
fn ship() -> ScriptedGuests {
    ScriptedGuests::new(|turns| match turns {
        [_] => vec![sub(0, "ship", "ship-1")],
        [_, turn] => vec![complete(&format!("{:?}", turn.events))],
        _ => vec![],
    })
}

#[test]
fn nothing_recorded_starts_it() {
    assert_snapshot!(check("", "at=3s | start name=order", ship()), @"
    1 orchestrator_started at=3s
    2 execution_started name=order
    3 sub_orchestration_created task=0 name=ship instance=ship-1
    4 orchestrator_completed
    -> ship-1: start execution=e365fad90ef4a7af954fcc120fc18b24 name=ship parent=order-1 parent_name=order parent_task=0 parent_attempt=1 created_at=3s trace_parent=00-6d2d439b0dbcf7256528d5d47e9faefb-049d352bdb35791b-01 trace_state='rondo=root'
    = Running
    ");
}

#[test]
fn without_an_id_it_gets_a_derived_one() {
    let guests = script([vec![sub_with(child(0, "ship"))]]);
    assert_snapshot!(check("", "at=0s | start name=order execution=7", guests), @"
    1 orchestrator_started at=0s
    2 execution_started execution=7 name=order
    3 sub_orchestration_created task=0 name=ship instance='00000000000000000000000000000007:0'
    4 orchestrator_completed
    -> 00000000000000000000000000000007:0: start execution=8d2da72376da9289f357f228e43f979d name=ship parent=order-1 parent_execution=7 parent_name=order parent_task=0 parent_attempt=1 trace_parent=00-b228389e5990191f53f30ec884cc5042-03f2b336cf3c2277-01 trace_state='rondo=root'
    = Running
    ");
}

#[test]
fn pending_it_is_not_started_again() {
    assert_snapshot!(check(PENDING, "at=9s", ship()), @"= Running (as before)");
}

#[test]
fn its_result_goes_to_the_guest() {
    assert_snapshot!(check(PENDING, "at=9s | child_completed task=0 output='ok'", ship()), @r#"
    5 orchestrator_started at=9s
    6 sub_orchestration_completed task=0 output='ok'
    7 execution_completed output='[ChildCompleted { task: TaskId(0), output: Some("ok") }]'
    8 orchestrator_completed
    = Completed output="[ChildCompleted { task: TaskId(0), output: Some(\"ok\") }]"
    "#);
}

#[test]
fn its_failure_goes_to_the_guest() {
    let inbox = "at=9s | child_failed task=0 kind=lost message='the parcel is lost'";
    assert_snapshot!(check(PENDING, inbox, ship()), @r#"
    5 orchestrator_started at=9s
    6 sub_orchestration_failed task=0 kind=lost message='the parcel is lost'
    7 execution_completed output='[ChildFailed { task: TaskId(0), failure: Failure { kind: "lost", message: "the parcel is lost", details: None, non_retriable: false } }]'
    8 orchestrator_completed
    = Completed output="[ChildFailed { task: TaskId(0), failure: Failure { kind: \"lost\", message: \"the parcel is lost\", details: None, non_retriable: false } }]"
    "#);
}

#[test]
fn other_parameters_are_a_mismatch() {
    let other = StartChild { version: Some("2".into()), instance_id: Some("ship-1".into()), ..child(0, "ship") };
    assert_snapshot!(check(PENDING, "at=9s | child_completed task=0", script([vec![sub_with(other)]])), @"error: nondeterminism at event 3: the history recorded sub_orchestration_created task=0 name=ship instance=ship-1, the component decided sub_orchestration_created task=0 name=ship instance=ship-1 version=2");
}

#[test]
fn a_detached_one_has_no_parent_and_is_never_settled() {
    let mut session = Session::new(script([vec![detached(0, "audit", "audit-1"), timer(1, 9)], vec![complete("")]]));
    assert_snapshot!(session.run("at=0s | start name=order"), @"
    1 orchestrator_started at=0s
    2 execution_started name=order
    3 sub_orchestration_created task=0 name=audit instance=audit-1 detached
    4 timer_created task=1 fire_at=9s
    5 orchestrator_completed
    -> audit-1: start execution=e365fad90ef4a7af954fcc120fc18b24 name=audit trace_parent=00-6d2d439b0dbcf7256528d5d47e9faefb-049d352bdb35791b-01 trace_state='rondo=root'
    = Running wake_at=9000ms
    ");
    assert_snapshot!(session.run("at=1s | child_completed task=0"), @"= Running (as before) wake_at=9000ms");
}

#[test]
fn an_attempt_that_failed_is_followed_by_another_under_a_new_execution_id() {
    let start = StartChild { instance_id: Some("ship-1".into()), retry: Some(retry(2)), ..child(0, "ship") };
    let mut session = Session::new(script([vec![sub_with(start)], vec![complete("gave up")]]));
    session.run("at=0s | start name=order");
    assert_snapshot!(session.run("at=1s | child_failed task=0 kind=lost message=m"), @"
    5 orchestrator_started at=1s
    6 sub_orchestration_attempt_failed task=0 attempt=1 kind=lost message='m' retry_at=2s
    7 orchestrator_completed
    = Running (as before) wake_at=2000ms
    ");
    assert_snapshot!(session.run("at=2s"), @"
    -> ship-1: start execution=9380876962c056d3bc1f8cbac1fa8c50 name=ship parent=order-1 parent_name=order parent_task=0 parent_attempt=2 created_at=2s trace_parent=00-6d2d439b0dbcf7256528d5d47e9faefb-049d352bdb35791b-01 trace_state='rondo=root'
    = Running (as before)
    ");
    assert_snapshot!(session.run("at=3s | child_failed task=0 attempt=2 kind=lost message=m"), @r#"
    8 orchestrator_started at=3s
    9 sub_orchestration_failed task=0 kind=lost message='m'
    10 execution_completed output='gave up'
    11 orchestrator_completed
    = Completed output="gave up"
    "#);
}

const BY_PARENT: &str =
    "start name=ship parent=order-9 parent_execution=9 parent_name=order parent_task=4 parent_attempt=1";

fn as_child(actions: Vec<Action>) -> String {
    check("", &format!("at=1s | {BY_PARENT}"), script([actions]))
}

#[test]
fn a_parent_hears_of_completion() {
    assert_snapshot!(as_child(vec![complete("ok")]), @r#"
    1 orchestrator_started at=1s
    2 execution_started name=ship parent=order-9 parent_execution=9 parent_name=order parent_task=4 parent_attempt=1
    3 execution_completed output='ok'
    4 orchestrator_completed
    -> order-9: child_completed execution=9 task=4 attempt=1 output='ok'
    = Completed output="ok"
    "#);
}

#[test]
fn a_parent_hears_of_failure() {
    assert_snapshot!(as_child(vec![fail("lost", "the parcel is lost")]), @"
    1 orchestrator_started at=1s
    2 execution_started name=ship parent=order-9 parent_execution=9 parent_name=order parent_task=4 parent_attempt=1
    3 execution_failed kind=lost message='the parcel is lost'
    4 orchestrator_completed
    -> order-9: child_failed execution=9 task=4 attempt=1 kind=lost message='the parcel is lost' ending=0
    = Failed failure=lost
    ");
}

#[test]
fn a_parent_hears_of_termination_as_a_failure_that_is_not_retried() {
    let mut session = Session::new(script([vec![timer(0, 9)]]));
    session.run(&format!("at=1s | {BY_PARENT}"));
    assert_snapshot!(session.run("at=2s | terminate reason='enough'"), @r#"
    5 orchestrator_started at=2s
    6 execution_terminated reason='enough'
    7 orchestrator_completed
    -> order-9: child_failed execution=9 task=4 attempt=1 kind=terminated message='the child was terminated' details='enough' non_retriable ending=0
    = Terminated output="enough"
    "#);
}

#[test]
fn a_parent_hears_that_the_id_is_in_use() {
    let other = BY_PARENT.replace("start ", "start execution=2 ");
    assert_snapshot!(check(PENDING, &format!("at=1s | {other}"), ship()), @"
    -> order-9: child_failed execution=9 task=4 attempt=1 kind=instance-exists message='the instance order-1 exists and has not ended' non_retriable
    = Running (as before)
    ");
}

#[test]
fn a_start_without_a_parent_for_an_id_in_use_is_dropped() {
    assert_snapshot!(check(PENDING, "at=1s | start name=other execution=2 created_at=1s", ship()), @"= Running (as before)");
}

#[test]
fn a_start_that_is_repeated_after_the_end_is_answered_again() {
    let mut session = Session::new(script([vec![complete("ok")]]));
    session.run(&format!("at=1s | {BY_PARENT}"));
    assert_snapshot!(session.run(&format!("at=2s | {BY_PARENT}")), @r#"
    -> order-9: child_completed execution=9 task=4 attempt=1 output='ok'
    = Completed output="ok" (as before)
    "#);
}

#[test]
fn a_late_start_of_an_earlier_attempt_changes_nothing() {
    let attempt = |n: u32| {
        BY_PARENT.replace("start ", &format!("start execution={n} ")).replace("attempt=1", &format!("attempt={n}"))
    };
    let mut session = Session::new(script([vec![timer(0, 9)]]));
    session.run(&format!("at=1s | {}", attempt(2)));
    assert_snapshot!(session.run(&format!("at=2s | {}", attempt(1))), @"= Running (as before) wake_at=9000ms");
}

#[test]
fn the_next_attempt_takes_the_place_of_the_failed_one() {
    let mut session = Session::new(script([vec![fail("lost", "m")]]));
    session.run(&format!("at=1s | {BY_PARENT}"));
    let second = BY_PARENT.replace("start ", "start execution=2 ").replace("attempt=1", "attempt=2");
    assert_snapshot!(session.run(&format!("at=2s | {second}")), @"
    replaces the history
    1 orchestrator_started at=2s
    2 execution_started execution=2 name=ship parent=order-9 parent_execution=9 parent_name=order parent_task=4 parent_attempt=2
    3 execution_failed kind=lost message='m'
    4 orchestrator_completed
    -> order-9: child_failed execution=9 task=4 attempt=2 kind=lost message='m' ending=0
    = Failed failure=lost
    ");
}
