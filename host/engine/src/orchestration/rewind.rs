//! Rewind: a failed execution goes on as if its last failure had not happened.
//!
//! Nothing is taken out of the history. A turn of its own says what counts as never having happened, and every fold of
//! the history heeds that: all turns from a certain one on.
//!
//! # From where
//! From the turn that was told of the newest activity or child that failed for good with the very failure, kind and
//! message, that the execution ended with: what the guest did on account of it, such as cleaning up, is void, and may
//! be done again. If there is none, from the turn that failed. Failures right before, in turns in which the guest decided
//! nothing, are void as well. Or from the turn that the client names.
//!
//! # What is void
//! * All decisions of these turns, the end among them, and whatever came of those: what is scheduled under their task
//!   ids from now on counts its attempts on. A child that is started again in the very same way is the same child, and
//!   an event that is sent again the same event; others get new derived ids.
//! * Activities and children that failed for good in these turns. They run again under the next attempt number, with their
//!   retry policies counted anew. A child that can be rewound is rewound itself, and answers under the attempt number
//!   that it has.
//!
//! What came from outside stays, and so do results of earlier decisions. The guest comes back as it was before the first of
//! these turns, and is told of all that in the turn that rewinds.
//!
//! Activities that were open when the execution failed begin again under the same attempt number. Children that were
//! open then may have answered in the meantime and been ignored: they are asked to answer again.
//!
//! A child that is rewound or asked, but has been purged, or whose id is another's by now, is gone: whoever finds that out
//! says so to its parent, which starts it again under the next attempt number. If its id is in use, the child fails.
//!
//! # Engine revision 0
//! Only the turn that failed is void, and the failures right before it.

use std::collections::BTreeSet;

use crate::history::EventClass;
use crate::{Asker, EventId, EventKind, ExecutionId, Failure, HistoryEvent, LogLevel, LogLine, Payload, TaskId};

use super::fold::kind_of;
use super::load::{self, Voided};
use super::tasks::{Again, Work};
use super::work_item::WorkItem;

impl WorkItem<'_> {
    /// A rewind for an instance that has ended, or was never there. Only a failed one is reopened; of one that ended
    /// otherwise, a parent that asks for this hears again how it ended. Where another execution has the id by now, the
    /// parent hears that its child is gone.
    ///
    /// `to`: the event from whose turn on everything is void.
    pub(super) fn rewind(
        &mut self,
        reason: Option<&Payload>,
        execution_id: Option<ExecutionId>,
        asker: Option<&Asker>,
        to: Option<EventId>,
    ) {
        if self.instance.execution.is_none() {
            return;
        }
        if !self.is_meant(execution_id) {
            self.answer_for_gone(asker);
            return;
        }
        let only_asks = asker.is_some_and(|asker| asker.only_asks);
        let execution = self.current_mut();
        let end = execution.fold.end.and_then(|end| kind_of(&execution.history, end));
        let Some(EventKind::ExecutionFailed { failure }) = end.filter(|_| !only_asks) else {
            self.report_to_parent();
            return;
        };
        let history = &execution.history;
        let mut all = load::voided(history).expect("these events have been folded before");
        let (mut voided, mut from) = (Vec::new(), None);
        if execution.fold.started.engine_revision.rewinds_to_the_cause() {
            let turns = Turns { history, voided: &all };
            let begin = match to {
                None => turns.of_cause(failure),
                Some(event) if event >= EventId::FIRST && event <= execution.fold.last => turns.of(event),
                Some(event) => return self.refuse_rewind(&format!("there is no event {event} in its history")),
            };
            all.add_turns(begin, EventId(u64::MAX));
            from = Some(begin);
        } else if to.is_some() {
            return self.refuse_rewind("it began under the rules of engine revision 0, which know no such rewind");
        } else {
            voided = events_of_failed_turn(history);
            all.add_events(&voided);
        }
        execution.refold(&all);

        let failed_children = execution.fold.failed_children();
        self.record(EventKind::ExecutionRewound { reason: reason.cloned(), voided, from });
        self.wake_children(&failed_children, reason);
    }

    fn refuse_rewind(&mut self, why: &str) {
        let message = format!("the rewind to an event was ignored: {why}");
        self.logs.push(LogLine { level: LogLevel::Warn, message });
    }

    /// Rewinds the children that failed, or starts them anew; asks all others that are open how they ended, as their answers
    /// may have come while nobody listened.
    fn wake_children(&mut self, failed: &[(TaskId, Again)], reason: Option<&Payload>) {
        let tasks = self.current().fold.tasks.iter();
        let open = tasks.filter(|(_, task)| task.closed.is_none() && matches!(task.work, Work::Child(_)));
        let open: Vec<_> = open.map(|(id, _)| id).collect();
        for task in open {
            match failed.iter().find(|(failed, _)| *failed == task) {
                None if self.current().fold.tasks.is_waiting(task) => {}
                None => self.send_again(task, Again::Asked, reason),
                Some((_, again)) => self.send_again(task, *again, reason),
            }
        }
    }
}

