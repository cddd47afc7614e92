//! Terminate: a client or a parent ends the instance.

use insta::assert_snapshot;

use crate::testing::{Session, check, complete, continue_as_new, detached, schedule, script, sub, timer};
use crate::{Message, TurnOutcome};

fn busy() -> Session {
    let actions = vec![schedule(0, "charge"), sub(1, "ship", "ship-1"), timer(2, 9), detached(3, "audit", "audit-1")];
    let mut session = Session::new(script([actions]));
    session.run("at=0s | start name=order execution=7");
    session
}

#[test]
fn it_ends_with_the_reason_as_its_output() {
    assert_snapshot!(busy().run("at=1s | terminate reason='enough'"), @r#"
    8 orchestrator_started at=1s
    9 execution_terminated reason='enough'
    10 orchestrator_completed
    interrupt 0
    = Terminated output="enough"
    "#);
}

#[test]
fn recursively_it_ends_attached_children_too() {
    assert_snapshot!(busy().run("at=1s | terminate recurse"), @"
    8 orchestrator_started at=1s
    9 execution_terminated recurse
    10 orchestrator_completed
    -> ship-1: terminate recurse execution=23082e76954d326b53ad7dbf75ccedb7
    interrupt 0
    = Terminated
    ");
}

#[test]
fn another_execution_is_left_alone() {
    assert_snapshot!(busy().run("at=1s | terminate execution=8"), @"= Running (as before) wake_at=9000ms busy");
    assert_snapshot!(busy().run("at=1s | terminate execution=7"), @"
    8 orchestrator_started at=1s
    9 execution_terminated
    10 orchestrator_completed
    interrupt 0
    = Terminated
    ");
}

#[test]
fn what_comes_behind_it_is_dropped() {
    let inbox = "at=1s | task_completed execution=7 task=0 | terminate | raise_event name=go key=1 | suspend";
    assert_snapshot!(busy().run(inbox), @"
    8 orchestrator_started at=1s
    9 task_completed task=0
    10 execution_terminated
    11 orchestrator_completed
    = Terminated
    ");
}

#[test]
fn a_new_start_behind_it_begins_a_new_execution() {
    assert_snapshot!(busy().run("at=1s | terminate | start name=order execution=8 created_at=1s"), @"
    replaces the history
    1 orchestrator_started at=1s
    2 execution_started execution=8 name=order created_at=1s
    3 task_scheduled task=0 name=charge
    4 sub_orchestration_created task=1 name=ship instance=ship-1
    5 timer_created task=2 fire_at=9s
    6 sub_orchestration_created task=3 name=audit instance=audit-1 detached
    7 orchestrator_completed
    -> ship-1: start execution=59d197ea476e9467777edb071a3e8f39 name=ship parent=order-1 parent_execution=8 parent_name=order parent_task=1 parent_attempt=1 created_at=1s trace_parent=00-4198caba2a87aaf3dd887866aa15f526-8816fe3444151e7a-01 trace_state='rondo=root'
    -> audit-1: start execution=754bbc77363958667e522cc51f7943f6 name=audit created_at=1s trace_parent=00-4198caba2a87aaf3dd887866aa15f526-8816fe3444151e7a-01 trace_state='rondo=root'
    begin 0#1 charge
    interrupt 0
    = Running wake_at=9000ms busy
    ");
}

#[test]
fn before_the_scheduled_start_it_ends_without_having_begun() {
    let mut session = Session::new(script([vec![complete("done")]]));
    session.run("at=0s | start name=order scheduled_start=9s");
    assert_snapshot!(session.run("at=1s | terminate"), @"
    4 orchestrator_started at=1s
    5 execution_terminated
    6 orchestrator_completed
    = Terminated
    ");
}

#[test]
fn a_child_that_continued_as_new_is_still_known_to_its_parent() {
    let start = check("", "at=0s | start name=order", script([vec![sub(0, "ship", "order-1")]]));
    let start = start.lines().find_map(|line| line.strip_prefix("-> order-1: ")).unwrap();
    let mut child = Session::new(crate::testing::ScriptedGuests::fallible(|execution, _| {
        Ok(vec![if execution.input.is_none() { continue_as_new("2", false) } else { timer(0, 9) }])
    }));
    child.run(&format!("at=0s | {start}"));
    let parent = crate::ExecutionId::from_bytes([0; 16]);
    let terminate =
        Message::Terminate { reason: None, recurse: true, execution_id: Some(parent.child(crate::TaskId(0), 1)) };
    let TurnOutcome { state, .. } = child.run_messages(crate::Timestamp::from_millis(1), vec![terminate]).unwrap();
    assert_eq!(state.status, crate::RuntimeStatus::Terminated);
    assert_eq!(state.generation, 1);
}
