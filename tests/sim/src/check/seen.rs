//! Rows: an instance that has ended has ended.

use std::collections::{BTreeMap, BTreeSet};

use engine::{ExecutionId, InstanceId, RuntimeStatus};
use store::InstanceRow;

use super::Allowed;
use super::executions::Executions;
use crate::world::{Rule, Violation};

/// What a row is compared with.
pub(super) struct Seen<'a> {
    pub(super) rows: &'a mut BTreeMap<InstanceId, InstanceRow>,
    /// Executions that rows have moved on from.
    pub(super) past: &'a mut BTreeSet<ExecutionId>,
    pub(super) allowed: &'a Allowed,
    pub(super) executions: &'a Executions,
}

impl Seen<'_> {
    /// Compares the row of an instance with the one that it had.
    pub(super) fn row(self, instance_id: &InstanceId, row: Option<InstanceRow>) -> Result<(), Violation> {
        let before = match &row {
            Some(row) => self.rows.insert(instance_id.clone(), row.clone()),
            None => self.rows.remove(instance_id),
        };
        if let Some(held) = row.as_ref().and_then(|row| row.held.as_ref()) {
            return Err(Violation::new(Rule::NobodyIsHeld, instance_id, format!("{}: {}", held.code, held.message)));
        }
        let gone_back = |text: String| Err(Violation::new(Rule::TerminalStays, instance_id, text));
        match (before, row) {
            (Some(before), None) if !self.allowed.purged.contains(instance_id) => {
                gone_back(format!("its row is gone, which said {:?}", before.state.status))
            }
            (Some(before), Some(row)) if before.state.execution_id == row.state.execution_id => {
                let (was, is) = (&before.state, &row.state);
                let is_rewound = was.status == RuntimeStatus::Failed && self.is_rewound(&row);
                let is_same = (was.status, &was.output, &was.failure) == (is.status, &is.output, &is.failure);
                if was.status.is_terminal() && !is_same && !is_rewound {
                    return gone_back(format!("it was {:?} and is {:?}", was.status, is.status));
                }
                if was.status == RuntimeStatus::Running && is.status == RuntimeStatus::Pending {
                    return gone_back("it was Running and is Pending".to_owned());
                }
                self.check_end(&row)
            }
            (before, Some(row)) => {
                self.past.extend(before.map(|before| before.state.execution_id));
                let may_come_back = self.allowed.spoiled.contains(instance_id);
                if self.past.contains(&row.state.execution_id) && !may_come_back {
                    let text = format!("its row says {} again, which another has replaced", row.state.execution_id);
                    return gone_back(text);
                }
                self.check_end(&row)
            }
            (before, None) => {
                self.past.extend(before.map(|before| before.state.execution_id));
                Ok(())
            }
        }
    }

    /// What a reader is told of an end is recorded.
    fn check_end(&self, row: &InstanceRow) -> Result<(), Violation> {
        let state = &row.state;
        if state.status.is_terminal() && !self.executions.has_ended(state.execution_id) {
            let text = format!("it is {:?}, and the history of {} does not say so", state.status, state.execution_id);
            return Err(Violation::new(Rule::RowIsWhatTheHistorySays, &state.instance_id, text));
        }
        Ok(())
    }

    fn is_rewound(&self, row: &InstanceRow) -> bool {
        row.state.tags.get(crate::program::guest::ROOT).is_some_and(|root| self.allowed.rewound.contains(root))
    }
}
