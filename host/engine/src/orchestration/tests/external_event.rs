//! External events: raised, awaited, kept, sent.

use insta::assert_snapshot;

use crate::testing::{ScriptedGuests, Session, cancel, check, complete, script, send_event, wait_event};

const WAITING: &str = "
    1 orchestrator_started at=0s
    2 execution_started name=order
    3 event_awaited task=0 name=Approve
    4 orchestrator_completed";

fn approval() -> ScriptedGuests {
    script([vec![wait_event(0, "Approve")], vec![complete("approved")]])
}

/// Waits for so many events of one name and completes with what its second turn tells it.
fn collect(waits: usize) -> ScriptedGuests {
    ScriptedGuests::new(move |turns| match turns {
        [_] => (0..).take(waits).map(|task| wait_event(task, "go")).collect(),
        [_, turn] => vec![complete(&format!("{:?}", turn.events))],
        _ => vec![],
    })
}

#[test]
fn nothing_recorded_waits() {
    assert_snapshot!(check("", "at=0s | start name=order", approval()), @"
    1 orchestrator_started at=0s
    2 execution_started name=order
    3 event_awaited task=0 name=Approve
    4 orchestrator_completed
    = Running
    ");
}

#[test]
fn pending_it_waits_on() {
    assert_snapshot!(check(WAITING, "at=1s", approval()), @"= Running (as before)");
}

#[test]
fn raised_it_settles_the_wait_whatever_the_case_of_its_name() {
    assert_snapshot!(check(WAITING, "at=1s | raise_event name=aPPROVE data='yes' key=1", approval()), @r#"
    5 orchestrator_started at=1s
    6 event_raised name=aPPROVE data='yes' key=1
    7 execution_completed output='approved'
    8 orchestrator_completed
    = Completed output="approved"
    "#);
}

#[test]
fn another_name_is_a_mismatch() {
    let guests = script([vec![wait_event(0, "approve")]]);
    assert_snapshot!(check(WAITING, "at=1s | raise_event name=approve key=1", guests), @"error: nondeterminism at event 3: the history recorded event_awaited task=0 name=Approve, the component decided event_awaited task=0 name=approve");
}

#[test]
fn an_event_of_another_name_is_kept_and_the_guest_is_not_called() {
    let guests = approval();
    assert_snapshot!(check(WAITING, "at=1s | raise_event name=other key=1", guests.clone()), @"
    5 orchestrator_started at=1s
    6 event_raised name=other key=1
    7 orchestrator_completed
    = Running (as before)
    ");
    assert_eq!(guests.started(), 0);
}

#[test]
fn an_event_that_was_there_first_settles_the_wait_in_a_turn_of_its_own() {
    let inbox = "at=0s | start name=order | raise_event name=approve data='yes' key=1";
    assert_snapshot!(check("", inbox, approval()), @r#"
    1 orchestrator_started at=0s
    2 execution_started name=order
    3 event_raised name=approve data='yes' key=1
    4 event_awaited task=0 name=Approve
    5 orchestrator_completed
    6 orchestrator_started at=0s
    7 execution_completed output='approved'
    8 orchestrator_completed
    = Completed output="approved"
    "#);
}

#[test]
fn the_oldest_wait_takes_the_oldest_event() {
    let history = "
        orchestrator_started at=0s | execution_started name=order
        event_awaited task=0 name=go | event_awaited task=1 name=go | orchestrator_completed";
    let inbox = "at=1s | raise_event name=go data='a' key=1 | raise_event name=go data='b' key=2
                 raise_event name=go data='c' key=3";
    assert_snapshot!(check(history, inbox, collect(2)), @r#"
    6 orchestrator_started at=1s
    7 event_raised name=go data='a' key=1
    8 event_raised name=go data='b' key=2
    9 event_raised name=go data='c' key=3
    10 execution_completed output='[EventRaised { task: TaskId(0), data: Some("a") }, EventRaised { task: TaskId(1), data: Some("b") }]'
    11 orchestrator_completed
    = Completed output="[EventRaised { task: TaskId(0), data: Some(\"a\") }, EventRaised { task: TaskId(1), data: Some(\"b\") }]"
    "#);
}

#[test]
fn a_wait_that_is_canceled_in_its_own_turn_takes_no_event() {
    let guests = ScriptedGuests::new(|turns| match turns {
        [_] => vec![wait_event(0, "go"), cancel(0), wait_event(1, "go")],
        [_, turn] => vec![complete(&format!("{:?}", turn.events))],
        _ => vec![],
    });
    let inbox = "at=0s | start name=order | raise_event name=go data='a' key=1";
    assert_snapshot!(check("", inbox, guests), @r#"
    1 orchestrator_started at=0s
    2 execution_started name=order
    3 event_raised name=go data='a' key=1
    4 event_awaited task=0 name=go
    5 task_canceled task=0
    6 event_awaited task=1 name=go
    7 orchestrator_completed
    8 orchestrator_started at=0s
    9 execution_completed output='[EventRaised { task: TaskId(1), data: Some("a") }]'
    10 orchestrator_completed
    = Completed output="[EventRaised { task: TaskId(1), data: Some(\"a\") }]"
    "#);
}

#[test]
fn sending_goes_through_the_outbox_under_a_derived_key() {
    let guests = script([vec![send_event(0, "order-2", "go", "1"), send_event(1, "order-2", "go", "1")]]);
    assert_snapshot!(check("", "at=0s | start name=order", guests), @"
    1 orchestrator_started at=0s
    2 execution_started name=order
    3 event_sent task=0 instance=order-2 name=go data='1'
    4 event_sent task=1 instance=order-2 name=go data='1'
    5 orchestrator_completed
    -> order-2: raise_event name=go data='1' key=b164a54489ad63c6eb564d555e1327e1
    -> order-2: raise_event name=go data='1' key=f1369b4090b126fbf1a79e30f7f52d63
    = Running
    ");
}

#[test]
fn sending_is_not_repeated_by_a_replay() {
    let history = "
        orchestrator_started at=0s | execution_started name=order
        event_sent task=0 instance=order-2 name=go data='1' | event_awaited task=1 name=go | orchestrator_completed";
    let guests = script([vec![send_event(0, "order-2", "go", "1"), wait_event(1, "go")], vec![complete("done")]]);
    assert_snapshot!(check(history, "at=1s | raise_event name=go key=1", guests), @r#"
    6 orchestrator_started at=1s
    7 event_raised name=go key=1
    8 execution_completed output='done'
    9 orchestrator_completed
    = Completed output="done"
    "#);
}

#[test]
fn sending_other_data_is_a_mismatch() {
    let history = "
        orchestrator_started at=0s | execution_started name=order
        event_sent task=0 instance=order-2 name=go data='1' | event_awaited task=1 name=go | orchestrator_completed";
    let guests = script([vec![send_event(0, "order-2", "go", "2"), wait_event(1, "go")]]);
    assert_snapshot!(check(history, "at=1s | raise_event name=go key=1", guests), @"error: nondeterminism at event 3: the history recorded event_sent task=0 instance=order-2 name=go data='1', the component decided event_sent task=0 instance=order-2 name=go data='2'");
}

#[test]
fn an_instance_can_send_to_itself() {
    let guests = script([vec![send_event(0, "order-1", "go", "1"), wait_event(1, "go")], vec![complete("heard")]]);
    let mut session = Session::new(guests);
    let outcome = session.run("at=0s | start name=order");
    assert_snapshot!(outcome, @"
    1 orchestrator_started at=0s
    2 execution_started name=order
    3 event_sent task=0 instance=order-1 name=go data='1'
    4 event_awaited task=1 name=go
    5 orchestrator_completed
    -> order-1: raise_event name=go data='1' key=b164a54489ad63c6eb564d555e1327e1
    = Running
    ");
    let sent = outcome.lines().find_map(|line| line.strip_prefix("-> order-1: ")).unwrap();
    assert_snapshot!(session.run(&format!("at=1s | {sent}")), @r#"
    6 orchestrator_started at=1s
    7 event_raised name=go data='1' key=b164a54489ad63c6eb564d555e1327e1
    8 execution_completed output='heard'
    9 orchestrator_completed
    = Completed output="heard"
    "#);
}
