//! The end of an execution.
//!
//! Its open activities are canceled: those that run may be interrupted, those scheduled in this very work item never
//! begin. Its timers and waits are gone with it. Its open children go on, unless it is terminated together with them; they
//! can be ended that way later, too.

use crate::{EventKind, ExecutionId, Failure, Payload, kind, limits};

use super::work_item::WorkItem;

impl WorkItem<'_> {
    /// Ends the execution by its guest's decision, or by the host's in its place, and tells the parent.
    pub(super) fn end(&mut self, kind: EventKind) {
        self.cancel_activities();
        self.record(kind);
        self.report_to_parent();
    }

    pub(super) fn fail(&mut self, failure: Failure) {
        self.end(EventKind::ExecutionFailed { failure: failure.bounded() });
    }

    pub(super) fn terminate(&mut self, reason: Option<Payload>, recurse: bool) {
        if recurse {
            self.terminate_children(reason.as_ref());
        }
        self.end(EventKind::ExecutionTerminated { reason, recurse });
    }

    /// Ends the children of an execution that has ended itself.
    pub(super) fn terminate_what_is_left(&mut self, reason: Option<&Payload>, execution_id: Option<ExecutionId>) {
        if self.instance.execution.is_some() && self.is_meant(execution_id) {
            self.terminate_children(reason);
        }
    }

    /// Lists the attempts of this execution that may be interrupted.
    pub(super) fn cancel_activities(&mut self) {
        let tasks = self.current().fold.tasks.iter();
        let running: Vec<_> = tasks.filter(|(_, task)| self.may_run(task)).map(|(id, _)| id).collect();
        self.canceled.extend(running);
    }

    /// A history that has reached its limit ends with a failure.
    pub(super) fn end_if_too_long(&mut self) {
        if !self.current().has_ended() && !self.has_room_for(0) {
            self.fail(too_long());
        }
    }

    /// Whether the turn may record that many more events besides its last one.
    pub(super) fn has_room_for(&self, events: usize) -> bool {
        self.current().fold.last.0.saturating_add(events as u64) < limits::HISTORY_EVENTS_MAX
    }
}

pub(super) fn too_long() -> Failure {
    let message = format!(
        "the history would exceed the limit of {} events (HISTORY_EVENTS_MAX); continue as new before that",
        limits::HISTORY_EVENTS_MAX
    );
    Failure::new(kind::HISTORY_TOO_LONG, message).non_retriable()
}
