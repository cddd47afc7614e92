//! What a guest decides again, against what the history says it decided.

use std::ops::Range;

use crate::text::excerpts;
use crate::{Action, EventId, EventKind, InstanceId, Nondeterminism, StartChild};

use super::execution::LiveExecution;

/// Compares the actions of one repeated turn with the decisions recorded in `decisions`, parameters included.
pub(super) fn compare(
    execution: &LiveExecution,
    decisions: Range<usize>,
    actions: &[Action],
) -> Result<(), Nondeterminism> {
    let mut recorded = execution.history.get(decisions.clone()).unwrap_or_default().iter();
    let mut at = EventId(decisions.start as u64 + 1);
    for action in actions {
        if !leaves_a_trace(execution, action, at) {
            continue;
        }
        let next = recorded.next();
        if !next.is_some_and(|event| is_same(execution, action, &event.kind)) {
            return Err(mismatch(at, next.map(|event| event.kind.to_string()), Some(produced(execution, action))));
        }
        at = at.next();
    }
    match recorded.next() {
        None => Ok(()),
        Some(event) => Err(mismatch(at, Some(event.kind.to_string()), None)),
    }
}

/// Whether an action was to be recorded when the next event was to be `at`. A cancel was not if there was nothing left
/// to cancel.
fn leaves_a_trace(execution: &LiveExecution, action: &Action, at: EventId) -> bool {
    match action {
        Action::Log { .. } | Action::SetCustomStatus { .. } => false,
        Action::Cancel { task } => execution.fold.could_be_canceled(*task, at),
        Action::ScheduleActivity { .. }
        | Action::CreateTimer { .. }
        | Action::StartChild(_)
        | Action::WaitEvent { .. }
        | Action::SendEvent { .. }
        | Action::ContinueAsNew { .. }
        | Action::Complete { .. }
        | Action::Fail { .. } => true,
    }
}

fn is_same(execution: &LiveExecution, action: &Action, recorded: &EventKind) -> bool {
    match (action, recorded) {
        (
            Action::ScheduleActivity { task, name, input, retry },
            EventKind::TaskScheduled { task: task_then, name: name_then, input: input_then, retry: retry_then },
        ) => task == task_then && name == name_then && input == input_then && retry == retry_then,
        (Action::CreateTimer { task, fire_at }, EventKind::TimerCreated { task: task_then, fire_at: fire_at_then }) => {
            task == task_then && fire_at == fire_at_then
        }
        (Action::StartChild(child), EventKind::SubOrchestrationCreated { .. }) => {
            is_same_child(execution, child, recorded)
        }
        (Action::WaitEvent { task, name }, EventKind::EventAwaited { task: task_then, name: name_then }) => {
            task == task_then && name == name_then
        }
        (
            Action::SendEvent { task, instance_id, name, data },
            EventKind::EventSent { task: task_then, instance_id: to_then, name: name_then, data: data_then },
        ) => task == task_then && instance_id == to_then.as_str() && name == name_then && data == data_then,
        (Action::Cancel { task }, EventKind::TaskCanceled { task: task_then }) => task == task_then,
        // Only a check repeats the turn that ended an execution; a guest with a future of its own never does.
        (Action::Complete { output }, EventKind::ExecutionCompleted { output: output_then }) => output == output_then,
        (Action::Fail { failure }, EventKind::ExecutionFailed { failure: failure_then }) => failure == failure_then,
        _ => false,
    }
}

fn is_same_child(execution: &LiveExecution, child: &StartChild, recorded: &EventKind) -> bool {
    let StartChild { task, name, instance_id, version, input, tags, retry, detached } = child;
    let EventKind::SubOrchestrationCreated {
        task: task_then,
        name: name_then,
        instance_id: instance_then,
        version: version_then,
        input: input_then,
        tags: tags_then,
        retry: retry_then,
        detached: detached_then,
    } = recorded
    else {
        return false;
    };
    let is_same_instance = match instance_id {
        Some(given) => given == instance_then.as_str(),
        None => *instance_then == execution.derived_instance(*task),
    };
    is_same_instance
        && (task, name, version, input) == (task_then, name_then, version_then, input_then)
        && (tags, retry, detached) == (tags_then, retry_then, detached_then)
}

/// The action as the event it would have become.
fn produced(execution: &LiveExecution, action: &Action) -> String {
    let event = match action.clone() {
        Action::ScheduleActivity { task, name, input, retry } => EventKind::TaskScheduled { task, name, input, retry },
        Action::CreateTimer { task, fire_at } => EventKind::TimerCreated { task, fire_at },
        Action::StartChild(child) => {
            let StartChild { task, name, instance_id, version, input, tags, retry, detached } = *child;
            let instance_id = match instance_id.as_deref().map(InstanceId::new) {
                None => execution.derived_instance(task),
                Some(Ok(given)) => given,
                Some(Err(error)) => return format!("sub_orchestration_created task={task} ({error})"),
            };
            EventKind::SubOrchestrationCreated { task, name, instance_id, version, input, tags, retry, detached }
        }
        Action::WaitEvent { task, name } => EventKind::EventAwaited { task, name },
        Action::SendEvent { task, instance_id, name, data } => match InstanceId::new(&instance_id) {
            Ok(instance_id) => EventKind::EventSent { task, instance_id, name, data },
            Err(error) => return format!("event_sent task={task} ({error})"),
        },
        Action::Cancel { task } => EventKind::TaskCanceled { task },
        Action::Complete { output } => EventKind::ExecutionCompleted { output },
        Action::Fail { failure } => EventKind::ExecutionFailed { failure },
        Action::ContinueAsNew { .. } => return "continue_as_new".to_owned(),
        Action::SetCustomStatus { .. } | Action::Log { .. } => return "nothing that is recorded".to_owned(),
    };
    event.to_string()
}

fn mismatch(at: EventId, recorded: Option<String>, produced: Option<String>) -> Nondeterminism {
    let (recorded, produced) = excerpts(recorded, produced);
    Nondeterminism { at, recorded, produced }
}
