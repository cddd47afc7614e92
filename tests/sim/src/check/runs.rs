//! Every recorded result of an activity is one that an activity had.

use std::collections::{BTreeMap, BTreeSet};

use engine::{ActivityTask, EventKind, ExecutionId, HistoryEvent, InstanceId, TaskId};

use crate::world::{Rule, Violation};

/// Names a run of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RunId(pub(crate) u64);

/// What activities have answered.
#[derive(Debug, Default)]
pub(crate) struct Runs {
    begun: u64,
    /// Texts of results, and of failures.
    results: BTreeMap<(ExecutionId, TaskId), BTreeSet<String>>,
}

impl Runs {
    pub(super) fn begin(&mut self) -> RunId {
        self.begun += 1;
        RunId(self.begun)
    }

    /// A run has ended, and says so from here on.
    pub(crate) fn ends(&mut self, task: &ActivityTask, result: &str) {
        self.results.entry((task.execution_id, task.task)).or_default().insert(result.to_owned());
    }

    pub(super) fn check_recorded(
        &self,
        instance_id: &InstanceId,
        execution_id: ExecutionId,
        event: &HistoryEvent,
    ) -> Result<(), Violation> {
        let (task, result) = match &event.kind {
            EventKind::TaskCompleted { task, output } => {
                (*task, output.as_ref().map(ToString::to_string).unwrap_or_default())
            }
            EventKind::TaskFailed { task, failure } | EventKind::TaskAttemptFailed { task, failure, .. } => {
                (*task, failure.message.clone())
            }
            _ => return Ok(()),
        };
        if self.results.get(&(execution_id, task)).is_some_and(|results| results.contains(&result)) {
            return Ok(());
        }
        let text = format!("`{event}` of {execution_id} is recorded, and no run has ended so");
        Err(Violation::new(Rule::RecordedResultsHappened, instance_id, text))
    }
}
