//! Histories that the engine cannot have written are refused, with the event and the problem.

use insta::assert_snapshot;

use crate::text::parse_history;
use crate::{InstanceId, Orchestration};

fn load(history: &str) -> Result<Orchestration, crate::HistoryError> {
    let history = parse_history(history).unwrap();
    Orchestration::load(InstanceId::new("order-1").unwrap(), history, None, None)
}

/// The error that loading leads to. `rest` follows `orchestrator_started` and `execution_started`.
fn refused(rest: &str) -> String {
    load(&format!("orchestrator_started at=5s | execution_started name=order | {rest}")).unwrap_err().to_string()
}

#[test]
fn an_empty_history_is_that_of_an_instance_that_has_not_started() {
    assert!(load("").unwrap().state().is_none());
}

#[test]
fn the_beginning_is_fixed() {
    assert_snapshot!(load("orchestrator_started").unwrap_err(), @"history is corrupt at event 1: a history begins with two events at least");
    assert_snapshot!(load("execution_started name=order | orchestrator_completed").unwrap_err(), @"history is corrupt at event 1: a history begins with orchestrator_started and execution_started");
    assert_snapshot!(load("orchestrator_started | orchestrator_completed").unwrap_err(), @"history is corrupt at event 1: a history begins with orchestrator_started and execution_started");
    assert_snapshot!(load("2 orchestrator_started | 3 execution_started name=order").unwrap_err(), @"history is corrupt at event 2: event 2 where 1 is next");
}

#[test]
fn turns_are_framed() {
    assert_snapshot!(refused("timer_created task=0 fire_at=9s"), @"history is corrupt at event 1: the turn has no end");
    assert_snapshot!(refused("orchestrator_started | orchestrator_completed"), @"history is corrupt at event 3: a turn begins within a turn");
    assert_snapshot!(refused("orchestrator_completed | timer_fired task=0"), @"history is corrupt at event 4: a turn begins with orchestrator_started");
    assert_snapshot!(refused("orchestrator_completed | orchestrator_completed"), @"history is corrupt at event 4: a turn begins with orchestrator_started");
}

#[test]
fn ids_are_dense_and_time_does_not_go_back() {
    assert_snapshot!(refused("7 orchestrator_completed"), @"history is corrupt at event 7: event 7 where 3 is next");
    assert_snapshot!(refused("orchestrator_completed at=6s"), @"history is corrupt at event 3: the events of a turn have one time");
    assert_snapshot!(refused("orchestrator_completed | orchestrator_started at=4s | orchestrator_completed"), @"history is corrupt at event 4: time goes back");
}

#[test]
fn facts_come_before_decisions() {
    assert_snapshot!(refused("timer_created task=0 fire_at=9s | timer_fired task=0 | orchestrator_completed"), @"history is corrupt at event 4: a fact behind a decision of the same turn");
    assert_snapshot!(
        refused("orchestrator_completed | orchestrator_started | timer_created task=0 fire_at=9s | orchestrator_completed"),
        @"history is corrupt at event 5: decided in a turn that told the guest nothing"
    );
}

#[test]
fn facts_name_open_tasks_of_their_kind() {
    let turn = |fact: &str| {
        refused(&format!(
            "task_scheduled task=0 name=charge | sub_orchestration_created task=1 name=audit instance=a detached
             orchestrator_completed | orchestrator_started | {fact} | orchestrator_completed"
        ))
    };
    assert_snapshot!(turn("timer_fired task=0"), @"history is corrupt at event 7: task 0 is an activity");
    assert_snapshot!(turn("task_completed task=7"), @"history is corrupt at event 7: task 7 was never scheduled");
    assert_snapshot!(turn("sub_orchestration_completed task=1"), @"history is corrupt at event 7: task 1 is closed already");
    assert_snapshot!(turn("task_completed task=0 | task_completed task=0"), @"history is corrupt at event 8: task 0 is closed already");
    assert_snapshot!(turn("task_attempt_failed task=0 attempt=2 kind=k message=m retry_at=9s"), @"history is corrupt at event 7: attempt 2 of task 0 where 1 is current");
    assert_snapshot!(turn("sub_orchestration_attempt_failed task=0 attempt=1 kind=k message=m retry_at=9s"), @"history is corrupt at event 7: task 0 is an activity");
    assert_snapshot!(turn("event_raised name=go | event_raised name=go"), @"history is corrupt at event 8: an event of key 00000000000000000000000000000000 was raised before");
    assert_snapshot!(turn("execution_resumed"), @"history is corrupt at event 7: not suspended");
    assert_snapshot!(turn("execution_suspended | execution_suspended"), @"history is corrupt at event 8: suspended already");
    assert_snapshot!(turn("execution_started name=order"), @"history is corrupt at event 7: an execution begins only once");
}

#[test]
fn tasks_are_dense_and_canceled_while_open() {
    assert_snapshot!(refused("timer_created task=1 fire_at=9s | orchestrator_completed"), @"history is corrupt at event 3: task 1 where 0 is next");
    assert_snapshot!(refused("task_canceled task=0 | orchestrator_completed"), @"history is corrupt at event 3: task 0 was never scheduled");
    assert_snapshot!(
        refused("timer_created task=0 fire_at=9s | task_canceled task=0 | task_canceled task=0 | orchestrator_completed"),
        @"history is corrupt at event 5: task 0 is closed already"
    );
}

#[test]
fn nothing_follows_the_end() {
    assert_snapshot!(refused("execution_completed | timer_created task=0 fire_at=9s | orchestrator_completed"), @"history is corrupt at event 4: the execution has ended");
    assert_snapshot!(refused("execution_completed | orchestrator_completed | orchestrator_started | orchestrator_completed"), @"history is corrupt at event 5: the execution has ended");
    assert_snapshot!(refused("execution_terminated | event_raised name=go | orchestrator_completed"), @"history is corrupt at event 4: the execution has ended");
}

#[test]
fn rewinds_void_what_can_be_voided() {
    let rewound = |fact: &str| {
        refused(&format!(
            "task_scheduled task=0 name=charge | orchestrator_completed
             orchestrator_started | task_failed task=0 kind=k message=m | execution_failed kind=k message=m
             orchestrator_completed | orchestrator_started | {fact} | orchestrator_completed"
        ))
    };
    assert_snapshot!(rewound("execution_rewound voided=5"), @"history is corrupt at event 10: event 5 cannot be voided");
    assert_snapshot!(rewound("execution_rewound voided=2"), @"history is corrupt at event 10: event 2 cannot be voided");
    assert_snapshot!(rewound("execution_rewound voided=99"), @"history is corrupt at event 10: event 99 cannot be voided");
    assert_snapshot!(rewound("execution_rewound voided=3,7"), @"history is corrupt at event 3: decisions of a turn are voided all or none");
    assert_snapshot!(rewound("execution_rewound voided=6"), @"history is corrupt at event 9: the execution has ended");
    assert_snapshot!(rewound("event_raised name=go | execution_rewound voided=6,7"), @"history is corrupt at event 10: a voided turn is followed by its rewind");
    assert_snapshot!(rewound("execution_rewound voided=6,7 | execution_rewound voided=6,7"), @"history is corrupt at event 11: nothing failed that could be rewound");
    assert_snapshot!(refused("orchestrator_completed | orchestrator_started | execution_rewound | orchestrator_completed"), @"history is corrupt at event 5: nothing failed that could be rewound");
}
