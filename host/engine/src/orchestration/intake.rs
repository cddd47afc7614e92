//! Messages become facts, or nothing.
//!
//! A message may be delivered more than once, late, or to an execution that it was not meant for. What is recorded is
//! what a reader of the history could not have known from it already.

use crate::{EventKey, EventKind, ExecutionId, ExecutionStarted, Failure, LogLevel, LogLine, Message, Payload};
use crate::{RetryPolicy, TaskId, limits, retry::FailedAttempt};

use super::execution::LiveExecution;
use super::tasks::Attempted;
use super::work_item::WorkItem;

impl WorkItem<'_> {
    /// Takes messages until an execution runs. False: none does, and the inbox is empty.
    ///
    /// An instance that has not started or has ended heeds starts before anything else, because what was sent to the
    /// new execution may have overtaken its start. Otherwise it heeds rewinds.
    pub(super) fn ensure_running(&mut self) -> bool {
        if self.is_running() {
            return true;
        }
        self.inbox.make_contiguous().sort_by_key(|message| !matches!(message, Message::Start(_)));
        while let Some(message) = self.inbox.pop_front() {
            match message {
                Message::Start(start) => self.start(start),
                Message::Rewind { reason, execution_id, asker, to_event } => {
                    self.rewind(reason.as_ref(), execution_id, asker.as_deref(), to_event);
                }
                Message::Terminate { reason, recurse: true, execution_id } => {
                    self.terminate_what_is_left(reason.as_ref(), execution_id);
                }
                Message::TaskCompleted { .. }
                | Message::TaskFailed { .. }
                | Message::ChildCompleted { .. }
                | Message::ChildFailed { .. }
                | Message::RaiseEvent { .. }
                | Message::Terminate { .. }
                | Message::Suspend { .. }
                | Message::Resume { .. }
                | Message::Wake => {}
            }
            if self.is_running() {
                return true;
            }
        }
        false
    }

    fn is_running(&self) -> bool {
        self.instance.execution.as_ref().is_some_and(|execution| !execution.has_ended())
    }

    /// A start for an instance that is not running.
    fn start(&mut self, start: Box<ExecutionStarted>) {
        match &self.instance.execution {
            // The parent asks again: it may have missed the answer, for example while it had failed itself.
            Some(ended) if is_repeated(&start, &ended.fold.started) => self.report_to_parent(),
            Some(_) | None => {
                self.instance.custom_status = None;
                self.replace(LiveExecution::begin(start, self.newest, self.now));
            }
        }
    }

    /// Takes the messages for an execution that runs, up to the one that ends it.
    pub(super) fn intake(&mut self) {
        while !self.current().has_ended() {
            let Some(message) = self.inbox.pop_front() else { return };
            match message {
                Message::Start(start) => self.refuse_start(&start),
                Message::TaskCompleted { execution_id, task, attempt, output } => {
                    if self.is_awaited(execution_id, task, attempt, Attempted::Activity) {
                        self.record(EventKind::TaskCompleted { task, output });
                    }
                }
                Message::TaskFailed { execution_id, task, attempt, failure } => {
                    if self.is_awaited(execution_id, task, attempt, Attempted::Activity) {
                        self.attempt_failed(task, Attempted::Activity, failure.bounded(), None);
                    }
                }
                Message::ChildCompleted { execution_id, task, attempt, output } => {
                    if self.is_awaited(execution_id, task, attempt, Attempted::Child) {
                        self.record(EventKind::SubOrchestrationCompleted { task, output });
                    }
                }
                Message::ChildFailed { execution_id, task, attempt, failure, ending } => {
                    if self.is_awaited(execution_id, task, attempt, Attempted::Child)
                        && self.is_another_ending(task, ending)
                    {
                        self.attempt_failed(task, Attempted::Child, failure.bounded(), ending);
                    }
                }
                Message::RaiseEvent { name, data, key, execution_id } => {
                    if self.is_meant(execution_id) {
                        self.raise(name, data, key);
                    }
                }
                Message::Terminate { reason, recurse, execution_id } => {
                    if self.is_meant(execution_id) {
                        self.terminate(reason, recurse);
                    }
                }
                Message::Suspend { reason, execution_id } => {
                    if self.is_meant(execution_id) && !self.current().fold.is_suspended {
                        self.record(EventKind::ExecutionSuspended { reason });
                    }
                }
                Message::Resume { reason, execution_id } => {
                    if self.is_meant(execution_id) && self.current().fold.is_suspended {
                        self.record(EventKind::ExecutionResumed { reason });
                    }
                }
                // What runs needs no rewind, and answers its parent when it ends.
                Message::Rewind { execution_id, asker, .. } => {
                    if !self.is_meant(execution_id) {
                        self.answer_for_gone(asker.as_deref());
                    }
                }
                Message::Wake => {}
            }
        }
    }

    /// Whether a message for `id` is for the current execution: for this generation, or for one that it came of.
    pub(super) fn is_meant(&self, id: Option<ExecutionId>) -> bool {
        id.is_none_or(|id| self.current().fold.started.lineage().came_of(id))
    }

    /// Whether a child's failure is another one than a rewind has declared void: rewound, it answers under the attempt
    /// number that it has.
    fn is_another_ending(&self, task: TaskId, ending: Option<u64>) -> bool {
        let attempts = self.current().fold.tasks.attempts(task, Attempted::Child);
        let voided = attempts.and_then(|attempts| attempts.voided_ending);
        ending.zip(voided).is_none_or(|(ending, voided)| ending > voided)
    }

    /// Whether a result is that of the current attempt of an open task of this execution.
    fn is_awaited(&self, execution_id: ExecutionId, task: TaskId, attempt: u32, of: Attempted) -> bool {
        let execution = self.current();
        execution_id == execution.id()
            && execution.fold.tasks.attempts(task, of).is_some_and(|attempts| attempts.current == attempt)
    }

    /// The current attempt of an open task failed: there is another, or this was the last.
    fn attempt_failed(&mut self, task: TaskId, of: Attempted, failure: Failure, ending: Option<u64>) {
        let execution = self.current();
        let Some(&attempts) = execution.fold.tasks.attempts(task, of) else { return };
        let next_attempt = |policy: &RetryPolicy| {
            let attempt = attempts.current - attempts.uncounted;
            policy.next_attempt(FailedAttempt { attempt, failure: &failure, since: attempts.since, now: self.now })
        };
        let retry_at = match ending {
            // Whoever asked for a child that is gone wanted it to run.
            Some(Message::GONE) => Some(self.now),
            _ => execution.retry_policy(task).and_then(next_attempt),
        };
        let attempt = attempts.current;
        self.record(match (of, retry_at) {
            (Attempted::Activity, Some(retry_at)) => EventKind::TaskAttemptFailed { task, attempt, failure, retry_at },
            (Attempted::Activity, None) => EventKind::TaskFailed { task, failure },
            (Attempted::Child, Some(retry_at)) => {
                EventKind::SubOrchestrationAttemptFailed { task, attempt, failure, retry_at }
            }
            (Attempted::Child, None) => EventKind::SubOrchestrationFailed { task, failure, ending },
        });
    }

    fn raise(&mut self, name: String, data: Option<Payload>, key: EventKey) {
        let events = &self.current().fold.events;
        if events.has_seen(key) {
            return;
        }
        if events.kept() >= limits::BUFFERED_EVENTS_MAX && !events.is_awaited(&name) {
            let message = format!(
                "event '{name}' was dropped: {} wait already (BUFFERED_EVENTS_MAX)",
                limits::BUFFERED_EVENTS_MAX
            );
            self.logs.push(LogLine { level: LogLevel::Warn, message });
            return;
        }
        self.record(EventKind::EventRaised { name, data, key });
    }

    /// A start for an instance that runs.
    fn refuse_start(&mut self, start: &ExecutionStarted) {
        if !is_repeated(start, &self.current().fold.started) {
            self.tell_instance_exists(start);
        }
    }
}

/// Whether a start has led to `current`, or to one that came before it in the same row of attempts or generations.
fn is_repeated(start: &ExecutionStarted, current: &ExecutionStarted) -> bool {
    if current.lineage().is_known_as(start.execution_id) {
        return true;
    }
    match (&start.parent, &current.parent) {
        (Some(of_start), Some(of_current)) => {
            of_start.instance_id == of_current.instance_id
                && of_start.execution_id == of_current.execution_id
                && of_start.task == of_current.task
                && of_start.attempt <= of_current.attempt
        }
        // Of a chain whose first generation was not recorded.
        (None, None) if current.lineage().first().is_none() => {
            start.created_at == current.created_at
                && start.name == current.name
                && start.generation < current.generation
        }
        _ => false,
    }
}
