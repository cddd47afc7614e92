//! Rewind: a failed execution goes on as if its last failure had not happened.
//!
//! Nothing is taken out of the history. A turn of its own says which earlier events count as never having happened,
//! and every fold of the history heeds that:
//!
//! * the decisions of the turn that failed, and its end;
//! * activities and children that failed for good in that turn, or in the turns right before it in which the guest
//!   decided nothing. They run again under the next attempt number, with their retry policies counted anew. A child
//!   that can be rewound is rewound itself, and answers under the attempt number that it has.
//!
//! The guest comes back as it was before the first of these. What else it had been told since then, it is told again
//! in the turn that rewinds: it decided nothing on account of that, so nothing recorded is lost.
//!
//! Activities that were open when the execution failed begin again under the same attempt number. Children that were
//! open then may have answered in the meantime and been ignored: they are asked to answer again.

use crate::history::EventClass;
use crate::{EventId, EventKind, HistoryEvent, Message, OutboxMessage, Payload, TaskId};

use super::fold::{kind_of, starts_anew};
use super::load::{self, Voided};
use super::tasks::Work;
use super::work_item::WorkItem;

impl WorkItem<'_> {
    /// A rewind for an instance that has ended, or was never there. Only a failed one is reopened; of one that ended
    /// otherwise, a parent that asks for this hears again how it ended.
    pub(super) fn rewind(&mut self, reason: Option<&Payload>) {
        let Some(execution) = &mut self.instance.execution else { return };
        let end = execution.fold.end.and_then(|end| kind_of(&execution.history, end));
        if !matches!(end, Some(EventKind::ExecutionFailed { .. })) {
            self.report_to_parent();
            return;
        }
        let voided = to_void(&execution.history);
        let mut all = load::voided(&execution.history).expect("these events have been folded before");
        all.extend(&voided);
        execution.refold(&all);

        let failed_children = failed_children(&execution.history, &voided);
        self.record(EventKind::ExecutionRewound { reason: reason.cloned(), voided });
        self.wake_children(&failed_children, reason);
    }

    /// Rewinds the children that failed; asks all others that are open for their answers.
    fn wake_children(&mut self, failed: &[TaskId], reason: Option<&Payload>) {
        let tasks = self.current().fold.tasks.iter();
        let open = tasks.filter(|(_, task)| task.closed.is_none() && matches!(task.work, Work::Child(_)));
        let open: Vec<_> = open.map(|(id, _)| id).collect();
        for task in open {
            let Some(EventKind::SubOrchestrationCreated { instance_id, .. }) = self.current().created(task) else {
                continue;
            };
            if failed.contains(&task) {
                let message = Message::Rewind { reason: reason.cloned() };
                self.outbox.push(OutboxMessage { to: instance_id.clone(), message });
            } else if !self.current().fold.tasks.is_waiting(task) {
                self.send_start(task);
            }
        }
    }
}

/// The children among the voided failures that are to be rewound.
fn failed_children(history: &[HistoryEvent], voided: &[EventId]) -> Vec<TaskId> {
    let rewound = |id: &EventId| match kind_of(history, *id)? {
        EventKind::SubOrchestrationFailed { task, failure } if !starts_anew(&failure.kind) => Some(*task),
        _ => None,
    };
    voided.iter().filter_map(rewound).collect()
}

/// What a rewind of this failed history voids, oldest first.
fn to_void(history: &[HistoryEvent]) -> Vec<EventId> {
    let mut voided = Voided::new();
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
