//! Messages that name an execution: for that one and its later generations, never for another of the same id.

use insta::assert_snapshot;

use crate::testing::{ScriptedGuests, Session, check, complete, continue_as_new, fail, schedule, script, wait_event};

/// Waits for an event that never comes.
fn waiting() -> ScriptedGuests {
    script([vec![wait_event(0, "never")]])
}

/// Execution 7 was terminated, and the id is that of execution 8.
fn created_again() -> Session {
    let mut session = Session::new(waiting());
    session.run("at=0s | start name=order execution=7");
    session.run("at=1s | terminate execution=7");
    session.run("at=2s | start name=order execution=8 created_at=2s");
    session
}

#[test]
fn what_was_for_an_earlier_execution_of_the_id_is_dropped() {
    let left = "terminate execution=7 | suspend execution=7 | raise_event name=never key=1 execution=7 | \
                rewind execution=7 | resume execution=7";
    assert_snapshot!(created_again().run(&format!("at=3s | {left}")), @"= Running (as before)");
    let mut suspended = created_again();
    suspended.run("at=3s | suspend execution=8");
    assert_snapshot!(suspended.run("at=4s | resume execution=7"), @"= Suspended (as before)");
}

#[test]
fn so_is_what_comes_together_with_the_new_start() {
    let mut session = Session::new(waiting());
    session.run("at=0s | start name=order execution=7");
    session.run("at=1s | terminate execution=7");
    let inbox = "at=2s | terminate execution=7 | suspend execution=8 | start name=order execution=8 created_at=2s";
    assert_snapshot!(session.run(inbox), @"
    replaces the history
    1 orchestrator_started at=2s
    2 execution_started execution=8 name=order created_at=2s
    3 execution_suspended
    4 orchestrator_completed
    = Suspended
    ");
}

#[test]
fn what_names_no_execution_is_for_whichever_runs() {
    assert_snapshot!(created_again().run("at=3s | suspend"), @"
    5 orchestrator_started at=3s
    6 execution_suspended
    7 orchestrator_completed
    = Suspended
    ");
}

#[test]
fn an_ended_execution_is_rewound_only_if_it_is_meant() {
    let mut session = Session::new(script([vec![fail("lost", "m")], vec![complete("")]]));
    session.run("at=0s | start name=order execution=8");
    assert_snapshot!(session.run("at=1s | rewind execution=7"), @"= Failed failure=lost (as before)");
    assert_snapshot!(session.run("at=1s | rewind execution=8"), @"
    5 orchestrator_started at=1s
    6 execution_rewound from=1
    7 execution_failed kind=lost message='m'
    8 orchestrator_completed
    = Failed failure=lost
    ");
}

/// Continues as new twice, then waits.
fn third_generation() -> Session {
    let mut session = Session::new(ScriptedGuests::fallible(|execution, _| {
        let generation = execution.input.as_ref().map_or(0, |input| input.as_str().parse().unwrap());
        Ok(vec![if generation < 2 { continue_as_new(&(generation + 1).to_string(), false) } else { schedule(0, "a") }])
    }));
    session.run("at=0s | start name=order execution=7");
    session
}

#[test]
fn what_was_for_the_first_generation_is_for_every_later_one() {
    let mut session = third_generation();
    assert_eq!(session.orchestration.state().unwrap().generation, 2);
    assert_snapshot!(session.run("at=1s | suspend execution=7 | raise_event name=go key=1 execution=7"), @"
    5 orchestrator_started at=1s
    6 execution_suspended
    7 event_raised name=go key=1
    8 orchestrator_completed
    = Suspended generation=2 busy
    ");
    session.evict();
    assert_snapshot!(session.run("at=2s | resume execution=6 | terminate execution=7"), @"
    9 orchestrator_started at=2s
    10 execution_terminated
    11 orchestrator_completed
    interrupt 0
    = Terminated generation=2
    ");
}

/// The third generation as a build left it that did not record the first.
fn third_generation_of_an_earlier_build() -> (Session, [crate::ExecutionId; 3]) {
    let first: crate::ExecutionId = "00000000000000000000000000000007".parse().unwrap();
    let ids = [first, first.next(), first.next().next()];
    let text = third_generation().text();
    let old = text.replace(&format!(" first_execution={first}"), "");
    assert_ne!(text, old);
    (Session::load(&old, waiting()), ids)
}

#[test]
fn a_chain_of_an_earlier_build_is_known_by_all_its_generations() {
    for id in third_generation_of_an_earlier_build().1 {
        let mut session = third_generation_of_an_earlier_build().0;
        session.run(&format!("at=1s | suspend execution={id}"));
        assert_eq!(session.orchestration.state().unwrap().status, crate::RuntimeStatus::Suspended, "{id}");
    }
    let mut session = third_generation_of_an_earlier_build().0;
    assert_snapshot!(session.run("at=1s | suspend execution=8"), @"
    begin 0#1 a
    = Running generation=2 (as before) busy
    ");
}

/// The child of task 4 of execution 9.
fn failed() -> String {
    format!(
        "1 orchestrator_started at=0s
        2 execution_started name=ship execution={} parent=order-9 parent_execution=9 parent_name=order parent_task=4 \
            parent_attempt=1
        3 execution_failed kind=lost message=m
        4 orchestrator_completed",
        child_of(9)
    )
}

fn child_of(parent_execution: u128) -> crate::ExecutionId {
    crate::ExecutionId::from_bytes(parent_execution.to_be_bytes()).child(crate::TaskId(4), 1)
}

fn rewound_by(parent_execution: u128) -> String {
    format!(
        "rewind execution={} parent=order-9 parent_execution={parent_execution} parent_name=order parent_task=4 \
            parent_attempt=1",
        child_of(parent_execution)
    )
}

#[test]
fn a_parent_that_asks_for_a_child_whose_id_is_anothers_hears_that_it_is_gone() {
    assert_snapshot!(check(&failed(), &format!("at=1s | {}", rewound_by(8)), waiting()), @"
    -> order-9: child_failed execution=8 task=4 attempt=1 kind=instance-gone message='the child order-1 is gone: its instance was purged, or another execution has its id' non_retriable ending=9223372036854775807
    = Failed failure=lost (as before)
    ");
    assert_snapshot!(created_again().run(&format!("at=3s | {}", rewound_by(8))), @"
    -> order-9: child_failed execution=8 task=4 attempt=1 kind=instance-gone message='the child order-1 is gone: its instance was purged, or another execution has its id' non_retriable ending=9223372036854775807
    = Running (as before)
    ");
}

#[test]
fn a_parent_that_only_asks_hears_again_how_its_child_failed() {
    assert_snapshot!(check(&failed(), &format!("at=1s | {} only_asks", rewound_by(9)), waiting()), @"
    -> order-9: child_failed execution=9 task=4 attempt=1 kind=lost message='m' ending=0
    = Failed failure=lost (as before)
    ");
    assert_snapshot!(check(&failed(), &format!("at=1s | {}", rewound_by(9)), waiting()), @"
    5 orchestrator_started at=1s
    6 execution_rewound from=1
    7 event_awaited task=0 name=never
    8 orchestrator_completed
    = Running
    ");
}

#[test]
fn each_ending_of_a_child_has_a_greater_number() {
    let mut session = Session::load(&failed(), script([vec![fail("lost", "again")]]));
    assert_snapshot!(session.run(&format!("at=1s | {}", rewound_by(9))), @"
    5 orchestrator_started at=1s
    6 execution_rewound from=1
    7 execution_failed kind=lost message='again'
    8 orchestrator_completed
    -> order-9: child_failed execution=9 task=4 attempt=1 kind=lost message='again' ending=1
    = Failed failure=lost
    ");
    session.guests = ScriptedGuests::fallible(|execution, _| {
        Ok(vec![if execution.input.is_none() { continue_as_new("2", false) } else { fail("lost", "once more") }])
    });
    let told = session.run(&format!("at=2s | {}", rewound_by(9)));
    assert!(told.contains(" ending=4294967296\n"), "{told}");
}
