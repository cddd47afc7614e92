//! What must hold at every moment, watched from outside: below the hosts, on what is really stored.

pub(crate) mod ending;
mod executions;
mod runs;
mod seen;

use std::collections::{BTreeMap, BTreeSet};

use engine::{ActivityTask, EventKind, ExecutionId, HistoryEvent, InstanceId};
use store::{InstanceRow, TurnCommit};

use self::executions::Executions;
use self::runs::Runs;
use self::seen::Seen;
use crate::world::{Rule, Violation};

pub(crate) use self::runs::RunId;

/// All that is known of what was stored, said and done.
#[derive(Debug, Default)]
pub(crate) struct Checks {
    executions: Executions,
    pub(crate) runs: Runs,
    rows: BTreeMap<InstanceId, InstanceRow>,
    past: BTreeSet<ExecutionId>,
    /// What clients have done that allows what is otherwise forbidden.
    pub(crate) allowed: Allowed,
}

/// What clients have done.
#[derive(Debug, Default)]
pub(crate) struct Allowed {
    /// They may vanish.
    pub(crate) purged: BTreeSet<InstanceId>,
    /// They may go on after they have failed: they, or a parent, were rewound.
    pub(crate) rewound: BTreeSet<String>,
    /// Data of the events that clients have sent, as guests show it.
    pub(crate) sent: BTreeSet<String>,
    /// Reasons of terminations that clients have asked for.
    pub(crate) terminations: BTreeSet<String>,
}

impl Checks {
    /// A commit is about to be made.
    pub(crate) fn committing(&mut self, commit: &TurnCommit) -> Result<(), Violation> {
        self.executions.sends(commit);
        for event in commit.history.events() {
            let EventKind::ExecutionStarted(start) = &event.kind else { continue };
            let Some(parent) = start.parent.as_ref().filter(|_| start.generation == 0) else { continue };
            if !self.executions.has_created(parent.execution_id, parent.task, &commit.instance_id) {
                let text =
                    format!("it was started by task {} of {}, which is not stored", parent.task, parent.execution_id);
                return Err(Violation::new(Rule::NothingLeavesAnUncommittedTurn, &commit.instance_id, text));
            }
        }
        Ok(())
    }

    /// A backend said that a commit is durable. Called after what is stored was [`seen`](Self::seen).
    pub(crate) fn acknowledged(&self, commit: &TurnCommit) -> Result<(), Violation> {
        self.executions.check_acknowledged(&commit.instance_id, commit.state.execution_id, commit.history.events())
    }

    /// What is stored of an instance right now.
    pub(crate) fn seen(
        &mut self,
        instance_id: &InstanceId,
        row: Option<InstanceRow>,
        history: &[HistoryEvent],
    ) -> Result<(), Violation> {
        let new = self.executions.seen(instance_id, history)?;
        for event in &new.events {
            self.runs.check_recorded(instance_id, new.execution_id, event)?;
            self.executions.check_told(instance_id, event)?;
        }
        let Self { executions, rows, past, allowed, .. } = self;
        Seen { rows, past, allowed, executions }.row(instance_id, row)
    }

    /// An attempt of an activity begins.
    pub(crate) fn begins(&mut self, task: &ActivityTask) -> Result<RunId, Violation> {
        if !self.executions.has_scheduled(task.execution_id, task.task) {
            let text =
                format!("activity {} begins, and task {} of {} is not stored", task.name, task.task, task.execution_id);
            return Err(Violation::new(Rule::NothingLeavesAnUncommittedTurn, &task.instance_id, text));
        }
        Ok(self.runs.begin())
    }

    /// Instances that ended.
    pub(crate) fn ended(&self) -> u64 {
        self.rows.values().filter(|row| row.state.status.is_terminal()).count() as u64
    }
}
