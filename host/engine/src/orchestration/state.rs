//! The instance row, derived from the fold.

use crate::{EventKind, ExecutionStarted, InstanceState, RuntimeStatus};

use super::Orchestration;
use super::execution::LiveExecution;
use super::fold::kind_of;

impl Orchestration {
    /// Brings the row up to date. True when a reader could see a difference other than `updated_at`.
    pub(super) fn refresh_state(&mut self) -> bool {
        let Some(execution) = &self.execution else { return false };
        let LiveExecution { history, fold, component, .. } = execution;
        let ExecutionStarted {
            execution_id,
            name,
            version,
            input,
            tags,
            parent,
            scheduled_start,
            created_at,
            component: _,
            generation,
            trace_context: _,
            earlier_events: _,
            engine_revision: _,
            first_execution,
            left_children: _,
        } = &*fold.started;
        let (output, failure) = match fold.end.and_then(|end| kind_of(history, end)) {
            Some(EventKind::ExecutionCompleted { output }) => (output.as_ref(), None),
            Some(EventKind::ExecutionTerminated { reason, .. }) => (reason.as_ref(), None),
            Some(EventKind::ExecutionFailed { failure }) => (None, Some(failure)),
            _ => (None, None),
        };
        let status = status(execution);
        let is_new = self.state.as_ref().is_none_or(|state| state.execution_id != *execution_id);
        if is_new {
            self.state = Some(InstanceState {
                instance_id: self.instance_id.clone(),
                execution_id: *execution_id,
                name: name.clone(),
                version: version.clone(),
                status,
                input: input.clone(),
                output: output.cloned(),
                failure: failure.cloned(),
                custom_status: self.custom_status.clone(),
                tags: tags.clone(),
                parent: parent.clone(),
                created_at: *created_at,
                updated_at: fold.at,
                completed_at: fold.end.map(|_| fold.at),
                scheduled_start: *scheduled_start,
                component: *component,
                generation: *generation,
                first_execution: *first_execution,
            });
            return true;
        }
        let Some(state) = &mut self.state else { return false };
        state.updated_at = fold.at;
        // The rest is fixed for the whole execution.
        let mut changed = update(&mut state.status, &status);
        changed |= update(&mut state.output, &output.cloned());
        changed |= update(&mut state.failure, &failure.cloned());
        changed |= update(&mut state.custom_status, &self.custom_status);
        changed |= update(&mut state.completed_at, &fold.end.map(|_| fold.at));
        changed |= update(&mut state.component, component);
        changed
    }
}

fn update<T: Clone + PartialEq>(field: &mut T, value: &T) -> bool {
    let differs = field != value;
    if differs {
        field.clone_from(value);
    }
    differs
}

fn status(execution: &LiveExecution) -> RuntimeStatus {
    let LiveExecution { history, fold, .. } = execution;
    match fold.end.and_then(|end| kind_of(history, end)) {
        Some(EventKind::ExecutionCompleted { .. }) => RuntimeStatus::Completed,
        Some(EventKind::ExecutionTerminated { .. }) => RuntimeStatus::Terminated,
        Some(_) => RuntimeStatus::Failed,
        None if fold.is_suspended => RuntimeStatus::Suspended,
        // A later generation waits for its guest as part of an instance that has been running all along.
        None if fold.has_begun || fold.started.generation > 0 => RuntimeStatus::Running,
        None => RuntimeStatus::Pending,
    }
}
