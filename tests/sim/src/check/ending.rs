//! What must hold once everything is over.

use std::collections::BTreeSet;

use engine::{
    Digest, EventKind, Execution, Guest, GuestError, GuestSource, HistoryEvent, Orchestration, Payload, RuntimeStatus,
};
use store::InstanceRow;

use crate::program::expect::{self, Expected};
use crate::program::guest::ROOT;
use crate::program::shown;
use crate::runtime::{self, edition_of};
use crate::world::{Rule, Violation, World};

/// Checks an instance that has ended: its row against its history, its history against its program, and its output
/// against what its program must come to.
pub(crate) fn check(
    world: &World,
    row: &InstanceRow,
    history: Vec<HistoryEvent>,
    first_input_bytes: usize,
) -> Result<(), Violation> {
    let state = &row.state;
    let violation = |rule, text: String| Violation::new(rule, &state.instance_id, text);
    let last = history.last().map(|event| event.id);
    if row.last_event != last {
        let text = format!("its row says {:?} is the last event, its history {last:?}", row.last_event);
        return Err(violation(Rule::RowIsWhatTheHistorySays, text));
    }
    let load = |history| {
        Orchestration::load(state.instance_id.clone(), history, state.component, state.custom_status.clone())
            .map_err(|error| violation(Rule::HistoryReplays, error.to_string()))
    };
    let mut folded = load(history)?;
    if let Some(mut recorded) = folded.state().cloned() {
        // The only thing that is not recorded.
        recorded.updated_at = state.updated_at;
        if recorded != *state {
            let text = format!("the row: {state:?}\nthe history: {recorded:?}");
            return Err(violation(Rule::RowIsWhatTheHistorySays, text));
        }
    }
    // An instance that was ended before its first turn has asked no guest.
    if state.component.is_some() {
        let replayed = folded.replay(&mut Replaying(world));
        replayed.map_err(|error| violation(Rule::HistoryReplays, error.to_string()))?;
    }
    check_result(world, row, first_input_bytes)
}

/// Checks that no event is gone: each that was recorded was taken, or waits still. Of an instance that has completed;
/// `raised`: the events that any of its generations has recorded.
pub(crate) fn check_events(
    row: &InstanceRow,
    history: &[HistoryEvent],
    raised: &BTreeSet<String>,
) -> Result<(), Violation> {
    let state = &row.state;
    if state.status != RuntimeStatus::Completed {
        return Ok(());
    }
    let output = state.output.as_ref().map(Payload::as_str).unwrap_or_default();
    let told = expect::events(output);
    let waiting = history.iter().filter_map(|event| match &event.kind {
        EventKind::EventRaised { data: Some(data), .. } => Some(shown(data.as_str())),
        _ => None,
    });
    let known: BTreeSet<String> = told.into_iter().chain(waiting).collect();
    match raised.difference(&known).next() {
        None => Ok(()),
        Some(lost) => {
            let text = format!("{lost} was recorded by an earlier generation, and nobody has it");
            Err(Violation::new(Rule::NoEventIsLost, &state.instance_id, text))
        }
    }
}

fn check_result(world: &World, row: &InstanceRow, first_input_bytes: usize) -> Result<(), Violation> {
    let state = &row.state;
    let violation = |rule, text: String| Err(Violation::new(rule, &state.instance_id, text));
    let output = state.output.as_ref().map(Payload::as_str).unwrap_or_default();
    match state.status {
        RuntimeStatus::Completed => {}
        RuntimeStatus::Terminated if world.checks().allowed.terminations.contains(output) => return Ok(()),
        status => {
            return violation(Rule::ResultIsRight, format!("it is {status:?}, by {output:?} or {:?}", state.failure));
        }
    }
    let root = state.tags.get(ROOT).cloned().unwrap_or_default();
    let is_rewound = world.checks().allowed.rewound.contains(&root);
    let expected = Expected { first_input_bytes, is_rewound };
    let told = expect::compare(&world.plan.programs, &state.name, output, expected);
    let told = match told {
        Ok(told) => told,
        Err(difference) => return violation(Rule::ResultIsRight, difference),
    };
    if told.edition.map(runtime::digest) != state.component {
        return violation(Rule::ResultIsRight, format!("edition {:?} is not {:?}", told.edition, state.component));
    }
    let mut taken = BTreeSet::new();
    for data in told.events {
        if !data.starts_with("told ") && !world.checks().allowed.sent.contains(&data) {
            return violation(Rule::ResultIsRight, format!("nobody has sent {data}"));
        }
        if !taken.insert(data.clone()) {
            return violation(Rule::EventsAreTakenOnce, format!("{data} was taken twice"));
        }
    }
    Ok(())
}

/// Guests as they would be on a host that knows everything.
struct Replaying<'a>(&'a World);

impl GuestSource for Replaying<'_> {
    fn start(
        &mut self,
        execution: &Execution,
        component: Option<Digest>,
    ) -> Result<(Box<dyn Guest>, Digest), GuestError> {
        let edition = component.and_then(edition_of).unwrap_or(1);
        runtime::guest(self.0, execution, edition, None)
    }
}
