//! Who waits for a child is answered: the child runs on, or its parent hears of it.

use std::collections::BTreeMap;

use engine::{EventKind, HistoryEvent, InstanceId, TaskId};
use store::InstanceRow;

use crate::world::{Rule, Violation};

/// Checks a history whose instance has not ended, long after the last fault.
pub(crate) fn check(instance_id: &InstanceId, history: &[HistoryEvent], rows: &[InstanceRow]) -> Result<(), Violation> {
    let mut open: BTreeMap<TaskId, &InstanceId> = BTreeMap::new();
    for event in history {
        match &event.kind {
            EventKind::SubOrchestrationCreated { task, instance_id, detached: false, .. } => {
                open.insert(*task, instance_id);
            }
            EventKind::SubOrchestrationCompleted { task, .. }
            | EventKind::SubOrchestrationFailed { task, .. }
            | EventKind::TaskCanceled { task } => drop(open.remove(task)),
            EventKind::ExecutionRewound { .. } => {
                // What was told before may be told again.
                for event in history.iter().take_while(|it| it.id < event.id) {
                    if let EventKind::SubOrchestrationCreated { task, instance_id, detached: false, .. } = &event.kind {
                        open.insert(*task, instance_id);
                    }
                }
            }
            _ => {}
        }
    }
    for (task, child) in open {
        let is = match rows.iter().find(|row| row.state.instance_id == *child) {
            None => "is not there".to_owned(),
            Some(row) if row.state.parent.as_ref().is_none_or(|it| it.instance_id != *instance_id) => {
                "is somebody else's".to_owned()
            }
            Some(row) if row.state.status.is_terminal() => format!("has ended as {:?}", row.state.status),
            Some(_) => continue,
        };
        let text = format!("it waits for {child} as task {task}, which {is}");
        return Err(Violation::new(Rule::WhoWaitsIsAnswered, instance_id, text));
    }
    Ok(())
}
