//! Children and parents: starts, refusals, results.

use crate::{
    Asker, EngineRevision, EventKind, ExecutionStarted, Failure, LeftChild, Message, OutboxMessage, Parent, Payload,
    TaskId, kind, limits,
};

use super::execution::LiveExecution;
use super::fold::kind_of;
use super::tasks::{Again, Attempted, Work};
use super::work_item::WorkItem;

impl WorkItem<'_> {
    /// Sends the start of a child's current attempt. Its execution id is derived, so a second one is recognised.
    pub(super) fn send_start(&mut self, task: TaskId) {
        let execution = self.current();
        let Some(EventKind::SubOrchestrationCreated { name, instance_id, version, input, tags, detached, .. }) =
            execution.created(task)
        else {
            return;
        };
        let entry = execution.fold.tasks.get(task);
        let attempt = match execution.fold.tasks.attempts(task, Attempted::Child) {
            Some(attempts) => attempts.current,
            None => entry.map_or(1, |entry| entry.first),
        };
        let parent = self.as_parent(task, attempt);
        let start = ExecutionStarted {
            execution_id: parent.first_of_child(),
            name: name.clone(),
            version: version.clone(),
            input: input.clone(),
            tags: tags.clone(),
            parent: (!detached).then_some(parent),
            scheduled_start: None,
            created_at: self.now,
            component: None,
            generation: 0,
            trace_context: Some(execution.span().to_headers()),
            earlier_events: None,
            engine_revision: EngineRevision::OLDEST,
            first_execution: None,
            left_children: None,
        };
        let message = OutboxMessage { to: instance_id.clone(), message: Message::Start(Box::new(start)) };
        self.outbox.push(message);
    }

    /// Makes the child of an open task run, or asks how it ended if it has.
    pub(super) fn send_again(&mut self, task: TaskId, again: Again, reason: Option<&Payload>) {
        match again {
            Again::Started => self.send_start(task),
            Again::Asked => self.send_rewind(task, reason, true),
            Again::Rewound => self.send_rewind(task, reason, false),
        }
    }

    /// Rewinds the child of an open task, or asks only how it ended. It is answered in any case: whoever finds that there is
    /// no such child answers in its place.
    fn send_rewind(&mut self, task: TaskId, reason: Option<&Payload>, only_asks: bool) {
        let execution = self.current();
        let (Some(EventKind::SubOrchestrationCreated { instance_id, .. }), Some(attempts)) =
            (execution.created(task), execution.fold.tasks.attempts(task, Attempted::Child))
        else {
            return;
        };
        let parent = self.as_parent(task, attempts.current);
        let execution_id = Some(parent.first_of_child());
        let to = instance_id.clone();
        let asker = Some(Box::new(Asker { parent, only_asks }));
        let message = Message::Rewind { reason: reason.cloned(), execution_id, asker, to_event: None };
        self.outbox.push(OutboxMessage { to, message });
    }

    /// The current execution, as it waits for a child.
    fn as_parent(&self, task: TaskId, attempt: u32) -> Parent {
        let execution = self.current();
        Parent {
            instance_id: self.instance.instance_id.clone(),
            execution_id: execution.id(),
            name: execution.fold.started.name.clone(),
            task,
            attempt,
        }
    }

    /// Answers a parent whose child is not there any more.
    pub(super) fn answer_for_gone(&mut self, asker: Option<&Asker>) {
        let instance_id = &self.instance.instance_id;
        self.outbox.extend(asker.map(|asker| OutboxMessage::instance_gone(instance_id, &asker.parent)));
    }

    /// Ends every child, and whatever those have started: children that are waited for, that were given up, and those of
    /// earlier generations. Of a child that has ended by itself, children may go on. One that has given its id to another
    /// heeds this not.
    pub(super) fn terminate_children(&mut self, reason: Option<&Payload>) {
        let execution = self.current();
        let left = execution.fold.started.left_children.iter().flatten().cloned();
        let children = left.chain(children(execution).map(|(_, child)| child));
        let terminate = |LeftChild { instance_id, execution_id }| {
            let message =
                Message::Terminate { reason: reason.cloned(), recurse: true, execution_id: Some(execution_id) };
            OutboxMessage { to: instance_id, message }
        };
        let messages: Vec<_> = children.map(terminate).collect();
        self.outbox.extend(messages);
    }

    /// The children that the next generation is to remember.
    pub(super) fn left_children(&self) -> Option<Vec<LeftChild>> {
        let execution = self.current();
        let mut left = execution.fold.started.left_children.clone().unwrap_or_default();
        left.extend(children(execution).filter(|(has_answered, _)| !has_answered).map(|(_, child)| child));
        left.drain(..left.len().saturating_sub(limits::LEFT_CHILDREN_MAX));
        (!left.is_empty()).then_some(left)
    }

    /// Tells the parent how the current execution ended; nothing without a parent.
    pub(super) fn report_to_parent(&mut self) {
        let execution = self.current();
        let Some(parent) = &execution.fold.started.parent else { return };
        let Parent { instance_id, execution_id, name: _, task, attempt } = parent;
        let (execution_id, task, attempt) = (*execution_id, *task, *attempt);
        let failure = match execution.fold.end.and_then(|end| kind_of(&execution.history, end)) {
            Some(EventKind::ExecutionCompleted { output }) => {
                let message = Message::ChildCompleted { execution_id, task, attempt, output: output.clone() };
                self.outbox.push(OutboxMessage { to: instance_id.clone(), message });
                return;
            }
            Some(EventKind::ExecutionFailed { failure }) => failure.clone(),
            // Somebody ended it on purpose: a retry policy must not bring it back.
            Some(EventKind::ExecutionTerminated { reason, .. }) => {
                let failure = Failure::new(kind::TERMINATED, "the child was terminated").non_retriable();
                Failure { details: reason.clone(), ..failure }
            }
            _ => return,
        };
        let ExecutionStarted { generation, .. } = &*execution.fold.started;
        let ending = Some(u64::from(*generation) << 32 | u64::from(execution.fold.rewinds));
        let message = Message::ChildFailed { execution_id, task, attempt, failure, ending };
        self.outbox.push(OutboxMessage { to: instance_id.clone(), message });
    }

    /// Tells a parent that its child's id is in use.
    pub(super) fn tell_instance_exists(&mut self, start: &ExecutionStarted) {
        self.outbox.extend(OutboxMessage::instance_exists(&self.instance.instance_id, start));
    }
}

/// Every child that an execution has started, but for detached ones, with whether it has answered.
fn children(execution: &LiveExecution) -> impl Iterator<Item = (bool, LeftChild)> {
    let tasks = execution.fold.tasks.iter().filter_map(|(task, entry)| {
        let Work::Child(attempts) = &entry.work else { return None };
        let EventKind::SubOrchestrationCreated { instance_id, .. } = kind_of(&execution.history, entry.created)? else {
            return None;
        };
        let closed_by = entry.closed.and_then(|event| kind_of(&execution.history, event));
        let has_answered = closed_by.is_some_and(|kind| !matches!(kind, EventKind::TaskCanceled { .. }));
        let execution_id = execution.id().child(task, attempts.current);
        Some((has_answered, LeftChild { instance_id: instance_id.clone(), execution_id }))
    });
    // Those of turns that a rewind has declared void, unless they were started again.
    let voided = execution.fold.tasks.voided_children().filter_map(|(task, attempt, decision)| {
        let EventKind::SubOrchestrationCreated { instance_id, .. } = decision else { return None };
        let execution_id = execution.id().child(task, attempt);
        Some((false, LeftChild { instance_id: instance_id.clone(), execution_id }))
    });
    voided.chain(tasks)
}
