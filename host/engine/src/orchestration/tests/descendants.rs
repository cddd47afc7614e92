//! Terminations that reach children, theirs, and those that nobody waits for any more.

use insta::assert_snapshot;

use crate::testing::{ScriptedGuests, Session, cancel, complete, continue_as_new, script, sub, timer, wait_event};

/// Starts a child, gives it up at a timeout, and waits on.
fn gives_up() -> Session {
    let turns =
        [vec![sub(0, "ship", "ship-1"), timer(1, 5)], vec![cancel(0), wait_event(2, "never")], vec![complete("")]];
    let mut session = Session::new(script(turns));
    session.run("at=0s | start name=order execution=7");
    session.run("at=5s");
    session
}

#[test]
fn a_child_that_was_given_up_is_ended_too() {
    let mut session = gives_up();
    session.evict();
    assert_snapshot!(session.run("at=6s | terminate recurse"), @"
    11 orchestrator_started at=6s
    12 execution_terminated recurse
    13 orchestrator_completed
    -> ship-1: terminate recurse execution=8d2da72376da9289f357f228e43f979d
    = Terminated
    ");
    assert_snapshot!(gives_up().run("at=6s | terminate"), @"
    11 orchestrator_started at=6s
    12 execution_terminated
    13 orchestrator_completed
    = Terminated
    ");
}

#[test]
fn so_is_one_of_an_execution_that_has_ended_itself() {
    let mut session = gives_up();
    session.run("at=6s | raise_event name=never key=1");
    session.evict();
    assert_snapshot!(session.run("at=7s | terminate"), @r#"= Completed output="" (as before)"#);
    assert_snapshot!(session.run("at=7s | terminate recurse execution=8"), @r#"= Completed output="" (as before)"#);
    assert_snapshot!(session.run("at=7s | terminate recurse execution=7"), @r#"
    -> ship-1: terminate recurse execution=8d2da72376da9289f357f228e43f979d
    = Completed output="" (as before)
    "#);
}

#[test]
fn a_child_that_has_answered_may_have_left_children_itself() {
    let mut session = Session::new(script([vec![sub(0, "ship", "ship-1")], vec![wait_event(1, "never")]]));
    session.run("at=0s | start name=order execution=7");
    session.run("at=1s | child_completed execution=7 task=0 attempt=1");
    assert_snapshot!(session.run("at=2s | terminate recurse"), @"
    9 orchestrator_started at=2s
    10 execution_terminated recurse
    11 orchestrator_completed
    -> ship-1: terminate recurse execution=8d2da72376da9289f357f228e43f979d
    = Terminated
    ");
}

/// Each generation starts a child that it does not wait for, up to the last.
fn generations(last: u32) -> ScriptedGuests {
    ScriptedGuests::fallible(move |execution, _| {
        let generation = execution.input.as_ref().map_or(0, |input| input.as_str().parse().unwrap());
        Ok(if generation < last {
            let child = format!("ship-{generation}");
            vec![sub(0, "ship", &child), continue_as_new(&(generation + 1).to_string(), false)]
        } else {
            vec![wait_event(0, "never")]
        })
    })
}

#[test]
fn children_of_earlier_generations_are_ended_too() {
    let mut session = Session::new(generations(2));
    session.run("at=0s | start name=order execution=7");
    session.evict();
    assert_snapshot!(session.text().lines().nth(1).unwrap(), @"2 execution_started execution=84bf6f3e498021461958473fa83ee950 name=order input='2' generation=2 trace_parent=00-b228389e5990191f53f30ec884cc5042-03f2b336cf3c2277-01 trace_state='rondo=root' first_execution=00000000000000000000000000000007 left_children=ship-0:8d2da72376da9289f357f228e43f979d,ship-1:a48ff006d12438a757df0f75e406c0d9");
    assert_snapshot!(session.run("at=1s | terminate recurse"), @"
    5 orchestrator_started at=1s
    6 execution_terminated recurse
    7 orchestrator_completed
    -> ship-0: terminate recurse execution=8d2da72376da9289f357f228e43f979d
    -> ship-1: terminate recurse execution=a48ff006d12438a757df0f75e406c0d9
    = Terminated generation=2
    ");
}

#[test]
fn the_newest_of_them_are_remembered() {
    let max = u32::try_from(crate::limits::LEFT_CHILDREN_MAX).unwrap();
    let mut session = Session::new(generations(max + 2));
    session.run("at=0s | start name=order execution=7");
    for at in 1..=10 {
        session.run(&format!("at={at}s"));
    }
    let told = session.run("at=11s | terminate recurse");
    let told: Vec<_> = told.lines().filter_map(|line| Some(line.strip_prefix("-> ")?.split_once(':')?.0)).collect();
    assert_eq!(told, (2..max + 2).map(|child| format!("ship-{child}")).collect::<Vec<_>>());
}
