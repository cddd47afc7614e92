//! Reading a history back: checks its structure, folds it, and finds the turns that a fresh guest must repeat.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::history::EventClass;
use crate::{EventId, EventKind, HistoryEvent, Turn};

use super::HistoryError;
use super::fold::{Fold, kind_of};

/// The turns that a fresh guest must repeat before it can be told anything new.
#[derive(Debug, Default)]
pub(super) struct Replay {
    pub(super) turns: Vec<Turn>,
    /// For each turn, where in the history its decisions are.
    pub(super) decisions: Vec<Range<usize>>,
}

/// Events that a later rewind has declared void.
pub(super) type Voided = BTreeSet<EventId>;

/// Collects what all rewinds of a history voided; each must name earlier events that can be voided.
pub(super) fn voided(history: &[HistoryEvent]) -> Result<Voided, HistoryError> {
    let mut all = Voided::new();
    for event in history {
        let EventKind::ExecutionRewound { voided, .. } = &event.kind else { continue };
        for &id in voided {
            let kind = kind_of(history, id).filter(|_| id < event.id);
            if !kind.is_some_and(can_be_voided) {
                return Err(problem(event.id, format!("event {id} cannot be voided")));
            }
            all.insert(id);
        }
    }
    Ok(all)
}

fn can_be_voided(kind: &EventKind) -> bool {
    match kind {
        EventKind::TaskFailed { .. } | EventKind::SubOrchestrationFailed { .. } => true,
        other => other.class() == EventClass::Decision,
    }
}

/// Folds the complete turns of a history that is not empty.
pub(super) fn fold(history: &[HistoryEvent], voided: &Voided) -> Result<(Fold, Replay), HistoryError> {
    let Some([first, second]) = history.first_chunk::<2>() else {
        return Err(problem(EventId::FIRST, "a history begins with two events at least"));
    };
    let (EventKind::OrchestratorStarted, EventKind::ExecutionStarted(started)) = (&first.kind, &second.kind) else {
        return Err(problem(first.id, "a history begins with orchestrator_started and execution_started"));
    };
    let mut fold = Fold::begin(started.clone(), first.at);
    let mut replay = Replay::default();
    let mut next = 0;
    while next < history.len() {
        let turn = TurnSpan::read(history, next, voided)?;
        let skip = if next == 0 { 2 } else { 1 };
        let events = Events { history, voided, facts: next + skip..turn.decisions.start, turn: &turn };
        if next != 0 {
            apply(&mut fold, &history[next])?;
            if fold.end.is_some() {
                return Err(problem(history[next].id, "the execution has ended"));
            }
        }
        events.fold(&mut fold, &mut replay)?;
        next = turn.decisions.end + 1;
    }
    Ok((fold, replay))
}

/// Where one turn is in the history: facts up to the decisions, then its last event.
struct TurnSpan {
    decisions: Range<usize>,
    /// A rewind has declared it void.
    is_voided: bool,
}

impl TurnSpan {
    fn read(history: &[HistoryEvent], start: usize, voided: &Voided) -> Result<Self, HistoryError> {
        let first = &history[start];
        if first.kind != EventKind::OrchestratorStarted {
            return Err(problem(first.id, "a turn begins with orchestrator_started"));
        }
        if start > 0 && first.at < history[start - 1].at {
            return Err(problem(first.id, "time goes back"));
        }
        let mut decisions_from = None;
        let mut is_voided = false;
        for (index, event) in history.iter().enumerate().skip(start) {
            let expected = EventId(index as u64 + 1);
            if event.id != expected {
                return Err(problem(event.id, format!("event {} where {expected} is next", event.id)));
            }
            if event.at != first.at {
                return Err(problem(event.id, "the events of a turn have one time"));
            }
            match event.kind.class() {
                EventClass::Frame if index == start => {}
                EventClass::Frame if event.kind == EventKind::OrchestratorCompleted => {
                    return Ok(Self { decisions: decisions_from.unwrap_or(index)..index, is_voided });
                }
                EventClass::Frame => return Err(problem(event.id, "a turn begins within a turn")),
                EventClass::Fact if decisions_from.is_some() => {
                    return Err(problem(event.id, "a fact behind a decision of the same turn"));
                }
                EventClass::Fact => {}
                EventClass::Decision => {
                    decisions_from.get_or_insert(index);
                    let is_failure = matches!(event.kind, EventKind::ExecutionFailed { .. });
                    is_voided |= is_failure && voided.contains(&event.id);
                }
            }
        }
        Err(problem(first.id, "the turn has no end"))
    }
}

/// The events of one turn between its first and its last.
struct Events<'a> {
    history: &'a [HistoryEvent],
    voided: &'a Voided,
    facts: Range<usize>,
    turn: &'a TurnSpan,
}

impl Events<'_> {
    fn fold(&self, fold: &mut Fold, replay: &mut Replay) -> Result<(), HistoryError> {
        let Self { history, voided, facts, turn } = self;
        let (now, end) = (history[turn.decisions.end].at, &history[turn.decisions.end]);
        for event in history.get(facts.clone()).unwrap_or_default() {
            if fold.awaits_rewind() && !matches!(event.kind, EventKind::ExecutionRewound { .. }) {
                return Err(problem(event.id, "a voided turn is followed by its rewind"));
            }
            if !voided.is_empty() && voided.contains(&event.id) {
                fold.void_failure(event).map_err(|text| problem(event.id, text))?;
            } else {
                apply(fold, event)?;
            }
        }
        if fold.awaits_rewind() {
            return Err(problem(end.id, "a voided turn is followed by its rewind"));
        }
        let decisions = &history[turn.decisions.clone()];
        if let Some(odd) = decisions.iter().find(|event| voided.contains(&event.id) != turn.is_voided) {
            return Err(problem(odd.id, "decisions of a turn are voided all or none"));
        }
        if turn.is_voided {
            fold.void_turn();
        } else if fold.is_guest_due(now) {
            replay.turns.push(Turn { now, events: fold.deliver(history) });
            replay.decisions.push(turn.decisions.clone());
            decisions.iter().try_for_each(|event| apply(fold, event))?;
        } else {
            for event in decisions {
                if !matches!(event.kind, EventKind::ExecutionFailed { .. }) {
                    return Err(problem(event.id, "decided in a turn that told the guest nothing"));
                }
                apply(fold, event)?;
            }
        }
        apply(fold, end)
    }
}

fn apply(fold: &mut Fold, event: &HistoryEvent) -> Result<(), HistoryError> {
    fold.apply(event).map_err(|text| problem(event.id, text))
}

fn problem(at: EventId, problem: impl Into<String>) -> HistoryError {
    HistoryError { at, problem: problem.into() }
}
