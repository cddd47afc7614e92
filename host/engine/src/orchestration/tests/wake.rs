//! A wake is a work item without messages, in the form of a message.

use insta::assert_snapshot;

use crate::testing::{ScriptedGuests, Session, check, complete, schedule, script, timer};

const RUNNING: &str = "
    1 orchestrator_started at=0s
    2 execution_started name=order execution=7
    3 task_scheduled task=0 name=charge
    4 timer_created task=1 fire_at=9s
    5 orchestrator_completed";

const ENDED: &str = "
    1 orchestrator_started at=0s
    2 execution_started name=order execution=7
    3 execution_completed output='\"done\"'
    4 orchestrator_completed";

fn guests() -> ScriptedGuests {
    script([vec![schedule(0, "charge"), timer(1, 9)], vec![complete("\"late\"")]])
}

#[test]
fn a_work_item_of_wakes_is_as_one_without_messages() {
    for history in [RUNNING, ENDED, ""] {
        for time in ["at=1s", "at=9s"] {
            let without = check(history, time, guests());
            for wakes in ["wake", "wake | wake | wake"] {
                assert_eq!(check(history, &format!("{time} | {wakes}"), guests()), without, "{history} {time} {wakes}");
            }
        }
    }
}

#[test]
fn a_wake_among_other_messages_leaves_no_trace() {
    for (others, with) in [
        ("suspend | resume", "wake | suspend | wake | resume | wake"),
        ("start name=order execution=8", "wake | start name=order execution=8 | wake"),
        ("terminate", "terminate | wake"),
    ] {
        for history in [RUNNING, ENDED, ""] {
            let expected = check(history, &format!("at=1s | {others}"), guests());
            assert_eq!(check(history, &format!("at=1s | {with}"), guests()), expected, "{history} {with}");
        }
    }
}

#[test]
fn a_wake_fires_what_is_due() {
    assert_snapshot!(Session::load(RUNNING, guests()).run("at=9s | wake"), @r#"
    6 orchestrator_started at=9s
    7 timer_fired task=1
    8 execution_completed output='"late"'
    9 orchestrator_completed
    interrupt 0
    = Completed output="\"late\""
    "#);
}

#[test]
fn a_wake_starts_nothing() {
    assert_snapshot!(check("", "at=1s | wake", guests()), @"error: the instance has not started");
}
