//! Continue-as-new: the next execution of the same instance, whose history takes the place of this one's.

use std::time::Duration;

use crate::{EventKind, ExecutionStarted, Payload, limits};

use super::execution::LiveExecution;
use super::fold::kind_of;
use super::work_item::WorkItem;

/// What the guest decided; see `wit/types.wit`.
#[derive(Debug)]
pub(super) struct ContinueAsNew {
    pub(super) input: Option<Payload>,
    pub(super) version: Option<String>,
    pub(super) keep_events: bool,
}

impl WorkItem<'_> {
    /// Begins the next execution in the same work item. Nothing of the old one is recorded any more, but what it sent
    /// is sent. Its parent stays its parent and hears only of the real end.
    ///
    /// Beyond [`limits::CONTINUE_AS_NEW_PER_WORK_ITEM_MAX`] the new execution is not run but scheduled for the next
    /// millisecond, which slows an eager loop down and lets the history say by itself that its guest has not run yet.
    pub(super) fn continue_as_new(&mut self, next: ContinueAsNew) {
        let ContinueAsNew { input, version, keep_events } = next;
        self.cancel_activities();
        self.generations += 1;
        let must_wait = self.generations >= limits::CONTINUE_AS_NEW_PER_WORK_ITEM_MAX;
        let now = self.now;

        let old = self.current();
        let started = &old.fold.started;
        // All generations are part of what the first is part of, or else of the first.
        let trace_context = started.parent_span().unwrap_or_else(|| old.span());
        let next = LiveExecution::begin(
            Box::new(ExecutionStarted {
                execution_id: started.execution_id.next(),
                name: started.name.clone(),
                version: version.or_else(|| started.version.clone()),
                input,
                tags: started.tags.clone(),
                parent: started.parent.clone(),
                scheduled_start: must_wait.then(|| now.saturating_add(Duration::from_millis(1))),
                created_at: started.created_at,
                component: None,
                generation: started.generation.saturating_add(1),
                trace_context: Some(trace_context.to_headers()),
            }),
            now,
        );
        let carried = if keep_events { old.fold.events.untaken() } else { Vec::new() };
        let carried: Vec<EventKind> =
            carried.into_iter().filter_map(|event| kind_of(&old.history, event).cloned()).collect();
        self.replace(next);
        for event in carried {
            self.record(event);
        }
    }
}
