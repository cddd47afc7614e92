//! Continue-as-new: the next execution of the same instance, whose history takes the place of this one's.

use std::time::Duration;

use crate::{EventId, EventKey, EventKind, ExecutionStarted, HistoryEvent, Payload, limits};

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
        let carried = if keep_events { old.fold.events.untaken() } else { Vec::new() };
        let earlier_events = earlier_events(started.earlier_events.as_deref(), &old.history, &carried);
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
                earlier_events,
            }),
            now,
        );
        let carried: Vec<EventKind> =
            carried.into_iter().filter_map(|event| kind_of(&old.history, event).cloned()).collect();
        self.replace(next);
        for event in carried {
            self.record(event);
        }
    }
}

/// The keys of the newest events of a generation and those before, without the ones that the next generation takes over.
fn earlier_events(before: Option<&[EventKey]>, history: &[HistoryEvent], carried: &[EventId]) -> Option<Vec<EventKey>> {
    let raised = history.iter().rev().filter_map(|event| match &event.kind {
        EventKind::EventRaised { key, .. } if !carried.contains(&event.id) => Some(*key),
        _ => None,
    });
    let newest_first = raised.chain(before.unwrap_or_default().iter().rev().copied());
    let mut keys: Vec<EventKey> = newest_first.take(limits::EARLIER_EVENTS_MAX).collect();
    keys.reverse();
    (!keys.is_empty()).then_some(keys)
}

#[cfg(test)]
mod tests {
    use crate::Timestamp;

    use super::*;

    fn key(number: usize) -> EventKey {
        EventKey::from_bytes((number as u128).to_be_bytes())
    }

    fn raised(number: usize) -> HistoryEvent {
        let kind = EventKind::EventRaised { name: "go".to_owned(), data: None, key: key(number) };
        HistoryEvent { id: EventId(number as u64), at: Timestamp::default(), kind }
    }

    #[test]
    fn the_newest_events_are_known_later_but_for_those_that_are_taken_over() {
        let max = limits::EARLIER_EVENTS_MAX;
        let before: Vec<_> = (1..=max).map(key).collect();
        let history = [raised(max + 1), raised(max + 2), raised(max + 3)];
        let known = earlier_events(Some(&before), &history, &[history[1].id]).unwrap();
        assert_eq!((known.len(), known[0]), (max, key(3)));
        assert_eq!(known[max - 3..], [key(max), key(max + 1), key(max + 3)]);
    }

    #[test]
    fn where_there_was_none_there_is_no_list() {
        assert_eq!(earlier_events(None, &[], &[]), None);
    }
}
