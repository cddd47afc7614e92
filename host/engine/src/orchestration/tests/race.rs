//! Events of waits that have lost a race go back to where they were.

use insta::assert_snapshot;

use crate::testing::{
    ScriptedGuests, Session, cancel, check, complete, continue_as_new, schedule, script, timer, wait_event,
};
use crate::{Action, Event, Payload, Turn};

const BOTH: &str = "at=0s | start name=order | raise_event name=a data='a1' key=1 | raise_event name=b data='b1' key=2";

/// What a guest was told in its last turn.
fn told(turns: &[Turn]) -> String {
    let told = turns.last().unwrap().events.iter().map(|event| match event {
        Event::EventRaised { task, data } => format!("{task}={}", data.as_ref().map_or("", Payload::as_str)),
        other => format!("{other:?}"),
    });
    told.collect::<Vec<_>>().join(" ")
}

/// Decides by its turn, and in the end completes with what it was told last.
fn ends_with_what_it_is_told(turns: impl Into<Vec<Vec<Action>>>) -> ScriptedGuests {
    let script = turns.into();
    ScriptedGuests::new(move |turns| {
        script.get(turns.len() - 1).cloned().unwrap_or_else(|| vec![complete(&told(turns))])
    })
}

/// Two races of the same two names.
fn two_races() -> ScriptedGuests {
    ends_with_what_it_is_told([
        vec![wait_event(0, "a"), wait_event(1, "b")],
        vec![cancel(1), wait_event(2, "a"), wait_event(3, "b")],
    ])
}

