//! Suspend and resume: everything is recorded, nothing is told.

use insta::assert_snapshot;

use crate::testing::{ScriptedGuests, Session, complete, retry, schedule_with, timer, wait_event};

fn waiting() -> ScriptedGuests {
    ScriptedGuests::new(|turns| match turns {
        [_] => vec![schedule_with(0, "charge", "5", Some(retry(3))), timer(1, 5), wait_event(2, "go")],
        [_, turn] => vec![complete(&format!("{:?}", turn.events))],
        _ => vec![],
    })
}

#[test]
fn what_was_held_back_is_told_in_order_when_it_resumes() {
    let mut session = Session::new(waiting());
    session.run("at=0s | start name=order");
    assert_snapshot!(session.run("at=1s | suspend reason='audit'"), @"
    7 orchestrator_started at=1s
    8 execution_suspended reason='audit'
    9 orchestrator_completed
    = Suspended busy
    ");
    assert_snapshot!(session.run("at=2s | raise_event name=go data='1' key=1 | task_completed task=0"), @"
    10 orchestrator_started at=2s
    11 event_raised name=go data='1' key=1
    12 task_completed task=0
    13 orchestrator_completed
    = Suspended (as before)
    ");
    assert_snapshot!(session.run("at=9s"), @"= Suspended (as before)");
    assert_snapshot!(session.run("at=10s | resume"), @r#"
    14 orchestrator_started at=10s
    15 execution_resumed
    16 timer_fired task=1
    17 execution_completed output='[EventRaised { task: TaskId(2), data: Some("1") }, ActivityCompleted { task: TaskId(0), output: None }, TimerFired { task: TaskId(1) }]'
    18 orchestrator_completed
    = Completed output="[EventRaised { task: TaskId(2), data: Some(\"1\") }, ActivityCompleted { task: TaskId(0), output: None }, TimerFired { task: TaskId(1) }]"
    "#);
}

#[test]
fn retries_do_not_begin_while_suspended() {
    let mut session = Session::new(waiting());
    session.run("at=0s | start name=order");
    session.run("at=1s | suspend");
    assert_snapshot!(session.run("at=2s | task_failed task=0 kind=timeout message=m"), @"
    10 orchestrator_started at=2s
    11 task_attempt_failed task=0 attempt=1 kind=timeout message='m' retry_at=3s
    12 orchestrator_completed
    = Suspended (as before)
    ");
    assert_snapshot!(session.run("at=4s"), @"= Suspended (as before)");
    assert_snapshot!(session.run("at=4s | resume"), @r#"
    13 orchestrator_started at=4s
    14 execution_resumed
    15 orchestrator_completed
    begin 0#2 charge "5"
    = Running wake_at=5000ms busy
    "#);
}

#[test]
fn suspending_twice_and_resuming_twice_are_recorded_once() {
    let mut session = Session::new(waiting());
    session.run("at=0s | start name=order");
    assert_snapshot!(session.run("at=1s | suspend | suspend"), @"
    7 orchestrator_started at=1s
    8 execution_suspended
    9 orchestrator_completed
    = Suspended busy
    ");
    assert_snapshot!(session.run("at=2s | resume | resume | suspend | resume"), @"
    10 orchestrator_started at=2s
    11 execution_resumed
    12 execution_suspended
    13 execution_resumed
    14 orchestrator_completed
    = Running wake_at=5000ms busy
    ");
}

#[test]
fn suspended_before_its_first_turn_it_begins_when_it_resumes() {
    let mut session = Session::new(waiting());
    assert_snapshot!(session.run("at=0s | start name=order | suspend"), @"
    1 orchestrator_started at=0s
    2 execution_started name=order
    3 execution_suspended
    4 orchestrator_completed
    = Suspended
    ");
    session.evict();
    assert_snapshot!(session.run("at=1s | resume"), @r#"
    5 orchestrator_started at=1s
    6 execution_resumed
    7 task_scheduled task=0 name=charge input='5' attempts=3 first_interval=1s backoff=2
    8 timer_created task=1 fire_at=5s
    9 event_awaited task=2 name=go
    10 orchestrator_completed
    begin 0#1 charge "5"
    = Running wake_at=5000ms busy
    "#);
}

#[test]
fn a_replay_tells_what_was_held_back_in_the_turn_that_resumed() {
    let guests = ScriptedGuests::new(|turns| match turns {
        [_] => vec![schedule_with(0, "charge", "5", None), wait_event(1, "go")],
        [_, turn] if turn.events.len() == 1 => vec![timer(2, 50)],
        [_, _, turn] => vec![complete(&format!("{:?}", turn.events))],
        _ => vec![],
    });
    let mut session = Session::new(guests);
    session.run("at=0s | start name=order");
    session.run("at=1s | suspend");
    session.run("at=2s | task_completed task=0 output='ok'");
    session.run("at=3s | resume");
    session.evict();
    assert_snapshot!(session.run("at=4s | raise_event name=go key=1"), @r#"
    16 orchestrator_started at=4s
    17 event_raised name=go key=1
    18 execution_completed output='[EventRaised { task: TaskId(1), data: None }]'
    19 orchestrator_completed
    = Completed output="[EventRaised { task: TaskId(1), data: None }]"
    "#);
    assert_snapshot!(session.text(), @"
    1 orchestrator_started at=0s
    2 execution_started name=order
    3 task_scheduled task=0 name=charge input='5'
    4 event_awaited task=1 name=go
    5 orchestrator_completed
    6 orchestrator_started at=1s
    7 execution_suspended
    8 orchestrator_completed
    9 orchestrator_started at=2s
    10 task_completed task=0 output='ok'
    11 orchestrator_completed
    12 orchestrator_started at=3s
    13 execution_resumed
    14 timer_created task=2 fire_at=50s
    15 orchestrator_completed
    16 orchestrator_started at=4s
    17 event_raised name=go key=1
    18 execution_completed output='[EventRaised { task: TaskId(1), data: None }]'
    19 orchestrator_completed
    ");
}
