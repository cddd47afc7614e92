//! What a shard writes into the log of the life of an instance. Written once it is durable.

use engine::{ExecutionId, InstanceState, RuntimeStatus};
use store::TurnCommit;

use crate::fields;

/// What an instance was before a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Before {
    execution_id: ExecutionId,
    status: RuntimeStatus,
}

impl Before {
    pub(super) fn of(state: &InstanceState) -> Self {
        Self { execution_id: state.execution_id, status: state.status }
    }
}

/// A turn is durable: at debug, and if the instance is something else now, at info.
pub(super) fn committed(before: Option<Before>, commit: &TurnCommit) {
    let TurnCommit { instance_id, state, .. } = commit;
    tracing::debug!(
        { fields::INSTANCE_ID } = %instance_id,
        { fields::EXECUTION_ID } = %state.execution_id,
        { fields::COMPONENT } = state.component.map(tracing::field::display),
        { fields::MESSAGES } = commit.consumed.len(),
        { fields::EVENTS } = commit.history.events().len(),
        "turn committed"
    );
    if before != Some(Before::of(state)) {
        tracing::info!(
            { fields::INSTANCE_ID } = %instance_id,
            { fields::EXECUTION_ID } = %state.execution_id,
            { fields::COMPONENT } = state.component.map(tracing::field::display),
            { fields::ORCHESTRATION } = &*state.name,
            { fields::STATUS } = ?state.status,
            { fields::FAILURE } = state.failure.as_ref().map(|failure| failure.kind.as_str()),
            "instance changed"
        );
    }
}
