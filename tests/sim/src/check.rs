//! What must hold at every moment, watched from outside: below the hosts, on what is really stored.

pub(crate) mod addressed;
pub(crate) mod children;
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
use crate::program::shown;
use crate::world::{Rule, Violation};

pub(crate) use self::runs::RunId;

/// All that is known of what was stored, said and done.
#[derive(Debug, Default)]
pub(crate) struct Checks {
    executions: Executions,
    pub(crate) runs: Runs,
    rows: BTreeMap<InstanceId, InstanceRow>,
    past: BTreeSet<ExecutionId>,
    /// Data of events that were recorded, as guests show it, by the life that they were for.
    raised: BTreeMap<(InstanceId, usize), BTreeSet<String>>,
    /// What clients have done that allows what is otherwise forbidden.
    pub(crate) allowed: Allowed,
}

/// What clients have done.
#[derive(Debug, Default)]
pub(crate) struct Allowed {
    /// They may vanish.
    pub(crate) purged: BTreeSet<InstanceId>,
    /// Their ids were taken from their parents. A copy of the first start may begin it once more.
    pub(crate) spoiled: BTreeSet<InstanceId>,
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
        let new = self.executions.seen(instance_id, history, self.allowed.spoiled.contains(instance_id))?;
        let tags = self.executions.tags(new.execution_id);
        for event in &new.events {
            addressed::check(instance_id, &tags, event)?;
            if let EventKind::EventRaised { data: Some(data), .. } = &event.kind
                && let Some((life, root)) = addressed::read(data.as_str())
                && root == instance_id.as_str()
            {
                self.raised.entry((instance_id.clone(), life)).or_default().insert(shown(data.as_str()));
            }
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

    /// The events that were recorded for a life of an instance.
    pub(crate) fn raised(&self, instance: &str, life: usize) -> BTreeSet<String> {
        let is_it = |(id, of): &&(InstanceId, usize)| id.as_str() == instance && *of == life;
        self.raised.keys().find(is_it).and_then(|key| self.raised.get(key)).cloned().unwrap_or_default()
    }

    /// Whether everything that was detached has begun, once nothing is under way any more.
    pub(crate) fn check_detached(&self) -> Result<(), Violation> {
        self.executions.check_detached()
    }

    /// Rows that were there when somebody looked, and must be there still.
    pub(crate) fn must_exist(&self) -> impl Iterator<Item = &InstanceId> {
        self.rows.keys().filter(|id| !self.allowed.purged.contains(*id))
    }

    /// Instances that ended.
    pub(crate) fn ended(&self) -> u64 {
        self.rows.values().filter(|row| row.state.status.is_terminal()).count() as u64
    }
}
