//! Instance rows and how they are found.

use std::collections::BTreeMap;
use std::fmt;

use engine::{EventId, ExecutionId, InstanceId, InstanceState, RuntimeStatus, Timestamp};

use crate::limits;

/// The stored row of an instance.
#[derive(Debug, Clone, PartialEq)]
pub struct InstanceRow {
    /// What the engine decided.
    pub state: InstanceState,
    /// Why it is not being worked on, if it is held.
    pub held: Option<HeldReason>,
    /// The last event of the stored history; none before the first turn.
    pub last_event: Option<EventId>,
    /// Counts the changes of this row: grows with every commit, hold, release and replacement. An instance that is
    /// created anew under the id of a purged one begins above it.
    pub revision: u64,
    /// When it will be handed out by itself.
    pub wake_at: Option<Timestamp>,
}

/// Why an instance is held. Shown in its status until it is released.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldReason {
    /// A stable code: `nondeterminism`, `component-unavailable`, `orchestration-not-found`, `corrupt-history`,
    /// `corrupt-row`, `corrupt-message`.
    pub code: String,
    /// What is wrong and what to do, for a person.
    pub message: String,
    /// Since when.
    pub since: Timestamp,
}

impl HeldReason {
    /// The code of an instance whose component and history disagree.
    pub const NONDETERMINISM: &str = "nondeterminism";
    /// The code of an instance whose component cannot be had.
    pub const COMPONENT_UNAVAILABLE: &str = "component-unavailable";
    /// The code of an instance of an orchestration that no component offers.
    pub const ORCHESTRATION_NOT_FOUND: &str = "orchestration-not-found";
    /// The code of an instance whose stored history is not one that the engine wrote.
    pub const CORRUPT_HISTORY: &str = "corrupt-history";
    /// The code of an instance of whose stored row only the id is certain.
    pub const CORRUPT_ROW: &str = "corrupt-row";

    /// The code of an instance that was sent something which cannot be read.
    pub const CORRUPT_MESSAGE: &str = "corrupt-message";

    /// The row is not one that this program wrote.
    pub fn corrupt_row(problem: &dyn fmt::Display, since: Timestamp) -> Self {
        let message =
            format!("{problem}. Restore it from a backup, then let it go on with `rondo migrate`; or purge it.");
        Self { code: Self::CORRUPT_ROW.to_owned(), message, since }
    }

    /// A message to the instance is not one that this program wrote. Without it the instance would go on as if it had
    /// never been sent.
    pub fn corrupt_message(problem: &dyn fmt::Display, since: Timestamp) -> Self {
        let message =
            format!("{problem}. Restore it from a backup, then let it go on with `rondo migrate`; or purge it.");
        Self { code: Self::CORRUPT_MESSAGE.to_owned(), message, since }
    }

    /// Whether another component may be all that it needs.
    pub fn is_for_want_of_a_component(&self) -> bool {
        [Self::NONDETERMINISM, Self::COMPONENT_UNAVAILABLE, Self::ORCHESTRATION_NOT_FOUND].contains(&self.code.as_str())
    }

    /// Whether what is stored of the instance is damaged: it may be purged although it has not ended.
    pub fn is_damage(&self) -> bool {
        [Self::CORRUPT_HISTORY, Self::CORRUPT_ROW, Self::CORRUPT_MESSAGE].contains(&self.code.as_str())
    }
}

impl InstanceRow {
    /// Which execution a message is for that a client sends now; none: nothing can be read of it, so whichever runs.
    pub fn addressee(&self) -> Option<ExecutionId> {
        let is_readable = self.held.as_ref().is_none_or(|held| held.code != HeldReason::CORRUPT_ROW);
        is_readable.then(|| self.state.lineage().name())
    }

    /// What a reader is shown of an instance whose row is damaged: its id and why, and nothing in between. It counts as
    /// running, because it is not known to have ended.
    pub fn unreadable(instance_id: InstanceId, held: HeldReason, revision: u64) -> Self {
        let state = InstanceState {
            instance_id,
            execution_id: ExecutionId::from_bytes([0; 16]),
            name: String::new(),
            version: None,
            status: RuntimeStatus::Running,
            input: None,
            output: None,
            failure: None,
            custom_status: None,
            tags: BTreeMap::new(),
            parent: None,
            created_at: held.since,
            updated_at: held.since,
            completed_at: None,
            scheduled_start: None,
            component: None,
            generation: 0,
            first_execution: None,
        };
        Self { state, held: Some(held), last_event: None, revision, wake_at: None }
    }
}

/// Which instances a query wants. Empty lists and `None` mean "any".
#[derive(Debug, Clone, PartialEq, Default)]
pub struct InstanceFilter {
    /// One of these.
    pub statuses: Vec<RuntimeStatus>,
    /// This orchestration.
    pub name: Option<String>,
    /// Ids that begin so.
    pub id_prefix: Option<String>,
    /// Created at or after.
    pub created_from: Option<Timestamp>,
    /// Created at or before.
    pub created_to: Option<Timestamp>,
    /// Only held ones.
    pub held: bool,
    /// At most this many; 0 or more than the limit means the limit.
    pub top: usize,
    /// Where the page before ended.
    pub continuation: Option<String>,
}

/// One page of a query. It may hold fewer rows than asked for, and there may be more nevertheless.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct InstancePage {
    /// The rows.
    pub rows: Vec<InstanceRow>,
    /// Where the next page begins; none after the last.
    pub continuation: Option<String>,
}

/// Which ended instances to delete.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PurgeFilter {
    /// One of these; those that have not ended are ignored. Empty: any ended one.
    pub statuses: Vec<RuntimeStatus>,
    /// Created at or after.
    pub created_from: Option<Timestamp>,
    /// Created at or before.
    pub created_to: Option<Timestamp>,
}

impl InstanceFilter {
    /// Whether a row is wanted, pages aside.
    pub fn matches(&self, row: &InstanceRow) -> bool {
        let Self { statuses, name, id_prefix, created_from, created_to, held, top: _, continuation: _ } = self;
        let state = &row.state;
        (statuses.is_empty() || statuses.contains(&state.status))
            && name.as_ref().is_none_or(|name| *name == state.name)
            && id_prefix.as_ref().is_none_or(|prefix| state.instance_id.as_str().starts_with(prefix.as_str()))
            && created_from.is_none_or(|from| state.created_at >= from)
            && created_to.is_none_or(|to| state.created_at <= to)
            && (!held || row.held.is_some())
    }

    /// How many rows a page holds.
    pub fn page_rows(&self) -> usize {
        match self.top {
            0 => limits::PAGE_INSTANCES_MAX,
            top => top.min(limits::PAGE_INSTANCES_MAX),
        }
    }
}

impl PurgeFilter {
    /// Whether an instance is to be deleted.
    pub fn matches(&self, state: &InstanceState) -> bool {
        let Self { statuses, created_from, created_to } = self;
        state.status.is_terminal()
            && (statuses.is_empty() || statuses.contains(&state.status))
            && created_from.is_none_or(|from| state.created_at >= from)
            && created_to.is_none_or(|to| state.created_at <= to)
    }
}
