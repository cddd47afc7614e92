//! A guest's decisions take effect: they are recorded, and what they send is put into the outbox.

use crate::{Action, EventKind, Message, OutboxMessage};

use super::contract::{self, Checker, CustomStatus, Decided};
use super::ending;
use super::tasks::{Phase, Work};
use super::work_item::WorkItem;

impl WorkItem<'_> {
    pub(super) fn decide(&mut self, actions: Vec<Action>) {
        self.logs.extend(contract::log_lines(&actions));
        let execution = self.current();
        match Checker::new(execution).check(actions) {
            Ok(decided) => self.carry_out_all(decided),
            Err(failure) => self.fail(failure),
        }
    }

    fn carry_out_all(&mut self, decided: Decided) {
        let Decided { events, continuing, custom_status } = decided;
        if continuing.is_none() && !self.has_room_for(events.len()) {
            self.fail(ending::too_long());
            return;
        }
        if let Some(CustomStatus(status)) = custom_status {
            self.instance.custom_status = status;
        }
        for event in events {
            self.carry_out(event);
        }
        self.continuing = continuing;
    }

    fn carry_out(&mut self, decision: EventKind) {
        match decision {
            EventKind::ExecutionCompleted { .. } | EventKind::ExecutionFailed { .. } => self.end(decision),
            EventKind::TaskCanceled { task } => {
                // The guest may not know yet, or not care, that the task is closed: nothing is left to cancel.
                if self.current().fold.can_be_canceled(task) {
                    self.note_canceled_activity(task);
                    self.record(decision);
                }
            }
            EventKind::SubOrchestrationCreated { task, .. } => {
                self.record(decision);
                let again = self.current().fold.tasks.child_again(task);
                self.send_again(task, again, None);
            }
            EventKind::EventSent { task, ref instance_id, ref name, ref data } => {
                let key = self.current().event_key(task, &decision);
                let message = Message::RaiseEvent { name: name.clone(), data: data.clone(), key, execution_id: None };
                self.outbox.push(OutboxMessage { to: instance_id.clone(), message });
                self.record(decision);
            }
            other => self.record(other),
        }
    }

    /// Lists an open task's attempt, if it is an activity's, that may be interrupted.
    fn note_canceled_activity(&mut self, task: crate::TaskId) {
        let Some(entry) = self.current().fold.tasks.get(task) else { return };
        if self.may_run(entry) {
            self.canceled.push(task);
        }
    }

    /// Whether an attempt of that task may be running somewhere.
    pub(super) fn may_run(&self, task: &super::tasks::Task) -> bool {
        match &task.work {
            Work::Activity(attempts) if task.closed.is_none() => match attempts.phase {
                Phase::Running => true,
                // After a load it may run in this host's memory from before, or on another host.
                Phase::Ready => !self.is_new(task.created),
                Phase::Waiting(_) => false,
            },
            Work::Activity(_) | Work::Child(_) | Work::Timer { .. } | Work::Wait { .. } | Work::Unanswered => false,
        }
    }
}
