//! Rewind: from the turn on that was told of what the execution failed of, or that is named.

use insta::assert_snapshot;

use crate::testing::{
    ScriptedGuests, Session, check, child, complete, fail, schedule, script, send_event, sub_with, timer, wait_event,
};
use crate::{Action, Event, StartChild, Turn};

/// Charges; when that fails, decides `cleanup`, and when all of that is done, fails as the charge did. Completes with the
/// charge's result.
fn cleans_up(cleanup: impl Fn(&[Turn]) -> Vec<Action> + 'static, answers: usize) -> ScriptedGuests {
    ScriptedGuests::new(move |turns| {
        let told: Vec<_> = turns.iter().flat_map(|turn| &turn.events).collect();
        match told.first() {
            None => vec![schedule(0, "charge")],
            Some(Event::ActivityFailed { .. }) if told.len() == 1 && answers > 0 => cleanup(turns),
            Some(Event::ActivityFailed { failure, .. }) if told.len() > answers => {
                let mut actions = if answers == 0 { cleanup(turns) } else { Vec::new() };
                actions.push(fail(&failure.kind, &failure.message));
                actions
            }
            Some(Event::ActivityCompleted { .. }) => vec![complete("charged")],
            _ => vec![],
        }
    })
}

#[test]
fn the_failure_that_was_cleaned_up_after_runs_again() {
    let mut session = Session::new(cleans_up(|_| vec![schedule(1, "refund")], 1));
    session.run("at=0s | start name=order execution=7");
    session.run("at=1s | task_failed execution=7 task=0 attempt=1 kind=lost message='m'");
    session.run("at=2s | task_completed execution=7 task=1 attempt=1");
    assert_snapshot!(session.run("at=3s | rewind"), @"
    13 orchestrator_started at=3s
    14 execution_rewound from=5
    15 orchestrator_completed
    begin 0#2 charge
    = Running busy
    ");
    session.evict();
    assert_snapshot!(session.run("at=4s | task_completed execution=7 task=1 attempt=1 | task_completed execution=7 task=0 attempt=1"), @"
    begin 0#2 charge
    = Running (as before) busy
    ");
    assert_snapshot!(session.run("at=5s | task_completed execution=7 task=0 attempt=2"), @r#"
    16 orchestrator_started at=5s
    17 task_completed task=0
    18 execution_completed output='charged'
    19 orchestrator_completed
    = Completed output="charged"
    "#);
}

#[test]
fn what_is_scheduled_again_counts_its_attempts_on() {
    let mut session = Session::new(cleans_up(|_| vec![schedule(1, "refund")], 1));
    session.run("at=0s | start name=order execution=7");
    session.run("at=1s | task_failed execution=7 task=0 attempt=1 kind=lost message='m'");
    session.run("at=2s | task_completed execution=7 task=1 attempt=1");
    session.run("at=3s | rewind");
    assert_snapshot!(session.run("at=4s | task_failed execution=7 task=0 attempt=2 kind=lost message='m'"), @"
    16 orchestrator_started at=4s
    17 task_failed task=0 kind=lost message='m'
    18 task_scheduled task=1 name=refund
    19 orchestrator_completed
    begin 1#2 refund
    = Running (as before) busy
    ");
    session.evict();
    assert_snapshot!(session.run("at=5s | task_completed execution=7 task=1 attempt=1"), @"
    begin 1#2 refund
    = Running (as before) busy
    ");
    assert_snapshot!(session.run("at=6s | task_completed execution=7 task=1 attempt=2"), @"
    20 orchestrator_started at=6s
    21 task_completed task=1
    22 execution_failed kind=lost message='m'
    23 orchestrator_completed
    = Failed failure=lost
    ");
    // And once more.
    assert_snapshot!(session.run("at=7s | rewind"), @"
    24 orchestrator_started at=7s
    25 execution_rewound from=16
    26 orchestrator_completed
    begin 0#3 charge
    = Running busy
    ");
    session.evict();
    assert_snapshot!(session.run("at=8s | task_failed execution=7 task=0 attempt=3 kind=lost message='m'"), @"
    27 orchestrator_started at=8s
    28 task_failed task=0 kind=lost message='m'
    29 task_scheduled task=1 name=refund
    30 orchestrator_completed
    begin 1#3 refund
    = Running (as before) busy
    ");
}

#[test]
fn a_failure_of_another_message_is_not_the_cause() {
    let history = "
        1 orchestrator_started at=0s
        2 execution_started name=order
        3 task_scheduled task=0 name=charge
        4 orchestrator_completed
        5 orchestrator_started at=1s
        6 task_failed task=0 kind=lost message='a'
        7 timer_created task=1 fire_at=2s
        8 orchestrator_completed
        9 orchestrator_started at=2s
        10 timer_fired task=1
        11 execution_failed kind=lost message='b'
        12 orchestrator_completed";
    let guests = script([vec![schedule(0, "charge")], vec![timer(1, 2)], vec![timer(2, 99)]]);
    assert_snapshot!(check(history, "at=3s | rewind", guests), @"
    13 orchestrator_started at=3s
    14 execution_rewound from=9
    15 timer_created task=2 fire_at=99s
    16 orchestrator_completed
    = Running wake_at=99000ms
    ");
}

#[test]
fn what_came_from_outside_and_of_earlier_decisions_stays() {
    let guests = ScriptedGuests::new(|turns| match turns {
        [_] => vec![schedule(0, "charge"), schedule(1, "pack"), timer(2, 2), wait_event(3, "go")],
        [_, turn] if matches!(turn.events[0], Event::ActivityFailed { .. }) => vec![schedule(4, "refund")],
        [_, _, .., turn] if matches!(turn.events.last(), Some(Event::ActivityCompleted { task, .. }) if task.0 == 4) => {
            vec![fail("lost", "m")]
        }
        [_, turn] => vec![complete(&format!("{:?}", turn.events))],
        _ => vec![],
    });
    let mut session = Session::new(guests);
    session.run("at=0s | start name=order execution=7");
    session.run("at=1s | task_failed execution=7 task=0 attempt=1 kind=lost message='m'");
    session.run("at=2s | task_completed execution=7 task=1 attempt=1 | raise_event name=go data='1' key=1 | raise_event name=go data='2' key=2");
    session.run("at=3s | suspend | resume | task_completed execution=7 task=4 attempt=1");
    assert_snapshot!(session.run("at=4s | rewind"), @r#"
    24 orchestrator_started at=4s
    25 execution_rewound from=8
    26 execution_completed output='[ActivityCompleted { task: TaskId(1), output: None }, EventRaised { task: TaskId(3), data: Some("1") }, TimerFired { task: TaskId(2) }]'
    27 orchestrator_completed
    interrupt 0
    = Completed output="[ActivityCompleted { task: TaskId(1), output: None }, EventRaised { task: TaskId(3), data: Some(\"1\") }, TimerFired { task: TaskId(2) }]"
    "#);
    session.evict();
    assert_snapshot!(session.text(), @r#"
    1 orchestrator_started at=0s
    2 execution_started execution=7 name=order
    3 task_scheduled task=0 name=charge
    4 task_scheduled task=1 name=pack
    5 timer_created task=2 fire_at=2s
    6 event_awaited task=3 name=go
    7 orchestrator_completed
    8 orchestrator_started at=1s
    9 task_failed task=0 kind=lost message='m'
    10 task_scheduled task=4 name=refund
    11 orchestrator_completed
    12 orchestrator_started at=2s
    13 task_completed task=1
    14 event_raised name=go data='1' key=1
    15 event_raised name=go data='2' key=2
    16 timer_fired task=2
    17 orchestrator_completed
    18 orchestrator_started at=3s
    19 execution_suspended
    20 execution_resumed
    21 task_completed task=4
    22 execution_failed kind=lost message='m'
    23 orchestrator_completed
    24 orchestrator_started at=4s
    25 execution_rewound from=8
    26 execution_completed output='[ActivityCompleted { task: TaskId(1), output: None }, EventRaised { task: TaskId(3), data: Some("1") }, TimerFired { task: TaskId(2) }]'
    27 orchestrator_completed
    "#);
}

/// Cleans up with children, one of which depends on how often that was tried, and events.
fn with_children() -> ScriptedGuests {
    cleans_up(
        |turns| {
            let round = turns.last().unwrap().now.as_millis();
            let other = StartChild { input: Some(round.to_string().as_str().into()), ..child(2, "other") };
            let audit = StartChild { detached: true, ..child(3, "audit") };
            vec![
                sub_with(child(1, "same")),
                sub_with(other),
                sub_with(audit),
                send_event(4, "order-2", "same", "1"),
                send_event(5, "order-2", "other", &round.to_string()),
            ]
        },
        2,
    )
}

#[test]
fn a_child_that_is_started_alike_is_the_same_and_others_are_others() {
    let mut session = Session::new(with_children());
    session.run("at=0s | start name=order execution=7");
    assert_snapshot!(session.run("at=1s | task_failed execution=7 task=0 attempt=1 kind=lost message='m'"), @"
    5 orchestrator_started at=1s
    6 task_failed task=0 kind=lost message='m'
    7 sub_orchestration_created task=1 name=same instance='00000000000000000000000000000007:1'
    8 sub_orchestration_created task=2 name=other instance='00000000000000000000000000000007:2' input='1000'
    9 sub_orchestration_created task=3 name=audit instance='00000000000000000000000000000007:3' detached
    10 event_sent task=4 instance=order-2 name=same data='1'
    11 event_sent task=5 instance=order-2 name=other data='1000'
    12 orchestrator_completed
    -> 00000000000000000000000000000007:1: start execution=23082e76954d326b53ad7dbf75ccedb7 name=same parent=order-1 parent_execution=7 parent_name=order parent_task=1 parent_attempt=1 created_at=1s trace_parent=00-b228389e5990191f53f30ec884cc5042-03f2b336cf3c2277-01 trace_state='rondo=root'
    -> 00000000000000000000000000000007:2: start execution=45c6533355861c218cc808c91e32b4ba name=other input='1000' parent=order-1 parent_execution=7 parent_name=order parent_task=2 parent_attempt=1 created_at=1s trace_parent=00-b228389e5990191f53f30ec884cc5042-03f2b336cf3c2277-01 trace_state='rondo=root'
    -> 00000000000000000000000000000007:3: start execution=a2e01a6dbf80ba4d8842faf6028a967f name=audit created_at=1s trace_parent=00-b228389e5990191f53f30ec884cc5042-03f2b336cf3c2277-01 trace_state='rondo=root'
    -> order-2: raise_event name=same data='1' key=3f8c5b3ed48c4bc475c842931fedf904
    -> order-2: raise_event name=other data='1000' key=f9c996829fe185060fab3284f22b24cc
    = Running (as before)
    ");
    session.run("at=2s | child_failed execution=7 task=1 attempt=1 kind=x message='x'");
    session.run("at=3s | child_completed execution=7 task=2 attempt=1");
    session.run("at=4s | rewind");
    session.evict();
    assert_snapshot!(session.run("at=5s | task_failed execution=7 task=0 attempt=2 kind=lost message='m'"), @"
    23 orchestrator_started at=5s
    24 task_failed task=0 kind=lost message='m'
    25 sub_orchestration_created task=1 name=same instance='00000000000000000000000000000007:1'
    26 sub_orchestration_created task=2 name=other instance='00000000000000000000000000000007:2:2' input='5000'
    27 sub_orchestration_created task=3 name=audit instance='00000000000000000000000000000007:3' detached
    28 event_sent task=4 instance=order-2 name=same data='1'
    29 event_sent task=5 instance=order-2 name=other data='5000'
    30 orchestrator_completed
    -> 00000000000000000000000000000007:1: rewind execution=23082e76954d326b53ad7dbf75ccedb7 parent=order-1 parent_execution=7 parent_name=order parent_task=1 parent_attempt=1
    -> 00000000000000000000000000000007:2:2: start execution=69bcfce44bce4b0333a90371556b9dc1 name=other input='5000' parent=order-1 parent_execution=7 parent_name=order parent_task=2 parent_attempt=2 created_at=5s trace_parent=00-b228389e5990191f53f30ec884cc5042-8976ef31c9e0e3e6-01 trace_state='rondo=root'
    -> 00000000000000000000000000000007:3: start execution=a2e01a6dbf80ba4d8842faf6028a967f name=audit created_at=5s trace_parent=00-b228389e5990191f53f30ec884cc5042-8976ef31c9e0e3e6-01 trace_state='rondo=root'
    -> order-2: raise_event name=same data='1' key=3f8c5b3ed48c4bc475c842931fedf904
    -> order-2: raise_event name=other data='5000' key=a7102cbe2636ddbadab8bea1ce5c3108
    = Running (as before)
    ");
    session.evict();
    assert_snapshot!(session.run("at=6s | child_completed execution=7 task=2 attempt=1 | child_completed execution=7 task=1 attempt=1"), @"
    31 orchestrator_started at=6s
    32 sub_orchestration_completed task=1
    33 orchestrator_completed
    = Running (as before)
    ");
    assert_snapshot!(session.run("at=7s | child_completed execution=7 task=2 attempt=2"), @"
    34 orchestrator_started at=7s
    35 sub_orchestration_completed task=2
    36 execution_failed kind=lost message='m'
    37 orchestrator_completed
    = Failed failure=lost
    ");
}

/// Sees the children of [`with_children`] end like that, fails, is rewound, and starts them again. What it says to the
/// first of them then.
fn said_to_the_same_child(ends: &str) -> (Session, String) {
    let mut session = Session::new(with_children());
    session.run("at=0s | start name=order execution=7");
    session.run("at=1s | task_failed execution=7 task=0 attempt=1 kind=lost message='m'");
    session.run(&format!("at=2s | {ends}"));
    session.run("at=3s | child_completed execution=7 task=2 attempt=1");
    session.run("at=4s | rewind");
    session.evict();
    let told = session.run("at=5s | task_failed execution=7 task=0 attempt=2 kind=lost message='m'");
    let said = told.lines().find(|line| line.starts_with("-> 00000000000000000000000000000007:1: "));
    let said = said.unwrap_or_default().to_owned();
    (session, said)
}

#[test]
fn a_child_that_had_not_failed_is_asked_how_it_ended() {
    let (mut session, said) = said_to_the_same_child("child_completed execution=7 task=1 attempt=1");
    assert!(said.contains(": rewind ") && said.ends_with(" parent_attempt=1 only_asks"), "{said}");
    // It was purged in the meantime.
    let gone = "child_failed execution=7 task=1 attempt=1 kind=instance-gone message=gone ending=9223372036854775807";
    let told = session.run(&format!("at=6s | {gone}"));
    assert!(told.contains("-> 00000000000000000000000000000007:1: start "), "{told}");
}

#[test]
fn a_copy_of_the_failure_of_a_child_that_is_started_alike_means_nothing() {
    let failed = "child_failed execution=7 task=1 attempt=1 kind=x message='x' ending=3";
    let (mut session, said) = said_to_the_same_child(failed);
    assert!(said.contains(": rewind ") && !said.ends_with(" only_asks"), "{said}");
    session.evict();
    assert_eq!(session.run(&format!("at=6s | {failed}")).trim(), "= Running (as before)");
    let told = session.run("at=7s | child_failed execution=7 task=1 attempt=1 kind=x message='x' ending=4");
    assert!(told.contains("sub_orchestration_failed task=1"), "{told}");
}

#[test]
fn the_turn_may_be_named() {
    let history = "
        1 orchestrator_started at=0s
        2 execution_started name=order
        3 task_scheduled task=0 name=charge
        4 orchestrator_completed
        5 orchestrator_started at=1s
        6 task_completed task=0
        7 task_scheduled task=1 name=ship
        8 orchestrator_completed
        9 orchestrator_started at=2s
        10 task_completed task=1
        11 execution_failed kind=lost message='b'
        12 orchestrator_completed";
    let guests = || script([vec![schedule(0, "charge")], vec![schedule(1, "send")], vec![complete("sent")]]);
    assert_snapshot!(check(history, "at=3s | rewind to_event=7", guests()), @"
    13 orchestrator_started at=3s
    14 execution_rewound from=5
    15 task_scheduled task=1 name=send
    16 orchestrator_completed
    begin 1#2 send
    = Running busy
    ");
    assert_snapshot!(check(history, "at=3s | rewind to_event=5", guests()), @"
    13 orchestrator_started at=3s
    14 execution_rewound from=5
    15 task_scheduled task=1 name=send
    16 orchestrator_completed
    begin 1#2 send
    = Running busy
    ");
    let mut from_the_start = Session::load(history, guests());
    assert_snapshot!(from_the_start.run("at=3s | rewind reason='all' to_event=1"), @"
    13 orchestrator_started at=3s
    14 execution_rewound reason='all' from=1
    15 task_scheduled task=0 name=charge
    16 orchestrator_completed
    begin 0#2 charge
    = Running busy
    ");
    from_the_start.evict();
    assert_snapshot!(from_the_start.run("at=4s | task_completed task=0 attempt=2"), @"
    17 orchestrator_started at=4s
    18 task_completed task=0
    19 task_scheduled task=1 name=send
    20 orchestrator_completed
    begin 1#2 send
    = Running (as before) busy
    ");
    assert_snapshot!(check(history, "at=3s | rewind to_event=13", guests()), @"
    log Warn: the rewind to an event was ignored: there is no event 13 in its history
    = Failed failure=lost (as before)
    ");
    assert_snapshot!(check(history, "at=3s | rewind to_event=0", guests()), @"
    log Warn: the rewind to an event was ignored: there is no event 0 in its history
    = Failed failure=lost (as before)
    ");
}

#[test]
fn a_later_rewind_may_go_back_further_or_within_what_is_void() {
    let guests = ScriptedGuests::new(|turns| match turns.last().unwrap().events.first() {
        None => vec![schedule(0, "a")],
        Some(Event::ActivityCompleted { task, .. }) if task.0 < 2 => vec![schedule(task.0 + 1, "next")],
        Some(Event::ActivityFailed { .. }) => vec![fail("lost", "m")],
        _ => vec![complete("done")],
    });
    let mut session = Session::new(guests);
    session.run("at=0s | start name=order execution=7");
    session.run("at=1s | task_completed execution=7 task=0 attempt=1");
    session.run("at=2s | task_completed execution=7 task=1 attempt=1");
    session.run("at=3s | task_failed execution=7 task=2 attempt=1 kind=lost message='m'");
    session.run("at=4s | rewind");
    session.run("at=5s | task_failed execution=7 task=2 attempt=2 kind=lost message='m'");
    assert_snapshot!(session.run("at=6s | rewind to_event=5"), @"
    24 orchestrator_started at=6s
    25 execution_rewound from=5
    26 task_scheduled task=1 name=next
    27 orchestrator_completed
    begin 1#2 next
    = Running busy
    ");
    session.evict();
    session.run("at=7s | task_completed execution=7 task=1 attempt=2");
    assert_snapshot!(session.run("at=8s | task_failed execution=7 task=2 attempt=3 kind=lost message='m'"), @"= Running (as before) busy");
    assert_snapshot!(session.run("at=9s | task_failed execution=7 task=2 attempt=4 kind=lost message='m'"), @"
    32 orchestrator_started at=9s
    33 task_failed task=2 kind=lost message='m'
    34 execution_failed kind=lost message='m'
    35 orchestrator_completed
    = Failed failure=lost
    ");
    // Event 20 is void, and so is all of the turns that were declared void with it.
    assert_snapshot!(session.run("at=10s | rewind to_event=20"), @"
    36 orchestrator_started at=10s
    37 execution_rewound from=5
    38 task_scheduled task=1 name=next
    39 orchestrator_completed
    begin 1#3 next
    = Running busy
    ");
    session.evict();
    assert_snapshot!(session.text(), @"
    1 orchestrator_started at=0s
    2 execution_started execution=7 name=order
    3 task_scheduled task=0 name=a
    4 orchestrator_completed
    5 orchestrator_started at=1s
    6 task_completed task=0
    7 task_scheduled task=1 name=next
    8 orchestrator_completed
    9 orchestrator_started at=2s
    10 task_completed task=1
    11 task_scheduled task=2 name=next
    12 orchestrator_completed
    13 orchestrator_started at=3s
    14 task_failed task=2 kind=lost message='m'
    15 execution_failed kind=lost message='m'
    16 orchestrator_completed
    17 orchestrator_started at=4s
    18 execution_rewound from=13
    19 orchestrator_completed
    20 orchestrator_started at=5s
    21 task_failed task=2 kind=lost message='m'
    22 execution_failed kind=lost message='m'
    23 orchestrator_completed
    24 orchestrator_started at=6s
    25 execution_rewound from=5
    26 task_scheduled task=1 name=next
    27 orchestrator_completed
    28 orchestrator_started at=7s
    29 task_completed task=1
    30 task_scheduled task=2 name=next
    31 orchestrator_completed
    32 orchestrator_started at=9s
    33 task_failed task=2 kind=lost message='m'
    34 execution_failed kind=lost message='m'
    35 orchestrator_completed
    36 orchestrator_started at=10s
    37 execution_rewound from=5
    38 task_scheduled task=1 name=next
    39 orchestrator_completed
    ");
}

#[test]
fn an_execution_of_the_oldest_rules_is_rewound_as_before_and_to_no_event() {
    let history = "
        1 orchestrator_started at=0s
        2 execution_started name=order engine_revision=0
        3 task_scheduled task=0 name=charge
        4 orchestrator_completed
        5 orchestrator_started at=1s
        6 task_failed task=0 kind=lost message='m'
        7 timer_created task=1 fire_at=2s
        8 orchestrator_completed
        9 orchestrator_started at=2s
        10 timer_fired task=1
        11 execution_failed kind=lost message='m'
        12 orchestrator_completed";
    let guests = || script([vec![schedule(0, "charge")], vec![timer(1, 2)], vec![timer(2, 99)]]);
    assert_snapshot!(check(history, "at=3s | rewind", guests()), @"
    13 orchestrator_started at=3s
    14 execution_rewound voided=11
    15 timer_created task=2 fire_at=99s
    16 orchestrator_completed
    = Running wake_at=99000ms
    ");
    assert_snapshot!(check(history, "at=3s | rewind to_event=5", guests()), @"
    log Warn: the rewind to an event was ignored: it began under the rules of engine revision 0, which know no such rewind
    = Failed failure=lost (as before)
    ");
}
