//! One orchestration, its children and its generations are one trace, whoever asks and however often.

use crate::testing::{ScriptedGuests, Session, continue_as_new, fail, schedule, script, sub};
use crate::text::parse_messages;
use crate::{EventKind, ExecutionStarted, HistoryEvent, Message, Timestamp, TraceContext, TurnOutcome};

const CALLER: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn run(session: &mut Session, inbox: &str) -> TurnOutcome {
    let at = session.history.last().map_or(Timestamp::from_millis(1), |event| event.at);
    session.run_messages(at, parse_messages(inbox).unwrap()).unwrap()
}

fn started(events: &[HistoryEvent]) -> &ExecutionStarted {
    let started = events.iter().find_map(|event| match &event.kind {
        EventKind::ExecutionStarted(started) => Some(started),
        _ => None,
    });
    started.unwrap()
}

fn child_of(outcome: &TurnOutcome) -> &ExecutionStarted {
    match &outcome.outbox[0].message {
        Message::Start(start) => start,
        other => panic!("{other}"),
    }
}

fn child_and_activity() -> ScriptedGuests {
    script([vec![sub(0, "ship", "ship-1"), schedule(1, "charge")], vec![fail("lost", "m")]])
}

#[test]
fn what_an_execution_starts_is_part_of_its_span() {
    let mut session = Session::new(child_and_activity());
    let outcome = run(&mut session, &format!("start name=order execution=7 trace_parent={CALLER} trace_state='a=1'"));
    let own = started(&session.history).span(0);
    assert_eq!(own, TraceContext::parse(CALLER, "a=1").unwrap().with_span(own.span_id));
    assert_eq!(child_of(&outcome).parent_span(), Some(own.clone()));
    assert_eq!(outcome.activities[0].trace_context, Some(own.clone()));
    let attempt = outcome.activities[0].span();
    assert_eq!((attempt.trace_id, attempt.span_id != own.span_id), (own.trace_id, true));
}

#[test]
fn without_a_caller_the_trace_is_derived_and_children_inherit_it() {
    for caller in ["", "trace_parent=00-1-2-01"] {
        let mut session = Session::new(child_and_activity());
        let outcome = run(&mut session, &format!("start name=order execution=7 {caller}"));
        let started = started(&session.history);
        assert_eq!(started.parent_span(), None);
        assert_eq!(child_of(&outcome).span(0).trace_id, started.execution_id.trace_id());
        assert!(child_of(&outcome).span(0).is_own(), "nobody has decided whether it is recorded");
    }
}

#[test]
fn another_host_names_the_same_spans() {
    let mut session = Session::new(child_and_activity());
    let before = run(&mut session, "start name=order execution=7").activities;
    session.evict();
    let after = run(&mut session, "").activities;
    assert_eq!(before, after);
    assert!(before[0].trace_context.is_some());
}

#[test]
fn a_rewind_begins_another_span() {
    let mut session = Session::new(script([vec![schedule(0, "charge")], vec![fail("lost", "m")]]));
    let first = run(&mut session, "start name=order execution=7");
    run(&mut session, "task_failed execution=7 task=0 attempt=1 kind=lost message=m");
    let second = run(&mut session, "rewind");
    let started = started(&session.history);
    assert_eq!(first.activities[0].trace_context, Some(started.span(0)));
    assert_eq!(second.activities[0].trace_context, Some(started.span(1)));
    session.evict();
    assert_eq!(run(&mut session, "").activities[0].trace_context, Some(started_span(&session, 1)));
}

fn started_span(session: &Session, rewinds: u32) -> TraceContext {
    started(&session.history).span(rewinds)
}

#[test]
fn generations_are_part_of_the_caller_or_else_of_the_first() {
    let guests = || ScriptedGuests::new(|_| vec![schedule(0, "charge"), continue_as_new("next", false)]);
    let mut called = Session::new(guests());
    run(&mut called, &format!("start name=order execution=7 trace_parent={CALLER}"));
    assert!(started(&called.history).generation > 1);
    assert_eq!(started(&called.history).parent_span(), TraceContext::parse(CALLER, ""));

    let mut own = Session::new(guests());
    let outcome = run(&mut own, "start name=order execution=7");
    let first = started(&outcome.replaced[0].events).span(0);
    assert_eq!(started(&own.history).parent_span(), Some(first));
}

#[test]
fn what_is_replaced_is_told_with_what_was_stored_of_it() {
    let guests = ScriptedGuests::fallible(|execution, turns| {
        Ok(match (turns.len(), execution.input.is_none()) {
            (1, _) => vec![schedule(0, "charge")],
            (_, true) => vec![continue_as_new("2", false)],
            _ => vec![],
        })
    });
    let mut session = Session::new(guests);
    run(&mut session, "start name=order execution=7");
    let stored = session.history.len();
    let outcome = run(&mut session, "task_completed execution=7 task=0 attempt=1");
    let [replaced] = &outcome.replaced[..] else { panic!("{:?}", outcome.replaced) };
    assert_eq!(replaced.stored, stored);
    assert!(replaced.events.len() > stored, "what it was told last is there, too");
    assert!(run(&mut session, "").replaced.is_empty());
}
