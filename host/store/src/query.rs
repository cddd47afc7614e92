//! Instance rows and how they are found.

use engine::{EventId, InstanceState, RuntimeStatus, Timestamp};

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
    /// A stable code: `nondeterminism`, `component-unavailable`, `corrupt-history`.
    pub code: String,
    /// What is wrong and what to do, for a person.
    pub message: String,
    /// Since when.
    pub since: Timestamp,
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
