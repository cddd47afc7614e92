//! The rules that an execution follows: recorded when it begins, kept until it ends.

use crate::testing::{Session, complete, continue_as_new, script, timer, wait_event};
use crate::text::parse_messages;
use crate::{Action, EngineRevision, EventKind, HistoryEvent, InstanceId, Orchestration, Timestamp};

fn revision(history: &[HistoryEvent]) -> EngineRevision {
    let started = history.iter().find_map(|event| match &event.kind {
        EventKind::ExecutionStarted(started) => Some(started.engine_revision),
        _ => None,
    });
    started.unwrap()
}

/// What a start leads to on a host that gives new executions `newest`.
fn begun(newest: EngineRevision, start: &str) -> Vec<HistoryEvent> {
    let mut guests = script([vec![timer(0, 9)]]);
    let mut orchestration = Orchestration::new(InstanceId::new("order-1").unwrap());
    let start = parse_messages(start).unwrap();
    orchestration.run(Timestamp::default(), newest, start, &mut guests).unwrap().history.events().to_vec()
}

#[test]
fn the_host_that_begins_an_execution_says_which_rules_it_follows() {
    for newest in [EngineRevision::OLDEST, EngineRevision::NEWEST] {
        assert_eq!(revision(&begun(newest, "start name=order")), newest);
        // Whatever the sender of the start knew.
        assert_eq!(revision(&begun(newest, "start name=order engine_revision=7")), newest);
    }
}

#[test]
fn an_execution_keeps_its_rules_whatever_else_begins_now() {
    let history = "orchestrator_started at=0s | execution_started name=order engine_revision=0 | \
                   event_awaited task=0 name=go | orchestrator_completed";
    let mut session = Session::load(history, script([vec![wait_event(0, "go")], vec![complete("done")]]));
    session.run("at=1s | raise_event name=go key=1");
    assert_eq!(revision(&session.history), EngineRevision::OLDEST);
}

#[test]
fn continue_as_new_moves_to_the_newest_rules() {
    let history = "orchestrator_started at=0s | execution_started name=order engine_revision=0 | \
                   event_awaited task=0 name=go | orchestrator_completed";
    let again: Vec<Action> = vec![continue_as_new("2", false)];
    let mut session = Session::load(history, script([vec![wait_event(0, "go")], again]));
    session.run("at=1s | raise_event name=go key=1");
    assert_eq!(revision(&session.history), EngineRevision::NEWEST);
}
