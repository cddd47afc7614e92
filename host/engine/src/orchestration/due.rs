//! Timers, retries and scheduled starts: what happens because time passes. Nothing does while suspended.

use crate::{EventKind, TaskId, Timestamp};

use super::tasks::{Attempted, Phase};
use super::work_item::WorkItem;

impl WorkItem<'_> {
    /// Records timers that are due, by when they were, then by task id.
    pub(super) fn fire_timers(&mut self) {
        while let Some(task) = self.next_due_timer() {
            self.record(EventKind::TimerFired { task });
        }
    }

    pub(super) fn next_due_timer(&self) -> Option<TaskId> {
        let fold = &self.current().fold;
        let is_awake = !fold.is_suspended && fold.end.is_none();
        fold.tasks.first_timer().filter(|(fire_at, _)| is_awake && *fire_at <= self.now).map(|(_, task)| task)
    }

    /// Lets attempts begin whose time has come. Not recorded: after a crash they begin once more, and one result counts.
    pub(super) fn start_retries(&mut self) {
        while let Some(task) = self.next_due_retry() {
            let tasks = &mut self.current_mut().fold.tasks;
            if tasks.attempts(task, Attempted::Child).is_some() {
                tasks.begin_retry(task, Phase::Running);
                self.send_start(task);
            } else {
                tasks.begin_retry(task, Phase::Ready);
            }
        }
    }

    fn next_due_retry(&self) -> Option<TaskId> {
        let fold = &self.current().fold;
        let is_awake = !fold.is_suspended && fold.end.is_none();
        fold.tasks.first_retry().filter(|(retry_at, _)| is_awake && *retry_at <= self.now).map(|(_, task)| task)
    }

    /// When the instance must be looked at even if nothing is sent to it.
    pub(super) fn wake_at(&self) -> Option<Timestamp> {
        let fold = &self.current().fold;
        if fold.is_suspended || fold.end.is_some() {
            return None;
        }
        let start = if fold.has_begun { None } else { fold.started.scheduled_start };
        let timer = fold.tasks.first_timer().map(|(fire_at, _)| fire_at);
        let retry = fold.tasks.first_retry().map(|(retry_at, _)| retry_at);
        [start, timer, retry].into_iter().flatten().min()
    }
}
