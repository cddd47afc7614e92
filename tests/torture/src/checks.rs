//! What must be true of what is stored once everything has ended.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};
use engine::{Digest, EventId, EventKind, HistoryEvent, RuntimeStatus, TaskId};
use serde_json::Value;
use wasm::{Engines, LoadedComponent};

use crate::load::{self, End, Job};
use crate::stored::{Instances, Stored, replays};
use crate::violations::Violations;

/// The components by their digest.
pub(crate) struct Components(BTreeMap<Digest, LoadedComponent>);

impl Components {
    /// Compiles all that the load needs.
    pub(crate) fn load() -> Result<Self> {
        let engines = Engines::new(wasm::Options::default()).context("starting the WebAssembly engine")?;
        let mut components = BTreeMap::new();
        for file in load::components()? {
            let bytes = std::fs::read(&file).with_context(|| format!("reading {}", file.display()))?;
            let component = engines.load(&bytes).with_context(|| format!("loading {}", file.display()))?;
            components.insert(component.digest(), component);
        }
        Ok(Self(components))
    }
}

/// Checks everything that was accepted, and everything that is stored.
pub(crate) fn check(accepted: &[Job], stored: &Instances, components: &Components, violations: &Violations) {
    for job in accepted {
        let problem = match stored.get(&job.id) {
            None => Some("it was accepted, and is not stored".to_owned()),
            Some(stored) => is_end(stored, &job.end).err(),
        };
        if let Some(problem) = problem {
            violations.note(&format!("{}: {problem}", job.id));
        }
    }
    for (id, instance) in stored {
        let checks = [
            has_ended(instance),
            is_dense(&instance.history),
            settles_once(&instance.history),
            ends_once(instance),
            agrees_with_children(instance, stored),
            replays_itself(instance, components),
        ];
        for problem in checks.into_iter().filter_map(Result::err) {
            violations.note(&format!("{id}: {problem}"));
        }
    }
}

/// Turns that are recorded.
pub(crate) fn turns(stored: &Instances) -> u64 {
    let events = stored.values().flat_map(|stored| &stored.history);
    events.filter(|event| event.kind == EventKind::OrchestratorStarted).count() as u64
}

type Check = Result<(), String>;

fn is_end(stored: &Stored, end: &End) -> Check {
    let state = &stored.row.state;
    let fits = match end {
        End::Completed(expected) => {
            let output = state.output.as_ref().and_then(|output| serde_json::from_str::<Value>(output.as_str()).ok());
            state.status == RuntimeStatus::Completed && output.unwrap_or_default() == *expected
        }
        End::Failed(kind) => state.status == RuntimeStatus::Failed && format!("{:?}", state.failure).contains(*kind),
        End::Terminated => state.status == RuntimeStatus::Terminated,
    };
    if fits { Ok(()) } else { Err(format!("it must end as {end:?}, and is {:?}: {state:?}", state.status)) }
}

fn has_ended(stored: &Stored) -> Check {
    let row = &stored.row;
    if !row.state.status.is_terminal() {
        return Err(format!("it has not ended: {:?}", row.state));
    }
    match (&row.held, row.wake_at) {
        (None, None) => Ok(()),
        (held, wake_at) => Err(format!("it has ended, and is held ({held:?}) or to be woken ({wake_at:?})")),
    }
}

/// Events are numbered from 1 to what the row says, without a gap.
fn is_dense(history: &[HistoryEvent]) -> Check {
    match (1..).zip(history).find(|(number, event)| event.id != EventId(*number)) {
        Some((number, event)) => Err(format!("event {number} is called {:?}", event.id)),
        None => Ok(()),
    }
}

/// Every task was scheduled once and settled at most once, after that.
fn settles_once(history: &[HistoryEvent]) -> Check {
    let mut open: BTreeSet<TaskId> = BTreeSet::new();
    let mut begun: BTreeSet<TaskId> = BTreeSet::new();
    for event in history {
        if let Some(task) = begun_task(&event.kind) {
            if !begun.insert(task) {
                return Err(format!("task {task:?} was begun twice"));
            }
            open.insert(task);
        }
        match &event.kind {
            EventKind::TaskCompleted { task, .. }
            | EventKind::TaskFailed { task, .. }
            | EventKind::TimerFired { task }
            | EventKind::SubOrchestrationCompleted { task, .. }
            | EventKind::SubOrchestrationFailed { task, .. }
                if !open.remove(task) =>
            {
                return Err(format!("task {task:?} was settled twice, or never begun"));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The task that a guest began with this event.
fn begun_task(kind: &EventKind) -> Option<TaskId> {
    match kind {
        EventKind::TaskScheduled { task, .. }
        | EventKind::TimerCreated { task, .. }
        | EventKind::SubOrchestrationCreated { task, .. } => Some(*task),
        _ => None,
    }
}

/// The history ends once, as its row says.
fn ends_once(stored: &Stored) -> Check {
    let ends: Vec<RuntimeStatus> = stored
        .history
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::ExecutionCompleted { .. } => Some(RuntimeStatus::Completed),
            EventKind::ExecutionFailed { .. } => Some(RuntimeStatus::Failed),
            EventKind::ExecutionTerminated { .. } => Some(RuntimeStatus::Terminated),
            _ => None,
        })
        .collect();
    let status = stored.row.state.status;
    if ends == [status] { Ok(()) } else { Err(format!("its row says {status:?}, its history {ends:?}")) }
}

/// What a parent has recorded of a child is what the child's row says.
fn agrees_with_children(stored: &Stored, all: &Instances) -> Check {
    let mut children = BTreeMap::new();
    for event in &stored.history {
        match &event.kind {
            EventKind::SubOrchestrationCreated { task, instance_id, .. } => {
                children.insert(*task, instance_id.as_str());
            }
            EventKind::SubOrchestrationCompleted { task, output } => {
                let child = children.get(task).ok_or_else(|| format!("child {task:?} was never begun"))?;
                let row = all.get(*child).ok_or_else(|| format!("its child {child} is gone"))?;
                if row.row.state.output != *output {
                    return Err(format!("it has another result of its child {child} than that"));
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn replays_itself(stored: &Stored, components: &Components) -> Check {
    let state = &stored.row.state;
    let Some(digest) = state.component else {
        // It was ended before its guest ran for the first time.
        let has_decided = stored.history.iter().any(|event| begun_task(&event.kind).is_some());
        return if has_decided { Err("it has decided something, and has no component".to_owned()) } else { Ok(()) };
    };
    let component = components.0.get(&digest).ok_or_else(|| format!("nobody deployed its component {digest}"))?;
    replays(&state.instance_id, &stored.history, component)
}

#[cfg(test)]
mod tests;
