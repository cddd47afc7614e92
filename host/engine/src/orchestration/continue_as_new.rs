//! Continue-as-new: the next execution of the same instance, whose history takes the place of this one's.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use crate::{EngineRevision, EventId, EventKey, EventKind, ExecutionStarted, Payload, limits};

use super::execution::LiveExecution;
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
        let (now, newest) = (self.now, self.newest);

        let untaken = if keep_events { self.current().fold.events.untaken() } else { Vec::new() };
        let is_kept_whole = self.may_come_back();
        if is_kept_whole {
            self.take_over(untaken.clone());
        }
        let left_children = self.left_children();
        let old = self.current_mut();
        let Raised { carried, seen, earlier_events } = raised(old, untaken, is_kept_whole);
        let started = &old.fold.started;
        // All generations are part of what the first is part of, or else of the first.
        let trace_context = started.parent_span().unwrap_or_else(|| old.span());
        let mut next = LiveExecution::begin(
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
                engine_revision: EngineRevision::OLDEST,
                first_execution: started.lineage().first(),
                left_children,
            }),
            newest,
            now,
        );
        self.carried_over = if must_wait { carried.len() } else { 0 };
        next.take_over(now, carried, seen);
        self.replace(next);
    }
}

/// The external events of an execution that another one follows.
#[derive(Debug, Default)]
struct Raised {
    /// Those that the next execution takes over, oldest first.
    carried: Vec<EventKind>,
    /// The keys of all that it knows.
    seen: BTreeSet<EventKey>,
    /// The keys of the newest of the others, and of the generations before.
    earlier_events: Option<Vec<EventKey>>,
}

/// One pass over the history. What is carried over is taken out of it, unless `is_kept_whole`: thousands of events may
/// go through thousands of generations before one of these is stored.
fn raised(old: &mut LiveExecution, untaken: Vec<EventId>, is_kept_whole: bool) -> Raised {
    let mut untaken = untaken.into_iter().peekable();
    let mut carried = Vec::with_capacity(untaken.len());
    let mut seen = old.fold.events.seen(is_kept_whole);
    let mut keys = VecDeque::from(old.fold.started.earlier_events.clone().unwrap_or_default());
    old.history.retain_mut(|event| {
        let EventKind::EventRaised { key, .. } = &event.kind else { return true };
        if untaken.next_if_eq(&event.id).is_none() {
            keys.push_back(*key);
            if keys.len() > limits::EARLIER_EVENTS_MAX
                && let Some(forgotten) = keys.pop_front()
            {
                seen.remove(&forgotten);
            }
        } else if is_kept_whole {
            carried.push(event.kind.clone());
        } else {
            carried.push(std::mem::replace(&mut event.kind, EventKind::OrchestratorCompleted));
            return false;
        }
        true
    });
    Raised { carried, seen, earlier_events: (!keys.is_empty()).then(|| keys.into()) }
}

#[cfg(test)]
mod tests {
    use crate::Timestamp;

    use super::*;

    fn key(number: usize) -> EventKey {
        EventKey::from_bytes((number as u128).to_be_bytes())
    }

    /// An execution after generations with so many events, in which so many others were raised.
    fn execution(before: usize, now: usize) -> LiveExecution {
        let started = crate::text::parse_messages("start name=order").unwrap().pop();
        let Some(crate::Message::Start(mut started)) = started else { panic!("no start") };
        started.earlier_events = (before > 0).then(|| (1..=before).map(key).collect());
        let mut execution = LiveExecution::begin(started, EngineRevision::NEWEST, Timestamp::default());
        for number in before + 1..=before + now {
            let kind = EventKind::EventRaised { name: "go".to_owned(), data: None, key: key(number) };
            execution.record(Timestamp::default(), kind);
        }
        execution
    }

    fn wait_and_take(execution: &mut LiveExecution, waits: u32) {
        for task in (0..waits).map(crate::TaskId) {
            execution.record(Timestamp::default(), EventKind::EventAwaited { task, name: "go".to_owned() });
        }
        let history = std::mem::take(&mut execution.history);
        execution.fold.deliver(&history);
        execution.history = history;
    }

    fn carried(raised: &Raised) -> Vec<EventKey> {
        let key = |event: &EventKind| match event {
            EventKind::EventRaised { key, .. } => Some(*key),
            _ => None,
        };
        raised.carried.iter().filter_map(key).collect()
    }

    #[test]
    fn the_newest_events_are_known_later_but_for_those_that_are_taken_over() {
        let max = limits::EARLIER_EVENTS_MAX;
        let mut old = execution(max, 3);
        wait_and_take(&mut old, 2);
        let untaken = old.fold.events.untaken();
        let raised = raised(&mut old, untaken, false);
        assert_eq!(carried(&raised), [key(max + 3)]);
        assert_eq!(raised.earlier_events, Some((3..=max + 2).map(key).collect()));
    }

    #[test]
    fn what_is_taken_over_stays_only_in_a_history_that_may_come_back() {
        for is_kept_whole in [false, true] {
            let mut old = execution(0, 3);
            wait_and_take(&mut old, 1);
            let events = old.history.len();
            let untaken = old.fold.events.untaken();
            let raised = raised(&mut old, untaken, is_kept_whole);
            assert_eq!(carried(&raised), [key(2), key(3)]);
            assert_eq!(old.history.len(), if is_kept_whole { events } else { events - 2 });
        }
    }

    #[test]
    fn the_next_execution_knows_what_one_knows_that_is_loaded() {
        for (is_kept_whole, keeps) in [(false, true), (true, true), (false, false)] {
            let mut old = execution(limits::EARLIER_EVENTS_MAX, 5);
            wait_and_take(&mut old, 2);
            let untaken = if keeps { old.fold.events.untaken() } else { Vec::new() };
            let Raised { carried, seen, earlier_events } = raised(&mut old, untaken, is_kept_whole);
            let mut next = execution(0, 0);
            next.fold.started.earlier_events = earlier_events;
            let started = EventKind::ExecutionStarted(next.fold.started.clone());
            next.history[1].kind = started;
            next.take_over(Timestamp::default(), carried, seen);
            next.record(Timestamp::default(), EventKind::OrchestratorCompleted);
            let mut loaded = LiveExecution::load(next.history.clone(), None).unwrap();
            assert_eq!(next.fold.events.untaken(), loaded.fold.events.untaken());
            assert_eq!(next.fold.events.kept(), loaded.fold.events.kept());
            assert_eq!(next.fold.events.seen(true), loaded.fold.events.seen(true));
            assert_eq!((next.history_bytes(), next.fold.last), (loaded.history_bytes(), loaded.fold.last));
        }
    }

    #[test]
    fn what_is_left_behind_is_known_by_its_key() {
        let raised = raised(&mut execution(0, 3), Vec::new(), false);
        assert_eq!((carried(&raised), raised.earlier_events), (vec![], Some((1..=3).map(key).collect())));
    }

    #[test]
    fn where_there_was_none_there_is_no_list() {
        assert_eq!(raised(&mut execution(0, 0), Vec::new(), false).earlier_events, None);
    }
}
