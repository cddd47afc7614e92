//! Rewind: a failed execution goes on as if its last failure had not happened.

use insta::assert_snapshot;

use crate::testing::{
    ScriptedGuests, Session, check, child, complete, fail, retry, schedule, schedule_with, script, sub, sub_with, timer,
};
use crate::{Event, Failure, GuestError, StartChild, kind};

/// Schedules two activities, fails when one does, completes with all results.
fn both() -> ScriptedGuests {
    ScriptedGuests::new(|turns| {
        if turns.len() == 1 {
            return vec![schedule(0, "charge"), schedule(1, "ship")];
        }
        let told: Vec<_> = turns.iter().flat_map(|turn| &turn.events).collect();
        match told.iter().find(|event| matches!(event, Event::ActivityFailed { .. })) {
            Some(Event::ActivityFailed { task, failure }) => vec![fail(&failure.kind, &format!("task {task}"))],
            _ if told.len() == 2 => vec![complete(&format!("{told:?}"))],
            _ => vec![],
        }
    })
}

fn failed() -> Session {
    let mut session = Session::new(both());
    session.run("at=0s | start name=order");
    session.run("at=1s | task_completed task=0 output='paid'");
    session.run("at=2s | task_failed task=1 kind=lost message=m");
    session
}

#[test]
fn a_failed_activity_runs_again_under_the_next_attempt_number() {
    let mut session = failed();
    assert_snapshot!(session.run("at=3s | rewind reason='fixed'"), @"
    13 orchestrator_started at=3s
    14 execution_rewound reason='fixed' from=9
    15 orchestrator_completed
    begin 1#2 ship
    = Running busy
    ");
    assert_snapshot!(session.run("at=4s | task_completed task=1 attempt=1 output='stale'"), @"= Running (as before) busy");
    assert_snapshot!(session.run("at=5s | task_completed task=1 attempt=2 output='shipped'"), @r#"
    16 orchestrator_started at=5s
    17 task_completed task=1 output='shipped'
    18 execution_completed output='[ActivityCompleted { task: TaskId(0), output: Some("paid") }, ActivityCompleted { task: TaskId(1), output: Some("shipped") }]'
    19 orchestrator_completed
    = Completed output="[ActivityCompleted { task: TaskId(0), output: Some(\"paid\") }, ActivityCompleted { task: TaskId(1), output: Some(\"shipped\") }]"
    "#);
    assert_snapshot!(session.text(), @r#"
    1 orchestrator_started at=0s
    2 execution_started name=order
    3 task_scheduled task=0 name=charge
    4 task_scheduled task=1 name=ship
    5 orchestrator_completed
    6 orchestrator_started at=1s
    7 task_completed task=0 output='paid'
    8 orchestrator_completed
    9 orchestrator_started at=2s
    10 task_failed task=1 kind=lost message='m'
    11 execution_failed kind=lost message='task 1'
    12 orchestrator_completed
    13 orchestrator_started at=3s
    14 execution_rewound reason='fixed' from=9
    15 orchestrator_completed
    16 orchestrator_started at=5s
    17 task_completed task=1 output='shipped'
    18 execution_completed output='[ActivityCompleted { task: TaskId(0), output: Some("paid") }, ActivityCompleted { task: TaskId(1), output: Some("shipped") }]'
    19 orchestrator_completed
    "#);
}

#[test]
fn a_rewound_history_is_loaded_and_replayed() {
    let mut session = failed();
    session.run("at=3s | rewind reason='fixed'");
    session.evict();
    assert_snapshot!(session.run("at=4s"), @"
    begin 1#2 ship
    = Running (as before) busy
    ");
    session.evict();
    assert_snapshot!(session.run("at=5s | task_completed task=1 attempt=2 output='shipped'"), @r#"
    16 orchestrator_started at=5s
    17 task_completed task=1 output='shipped'
    18 execution_completed output='[ActivityCompleted { task: TaskId(0), output: Some("paid") }, ActivityCompleted { task: TaskId(1), output: Some("shipped") }]'
    19 orchestrator_completed
    = Completed output="[ActivityCompleted { task: TaskId(0), output: Some(\"paid\") }, ActivityCompleted { task: TaskId(1), output: Some(\"shipped\") }]"
    "#);
}

#[test]
fn twice_rewound_attempts_count_on() {
    let mut session = failed();
    session.run("at=3s | rewind");
    session.evict();
    assert_snapshot!(session.run("at=4s | task_failed task=1 attempt=2 kind=lost message=m"), @"
    16 orchestrator_started at=4s
    17 task_failed task=1 kind=lost message='m'
    18 execution_failed kind=lost message='task 1'
    19 orchestrator_completed
    = Failed failure=lost
    ");
    session.evict();
    assert_snapshot!(session.run("at=5s | rewind"), @"
    20 orchestrator_started at=5s
    21 execution_rewound from=16
    22 orchestrator_completed
    begin 1#3 ship
    = Running busy
    ");
    session.evict();
    assert_snapshot!(session.run("at=6s | task_completed task=1 attempt=3 output='shipped'"), @r#"
    23 orchestrator_started at=6s
    24 task_completed task=1 output='shipped'
    25 execution_completed output='[ActivityCompleted { task: TaskId(0), output: Some("paid") }, ActivityCompleted { task: TaskId(1), output: Some("shipped") }]'
    26 orchestrator_completed
    = Completed output="[ActivityCompleted { task: TaskId(0), output: Some(\"paid\") }, ActivityCompleted { task: TaskId(1), output: Some(\"shipped\") }]"
    "#);
}

#[test]
fn facts_of_the_failed_turn_are_told_again() {
    // The guest had a defect: it trapped on a result that was perfectly fine.
    let defective = ScriptedGuests::fallible(|_, turns| match turns {
        [_] => Ok(vec![schedule(0, "charge")]),
        _ => Err(GuestError::Failed(Failure::new(kind::GUEST_TRAPPED, "unreachable"))),
    });
    let mut session = Session::new(defective);
    session.run("at=0s | start name=order");
    assert_snapshot!(session.run("at=1s | task_completed task=0 output='paid'"), @"
    5 orchestrator_started at=1s
    6 task_completed task=0 output='paid'
    7 execution_failed kind=guest-trapped message='unreachable'
    8 orchestrator_completed
    = Failed failure=guest-trapped
    ");
    session.guests = script([vec![schedule(0, "charge")], vec![complete("done")]]);
    assert_snapshot!(session.run("at=2s | rewind"), @r#"
    9 orchestrator_started at=2s
    10 execution_rewound from=5
    11 execution_completed output='done'
    12 orchestrator_completed
    = Completed output="done"
    "#);
}

#[test]
fn an_execution_that_failed_in_its_first_turn_begins_again() {
    let mut session = Session::new(script([vec![complete("done")]]));
    session.refuse_guests(Some(GuestError::Failed(Failure::new("bad-input", "not a number"))));
    session.run("at=0s | start name=order");
    session.refuse_guests(None);
    session.evict();
    assert_snapshot!(session.run("at=1s | rewind"), @r#"
    5 orchestrator_started at=1s
    6 execution_rewound from=1
    7 execution_completed output='done'
    8 orchestrator_completed
    = Completed output="done"
    "#);
}

#[test]
fn failing_again_in_the_rewound_turn_can_be_rewound_again() {
    let trap = || {
        ScriptedGuests::fallible(|_, turns| match turns {
            [_] => Ok(vec![schedule(0, "charge")]),
            _ => Err(GuestError::Failed(Failure::new(kind::GUEST_TRAPPED, "unreachable"))),
        })
    };
    let mut session = Session::new(trap());
    session.run("at=0s | start name=order");
    session.run("at=1s | task_completed task=0 output='paid'");
    assert_snapshot!(session.run("at=2s | rewind"), @"
    9 orchestrator_started at=2s
    10 execution_rewound from=5
    11 execution_failed kind=guest-trapped message='unreachable'
    12 orchestrator_completed
    = Failed failure=guest-trapped
    ");
    session.guests = script([vec![schedule(0, "charge")], vec![timer(1, 9)], vec![complete("done")]]);
    session.evict();
    assert_snapshot!(session.run("at=3s | rewind"), @"
    13 orchestrator_started at=3s
    14 execution_rewound from=9
    15 timer_created task=1 fire_at=9s
    16 orchestrator_completed
    = Running wake_at=9000ms
    ");
    session.evict();
    assert_snapshot!(session.run("at=9s"), @r#"
    17 orchestrator_started at=9s
    18 timer_fired task=1
    19 execution_completed output='done'
    20 orchestrator_completed
    = Completed output="done"
    "#);
    assert_snapshot!(session.text(), @"
    1 orchestrator_started at=0s
    2 execution_started name=order
    3 task_scheduled task=0 name=charge
    4 orchestrator_completed
    5 orchestrator_started at=1s
    6 task_completed task=0 output='paid'
    7 execution_failed kind=guest-trapped message='unreachable'
    8 orchestrator_completed
    9 orchestrator_started at=2s
    10 execution_rewound from=5
    11 execution_failed kind=guest-trapped message='unreachable'
    12 orchestrator_completed
    13 orchestrator_started at=3s
    14 execution_rewound from=9
    15 timer_created task=1 fire_at=9s
    16 orchestrator_completed
    17 orchestrator_started at=9s
    18 timer_fired task=1
    19 execution_completed output='done'
    20 orchestrator_completed
    ");
}

#[test]
fn failures_on_which_nothing_was_decided_are_reopened_with_the_last_one() {
    // The guest waits for both, whatever comes, and then fails.
    let join_all = ScriptedGuests::new(|turns| {
        let told = turns.iter().flat_map(|turn| &turn.events).count();
        match (turns.len(), told) {
            (1, _) => vec![schedule(0, "charge"), schedule(1, "ship")],
            (_, 2) => vec![fail("both", "m")],
            _ => vec![],
        }
    });
    let mut session = Session::new(join_all);
    session.run("at=0s | start name=order");
    session.run("at=1s | task_failed task=0 kind=lost message=m");
    session.run("at=2s | task_completed task=1");
    assert_snapshot!(session.run("at=3s | rewind"), @"
    13 orchestrator_started at=3s
    14 execution_rewound from=6
    15 orchestrator_completed
    begin 0#2 charge
    = Running busy
    ");
    session.evict();
    session.guests = ScriptedGuests::new(|turns| match turns.len() {
        1 => vec![schedule(0, "charge"), schedule(1, "ship")],
        3 => vec![complete("done")],
        _ => vec![],
    });
    assert_snapshot!(session.run("at=4s | task_completed task=0 attempt=2"), @r#"
    16 orchestrator_started at=4s
    17 task_completed task=0
    18 execution_completed output='done'
    19 orchestrator_completed
    = Completed output="done"
    "#);
}

/// Found by the property that warm and cold guests write the same history: without the failure the guest may decide
/// something in a turn in which it decided nothing, so it must not be told of that turn where it was.
#[test]
fn what_was_told_behind_a_reopened_failure_is_told_again_by_the_rewind() {
    // Once it has seen a failure the guest only counts; without one it answers every event.
    let guests = ScriptedGuests::new(|turns| {
        let told: Vec<_> = turns.iter().flat_map(|turn| &turn.events).collect();
        let has_failed = told.iter().any(|event| matches!(event, Event::ActivityFailed { .. }));
        match (turns.len(), has_failed) {
            (1, _) => vec![schedule(0, "charge"), timer(1, 2), timer(2, 3)],
            (_, true) if told.len() == 3 => vec![fail("lost", "m")],
            (_, true) => vec![],
            (_, false) => (3..).take(turns[turns.len() - 1].events.len()).map(|task| timer(task, 99)).collect(),
        }
    });
    let mut session = Session::new(guests);
    session.run("at=0s | start name=order");
    session.run("at=1s | task_failed task=0 kind=lost message=m");
    session.run("at=2s");
    session.run("at=3s");
    assert_snapshot!(session.run("at=4s | rewind"), @"
    17 orchestrator_started at=4s
    18 execution_rewound from=7
    19 timer_created task=3 fire_at=99s
    20 timer_created task=4 fire_at=99s
    21 orchestrator_completed
    begin 0#2 charge
    = Running wake_at=99000ms busy
    ");
    session.evict();
    assert_snapshot!(session.run("at=5s | raise_event name=other key=1"), @"
    22 orchestrator_started at=5s
    23 event_raised name=other key=1
    24 orchestrator_completed
    begin 0#2 charge
    = Running (as before) wake_at=99000ms busy
    ");
    assert_snapshot!(session.text(), @"
    1 orchestrator_started at=0s
    2 execution_started name=order
    3 task_scheduled task=0 name=charge
    4 timer_created task=1 fire_at=2s
    5 timer_created task=2 fire_at=3s
    6 orchestrator_completed
    7 orchestrator_started at=1s
    8 task_failed task=0 kind=lost message='m'
    9 orchestrator_completed
    10 orchestrator_started at=2s
    11 timer_fired task=1
    12 orchestrator_completed
    13 orchestrator_started at=3s
    14 timer_fired task=2
    15 execution_failed kind=lost message='m'
    16 orchestrator_completed
    17 orchestrator_started at=4s
    18 execution_rewound from=7
    19 timer_created task=3 fire_at=99s
    20 timer_created task=4 fire_at=99s
    21 orchestrator_completed
    22 orchestrator_started at=5s
    23 event_raised name=other key=1
    24 orchestrator_completed
    ");
}

#[test]
fn a_failure_that_was_handled_stays() {
    let history = "
        1 orchestrator_started at=0s
        2 execution_started name=order
        3 task_scheduled task=0 name=charge
        4 orchestrator_completed
        5 orchestrator_started at=1s
        6 task_failed task=0 kind=lost message=m
        7 task_scheduled task=1 name=refund
        8 orchestrator_completed
        9 orchestrator_started at=2s
        10 task_failed task=1 kind=lost message=m
        11 execution_failed kind=lost message=m
        12 orchestrator_completed";
    let guests = script([vec![schedule(0, "charge")], vec![schedule(1, "refund")], vec![complete("refunded")]]);
    let mut session = Session::load(history, guests);
    assert_snapshot!(session.run("at=3s | rewind"), @"
    13 orchestrator_started at=3s
    14 execution_rewound from=9
    15 orchestrator_completed
    begin 1#2 refund
    = Running busy
    ");
    assert_snapshot!(session.run("at=4s | task_completed task=1 attempt=2"), @r#"
    16 orchestrator_started at=4s
    17 task_completed task=1
    18 execution_completed output='refunded'
    19 orchestrator_completed
    = Completed output="refunded"
    "#);
}

#[test]
fn retry_policies_are_counted_anew() {
    let guests = script([vec![schedule_with(0, "charge", "5", Some(retry(2)))], vec![fail("lost", "m")]]);
    let mut session = Session::new(guests);
    session.run("at=0s | start name=order");
    session.run("at=1s | task_failed task=0 kind=lost message=m");
    session.run("at=2s | task_failed task=0 attempt=2 kind=lost message=m");
    session.run("at=3s | rewind");
    session.evict();
    assert_snapshot!(session.run("at=10s | task_failed task=0 attempt=3 kind=lost message=m"), @"
    15 orchestrator_started at=10s
    16 task_attempt_failed task=0 attempt=3 kind=lost message='m' retry_at=11s
    17 orchestrator_completed
    = Running (as before) wake_at=11000ms
    ");
    assert_snapshot!(session.run("at=20s | task_failed task=0 attempt=4 kind=lost message=m"), @"
    18 orchestrator_started at=20s
    19 task_failed task=0 kind=lost message='m'
    20 execution_failed kind=lost message='m'
    21 orchestrator_completed
    = Failed failure=lost
    ");
}

#[test]
fn a_failed_child_is_rewound_itself_and_answers_under_the_same_attempt() {
    let mut session = Session::new(script([vec![sub(0, "ship", "ship-1")], vec![fail("lost", "m")]]));
    session.run("at=0s | start name=order");
    session.run("at=1s | child_failed task=0 kind=lost message=m");
    assert_snapshot!(session.run("at=2s | rewind reason='fixed'"), @"
    9 orchestrator_started at=2s
    10 execution_rewound reason='fixed' from=5
    11 orchestrator_completed
    -> ship-1: rewind reason='fixed' execution=e365fad90ef4a7af954fcc120fc18b24 parent=order-1 parent_name=order parent_task=0 parent_attempt=1
    = Running
    ");
    session.guests = script([vec![sub(0, "ship", "ship-1")], vec![complete("done")]]);
    session.evict();
    assert_snapshot!(session.run("at=3s | child_completed task=0"), @r#"
    12 orchestrator_started at=3s
    13 sub_orchestration_completed task=0
    14 execution_completed output='done'
    15 orchestrator_completed
    = Completed output="done"
    "#);
}

#[test]
fn a_rewind_that_fails_again_in_the_same_way_and_moment_is_a_change_for_readers() {
    let guests = || script([vec![sub(0, "ship", "ship-1")], vec![fail("lost", "m")]]);
    let mut session = Session::new(guests());
    session.run("at=0s | start name=order");
    session.run("at=1s | child_failed task=0 kind=lost message=m");
    assert_snapshot!(session.run("at=1s | rewind | child_failed task=0 kind=lost message=m"), @"
    9 orchestrator_started at=1s
    10 execution_rewound from=5
    11 sub_orchestration_failed task=0 kind=lost message='m'
    12 execution_failed kind=lost message='m'
    13 orchestrator_completed
    -> ship-1: rewind execution=e365fad90ef4a7af954fcc120fc18b24 parent=order-1 parent_name=order parent_task=0 parent_attempt=1
    = Failed failure=lost
    ");
}

#[test]
fn a_child_that_was_terminated_is_started_anew() {
    let mut session = Session::new(script([vec![sub(0, "ship", "ship-1")], vec![fail("lost", "m")]]));
    session.run("at=0s | start name=order");
    session.run("at=1s | child_failed task=0 kind=terminated message=m");
    assert_snapshot!(session.run("at=2s | rewind"), @"
    9 orchestrator_started at=2s
    10 execution_rewound from=5
    11 orchestrator_completed
    -> ship-1: start execution=9380876962c056d3bc1f8cbac1fa8c50 name=ship parent=order-1 parent_name=order parent_task=0 parent_attempt=2 created_at=2s trace_parent=00-6d2d439b0dbcf7256528d5d47e9faefb-d63387184b2ca51e-01 trace_state='rondo=root'
    = Running
    ");
}

#[test]
fn children_that_were_open_are_asked_for_their_answers() {
    let start = StartChild { instance_id: Some("slow-1".into()), ..child(0, "slow") };
    let mut session = Session::new(script([vec![sub_with(start), timer(1, 1)], vec![fail("late", "m")]]));
    session.run("at=0s | start name=order");
    session.run("at=1s");
    assert_snapshot!(session.run("at=2s | rewind"), @"
    10 orchestrator_started at=2s
    11 execution_rewound from=6
    12 execution_failed kind=late message='m'
    13 orchestrator_completed
    -> slow-1: rewind execution=e365fad90ef4a7af954fcc120fc18b24 parent=order-1 parent_name=order parent_task=0 parent_attempt=1 only_asks
    = Failed failure=late
    ");
}

#[test]
fn activities_that_were_open_begin_again_under_the_same_attempt() {
    let mut session = Session::new(script([vec![schedule(0, "charge"), timer(1, 1)], vec![fail("late", "m")]]));
    session.run("at=0s | start name=order");
    session.run("at=1s");
    session.guests = script([vec![schedule(0, "charge"), timer(1, 1)], vec![]]);
    assert_snapshot!(session.run("at=2s | rewind"), @"
    10 orchestrator_started at=2s
    11 execution_rewound from=6
    12 orchestrator_completed
    begin 0#1 charge
    = Running busy
    ");
}

#[test]
fn only_a_failed_instance_is_rewound() {
    let history = "
        orchestrator_started at=0s | execution_started name=order | execution_completed output='done'
        orchestrator_completed";
    assert_snapshot!(check(history, "at=1s | rewind", script([])), @r#"= Completed output="done" (as before)"#);
}

/// Waits for a child, and fails when that does.
fn failed_by_child() -> Session {
    let mut session = Session::new(ScriptedGuests::new(|turns| match turns {
        [_] => vec![sub(0, "ship", "ship-1")],
        [.., turn] => match turn.events.as_slice() {
            [Event::ChildFailed { failure, .. }] => vec![fail(&failure.kind, "no parcel")],
            _ => vec![complete("shipped")],
        },
        [] => vec![],
    }));
    session.run("at=0s | start name=order");
    session.run("at=1s | child_failed task=0 kind=lost message=m ending=3");
    session
}

#[test]
fn a_copy_of_the_failure_that_was_rewound_does_not_fail_it_again() {
    let mut session = failed_by_child();
    session.run("at=2s | rewind");
    for _ in 0..2 {
        let told = session.run("at=3s | child_failed task=0 kind=lost message=m ending=3");
        assert_eq!(told.trim(), "= Running (as before)");
        session.evict();
    }
    assert_snapshot!(session.run("at=4s | child_failed task=0 kind=lost message=m ending=4"), @"
    12 orchestrator_started at=4s
    13 sub_orchestration_failed task=0 kind=lost message='m' ending=4
    14 execution_failed kind=lost message='no parcel'
    15 orchestrator_completed
    = Failed failure=lost
    ");
}

#[test]
fn a_failure_that_an_earlier_build_tells_of_has_no_number_and_counts() {
    let mut session = failed_by_child();
    session.run("at=2s | rewind");
    let told = session.run("at=3s | child_failed task=0 kind=lost message=m");
    assert!(told.trim_end().ends_with("= Failed failure=lost"), "{told}");
}

#[test]
fn a_child_that_is_gone_is_started_anew() {
    let mut session = failed_by_child();
    session.run("at=2s | rewind");
    let gone = "child_failed task=0 kind=instance-gone message=gone ending=9223372036854775807";
    assert_snapshot!(session.run(&format!("at=3s | {gone}")), @"
    12 orchestrator_started at=3s
    13 sub_orchestration_attempt_failed task=0 attempt=1 kind=instance-gone message='gone' retry_at=3s
    14 orchestrator_completed
    -> ship-1: start execution=9380876962c056d3bc1f8cbac1fa8c50 name=ship parent=order-1 parent_name=order parent_task=0 parent_attempt=2 created_at=3s trace_parent=00-6d2d439b0dbcf7256528d5d47e9faefb-d63387184b2ca51e-01 trace_state='rondo=root'
    = Running (as before)
    ");
    let told = session.run(&format!("at=4s | {gone}"));
    assert_eq!(told.trim(), "= Running (as before)", "a copy");
    session.evict();
    assert_snapshot!(session.run("at=5s | child_completed task=0 attempt=2"), @r#"
    15 orchestrator_started at=5s
    16 sub_orchestration_completed task=0
    17 execution_completed output='shipped'
    18 orchestrator_completed
    = Completed output="shipped"
    "#);
}