/// The turns of a history.
struct Turns<'a> {
    history: &'a [HistoryEvent],
    voided: &'a Voided,
}

impl Turns<'_> {
    /// The turn of an event: where it begins, or where those begin that have been declared void together with it.
    fn of(&self, event: EventId) -> EventId {
        if let Some(begin) = self.voided.begin_of_turns(event) {
            return begin;
        }
        let up_to = usize::try_from(event.0).unwrap_or(usize::MAX).min(self.history.len());
        let begin = self.history[..up_to].iter().rfind(|event| event.kind == EventKind::OrchestratorStarted);
        begin.map_or(EventId::FIRST, |event| event.id)
    }

    /// The first turn to declare void in an execution that ended with that failure.
    fn of_cause(&self, failure: &Failure) -> EventId {
        let is_cause = |event: &&HistoryEvent| match &event.kind {
            EventKind::TaskFailed { failure: cause, .. } | EventKind::SubOrchestrationFailed { failure: cause, .. } => {
                (&cause.kind, &cause.message) == (&failure.kind, &failure.message)
                    && self.voided.begin_of_turns(event.id).is_none()
            }
            _ => false,
        };
        let cause = self.history.iter().rfind(is_cause).or(self.history.last());
        let mut begin = self.of(cause.map_or(EventId::FIRST, |event| event.id));
        // A guest that waits for many things may have waited on after the first of them failed.
        let before = self.history.partition_point(|event| event.id < begin);
        for turn in self.history[..before].chunk_by(|_, next| next.kind != EventKind::OrchestratorStarted).rev() {
            let [first, ..] = turn else { break };
            let has_decided = turn.iter().any(|event| event.kind.class() == EventClass::Decision);
            if has_decided || self.voided.begin_of_turns(first.id).is_some() {
                break;
            }
            if turn.iter().any(|event| is_failed_task(&event.kind)) {
                begin = first.id;
            }
        }
        begin
    }
}

/// What a rewind of this failed history declares void under engine revision 0, oldest first.
fn events_of_failed_turn(history: &[HistoryEvent]) -> Vec<EventId> {
    let mut voided = BTreeSet::new();
    let mut turns = history.rsplit(|event| event.kind == EventKind::OrchestratorStarted);
    for (back, turn) in turns.by_ref().enumerate() {
        let is_failed_turn = back == 0;
        let decisions = || turn.iter().filter(|event| event.kind.class() == EventClass::Decision);
        if is_failed_turn {
            voided.extend(decisions().map(|event| event.id));
        } else if decisions().next().is_some() {
            break;
        }
        voided.extend(turn.iter().filter(|event| is_failed_task(&event.kind)).map(|event| event.id));
        // What came before an earlier rewind has been dealt with by it.
        if turn.iter().any(|event| matches!(event.kind, EventKind::ExecutionRewound { .. })) {
            break;
        }
    }
    voided.into_iter().collect()
}

fn is_failed_task(kind: &EventKind) -> bool {
    matches!(kind, EventKind::TaskFailed { .. } | EventKind::SubOrchestrationFailed { .. })
}