#[test]
fn the_event_of_a_lost_race_is_there_for_the_next_wait() {
    assert_snapshot!(check("", BOTH, two_races()), @r#"
    1 orchestrator_started at=0s
    2 execution_started name=order
    3 event_raised name=a data='a1' key=1
    4 event_raised name=b data='b1' key=2
    5 event_awaited task=0 name=a
    6 event_awaited task=1 name=b
    7 orchestrator_completed
    8 orchestrator_started at=0s
    9 task_canceled task=1
    10 event_awaited task=2 name=a
    11 event_awaited task=3 name=b
    12 orchestrator_completed
    13 orchestrator_started at=0s
    14 execution_completed output='3=b1'
    15 orchestrator_completed
    = Completed output="3=b1"
    "#);
}

#[test]
fn an_execution_of_the_oldest_rules_records_no_such_cancel_and_gives_nothing_back() {
    let history = "
        orchestrator_started at=0s | execution_started name=order engine_revision=0
        event_awaited task=0 name=a | event_awaited task=1 name=b | orchestrator_completed";
    let mut session = Session::load(history, two_races());
    let inbox = "at=1s | raise_event name=a data='a1' key=1 | raise_event name=b data='b1' key=2";
    assert_snapshot!(session.run(inbox), @"
    6 orchestrator_started at=1s
    7 event_raised name=a data='a1' key=1
    8 event_raised name=b data='b1' key=2
    9 event_awaited task=2 name=a
    10 event_awaited task=3 name=b
    11 orchestrator_completed
    = Running
    ");
    session.evict();
    assert_snapshot!(session.run("at=2s | raise_event name=b data='b2' key=3"), @r#"
    12 orchestrator_started at=2s
    13 event_raised name=b data='b2' key=3
    14 execution_completed output='3=b2'
    15 orchestrator_completed
    = Completed output="3=b2"
    "#);
}

#[test]
fn a_timer_that_is_due_with_an_event_does_not_cost_the_event() {
    let guests = ends_with_what_it_is_told([
        vec![timer(0, 1), wait_event(1, "a")],
        vec![cancel(1), timer(2, 9)],
        vec![wait_event(3, "a")],
    ]);
    let mut session = Session::new(guests);
    session.run("at=0s | start name=order");
    assert_snapshot!(session.run("at=1s | raise_event name=a data='a1' key=1"), @"
    6 orchestrator_started at=1s
    7 event_raised name=a data='a1' key=1
    8 timer_fired task=0
    9 task_canceled task=1
    10 timer_created task=2 fire_at=9s
    11 orchestrator_completed
    = Running (as before) wake_at=9000ms
    ");
    session.evict();
    assert_snapshot!(session.run("at=9s"), @r#"
    12 orchestrator_started at=9s
    13 timer_fired task=2
    14 event_awaited task=3 name=a
    15 orchestrator_completed
    16 orchestrator_started at=9s
    17 execution_completed output='3=a1'
    18 orchestrator_completed
    = Completed output="3=a1"
    "#);
}

#[test]
fn an_event_given_back_turns_later_is_before_those_that_came_since() {
    let guests = ends_with_what_it_is_told([
        vec![schedule(0, "x"), wait_event(1, "a")],
        vec![schedule(2, "y")],
        vec![cancel(1), wait_event(3, "a"), wait_event(4, "a")],
    ]);
    let mut session = Session::new(guests);
    session.run("at=0s | start name=order execution=7");
    session.run("at=1s | task_completed execution=7 task=0 attempt=1 | raise_event name=a data='a1' key=1");
    session.run("at=2s | raise_event name=a data='a2' key=2");
    assert_snapshot!(session.run("at=3s | task_completed execution=7 task=2 attempt=1"), @r#"
    14 orchestrator_started at=3s
    15 task_completed task=2
    16 task_canceled task=1
    17 event_awaited task=3 name=a
    18 event_awaited task=4 name=a
    19 orchestrator_completed
    20 orchestrator_started at=3s
    21 execution_completed output='3=a1 4=a2'
    22 orchestrator_completed
    = Completed output="3=a1 4=a2"
    "#);
}

#[test]
fn an_event_given_back_goes_to_a_wait_that_is_there_already() {
    let guests = ends_with_what_it_is_told([vec![wait_event(0, "a"), wait_event(1, "a")], vec![cancel(0)]]);
    let inbox = "at=0s | start name=order | raise_event name=a data='a1' key=1";
    assert_snapshot!(check("", inbox, guests), @r#"
    1 orchestrator_started at=0s
    2 execution_started name=order
    3 event_raised name=a data='a1' key=1
    4 event_awaited task=0 name=a
    5 event_awaited task=1 name=a
    6 orchestrator_completed
    7 orchestrator_started at=0s
    8 task_canceled task=0
    9 orchestrator_completed
    10 orchestrator_started at=0s
    11 execution_completed output='1=a1'
    12 orchestrator_completed
    = Completed output="1=a1"
    "#);
}

#[test]
fn it_is_given_back_once() {
    let guests = ends_with_what_it_is_told([vec![wait_event(0, "a")], vec![cancel(0), cancel(0), wait_event(1, "a")]]);
    let mut session = Session::new(guests);
    assert_snapshot!(session.run("at=0s | start name=order | raise_event name=a data='a1' key=1"), @r#"
    1 orchestrator_started at=0s
    2 execution_started name=order
    3 event_raised name=a data='a1' key=1
    4 event_awaited task=0 name=a
    5 orchestrator_completed
    6 orchestrator_started at=0s
    7 task_canceled task=0
    8 event_awaited task=1 name=a
    9 orchestrator_completed
    10 orchestrator_started at=0s
    11 execution_completed output='1=a1'
    12 orchestrator_completed
    = Completed output="1=a1"
    "#);
}

#[test]
fn a_cancel_after_the_first_leaves_no_trace_on_replay_either() {
    let guests = script([
        vec![wait_event(0, "a"), schedule(1, "x")],
        vec![cancel(0), cancel(0)],
        vec![cancel(0), wait_event(2, "b")],
    ]);
    let mut session = Session::new(guests);
    session.run("at=0s | start name=order execution=7 | raise_event name=a data='a1' key=1");
    session.run("at=1s | task_completed execution=7 task=1 attempt=1");
    session.evict();
    assert_snapshot!(session.run("at=2s | raise_event name=b key=2"), @"
    14 orchestrator_started at=2s
    15 event_raised name=b key=2
    16 orchestrator_completed
    = Running (as before)
    ");
}

#[test]
fn a_guest_that_does_not_give_back_what_it_did_is_another() {
    let mut session = Session::new(two_races());
    let mut second =
        script([vec![wait_event(0, "a"), wait_event(1, "b")], vec![wait_event(2, "a"), wait_event(3, "b")]]);
    session.run("at=0s | start name=order | raise_event name=a key=1");
    session.run("at=1s | raise_event name=b key=2 | suspend");
    std::mem::swap(&mut session.guests, &mut second);
    session.evict();
    assert_snapshot!(session.run("at=2s | resume"), @"error: nondeterminism at event 8: the history recorded task_canceled task=1, the component decided event_awaited task=2 name=a");
}

#[test]
fn what_is_given_back_before_continue_as_new_is_carried_over() {
    let guests = ScriptedGuests::fallible(|execution, turns| {
        Ok(match (execution.input.is_none(), turns.len()) {
            (true, 1) => vec![wait_event(0, "a"), wait_event(1, "b")],
            (true, _) => vec![cancel(1), continue_as_new("2", true)],
            (false, 1) => vec![wait_event(0, "b")],
            (false, _) => vec![complete(&told(turns))],
        })
    });
    assert_snapshot!(check("", BOTH, guests), @r#"
    replaces the history
    1 orchestrator_started at=0s
    2 execution_started execution=f37570991c1549ed1407c723791f24a8 name=order input='2' generation=1 trace_parent=00-6d2d439b0dbcf7256528d5d47e9faefb-049d352bdb35791b-01 trace_state='rondo=root' earlier_events=00000000000000000000000000000001 first_execution=00000000000000000000000000000000
    3 event_raised name=b data='b1' key=2
    4 event_awaited task=0 name=b
    5 orchestrator_completed
    6 orchestrator_started at=0s
    7 execution_completed output='0=b1'
    8 orchestrator_completed
    = Completed output="0=b1" generation=1
    "#);
}

#[test]
fn a_cancel_of_a_task_of_another_kind_that_is_settled_stays_without_a_trace() {
    let guests = script([vec![schedule(0, "x"), timer(1, 1)], vec![cancel(0), cancel(1), timer(2, 9)]]);
    let mut session = Session::new(guests);
    session.run("at=0s | start name=order execution=7");
    let inbox = "at=1s | task_completed execution=7 task=0 attempt=1";
    assert_snapshot!(session.run(inbox), @"
    6 orchestrator_started at=1s
    7 task_completed task=0
    8 timer_fired task=1
    9 timer_created task=2 fire_at=9s
    10 orchestrator_completed
    = Running (as before) wake_at=9000ms
    ");
}
