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

/// What later rewinds have declared void.
#[derive(Debug, Default)]
pub(super) struct Voided {
    /// Events; in histories of engine revision 0.
    events: BTreeSet<EventId>,
    /// Turns: where the first begins, and where the one after the last does. In order, with a turn between two.
    turns: Vec<Range<EventId>>,
}

impl Voided {
    pub(super) fn add_events(&mut self, events: &[EventId]) {
        self.events.extend(events);
    }

    /// All turns from the one on that begins with `from` up to the one that begins with `to`, which comes after all that
    /// is void so far. A rewind in between is void itself, and so are the turns before it that it has declared void.
    pub(super) fn add_turns(&mut self, mut from: EventId, to: EventId) {
        while let Some(last) = self.turns.pop_if(|last| last.end >= from) {
            from = from.min(last.start);
        }
        self.turns.push(from..to);
    }

    fn has_event(&self, event: EventId) -> bool {
        !self.events.is_empty() && self.events.contains(&event)
    }

    /// The first event of the first of the void turns of which that event is a part.
    pub(super) fn begin_of_turns(&self, event: EventId) -> Option<EventId> {
        let after = self.turns.partition_point(|turns| turns.start <= event);
        let turns = self.turns.get(after.checked_sub(1)?)?;
        turns.contains(&event).then_some(turns.start)
    }
}

/// Collects what all rewinds of a history declared void; each must name earlier events, or turns, that can be.
pub(super) fn voided(history: &[HistoryEvent]) -> Result<Voided, HistoryError> {
    let mut all = Voided::default();
    let mut turn = EventId::FIRST;
    for event in history {
        if event.kind == EventKind::OrchestratorStarted {
            turn = event.id;
        }
        let EventKind::ExecutionRewound { voided, from, .. } = &event.kind else { continue };
        for &id in voided {
            let kind = kind_of(history, id).filter(|_| id < event.id);
            if !kind.is_some_and(can_be_voided) {
                return Err(problem(event.id, format!("event {id} cannot be voided")));
            }
        }
        all.add_events(voided);
        if let Some(from) = *from {
            let begins_a_turn = kind_of(history, from) == Some(&EventKind::OrchestratorStarted);
            if !begins_a_turn || from >= turn {
                return Err(problem(event.id, format!("no earlier turn begins with event {from}")));
            }
            all.add_turns(from, turn);
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
        if voided.begin_of_turns(history[next].id).is_some() {
            events.void(&mut fold)?;
        } else {
            events.fold(&mut fold, &mut replay)?;
        }
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
                    is_voided |= is_failure && voided.has_event(event.id);
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
    /// Takes in what stays of a turn that is void as a whole.
    fn void(&self, fold: &mut Fold) -> Result<(), HistoryError> {
        let Self { history, voided: _, facts, turn } = self;
        for event in history.get(facts.clone()).unwrap_or_default() {
            fold.void_fact(event).map_err(|text| problem(event.id, text))?;
        }
        history[turn.decisions.clone()].iter().for_each(|event| fold.void_decision(event));
        fold.void_turn();
        apply(fold, &history[turn.decisions.end])
    }

    fn fold(&self, fold: &mut Fold, replay: &mut Replay) -> Result<(), HistoryError> {
        let Self { history, voided, facts, turn } = self;
        let (now, end) = (history[turn.decisions.end].at, &history[turn.decisions.end]);
        for event in history.get(facts.clone()).unwrap_or_default() {
            if fold.awaits_rewind() && !matches!(event.kind, EventKind::ExecutionRewound { .. }) {
                return Err(problem(event.id, "a voided turn is followed by its rewind"));
            }
            if voided.has_event(event.id) {
                fold.void_failure(event).map_err(|text| problem(event.id, text))?;
            } else {
                apply(fold, event)?;
            }
        }
        if fold.awaits_rewind() {
            return Err(problem(end.id, "a voided turn is followed by its rewind"));
        }
        let decisions = &history[turn.decisions.clone()];
        if let Some(odd) = decisions.iter().find(|event| voided.has_event(event.id) != turn.is_voided) {
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
