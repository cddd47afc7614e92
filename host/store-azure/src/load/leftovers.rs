//! What a host that died has left undone, and messages that nobody waits for.

use azure::{Error, Key, Queue, Table, Versioned};
use engine::{EngineRevision, ExecutionStarted, InstanceId, InstanceState, Message, OutboxMessage, RuntimeStatus};
use store::{InstanceRow, MessageId, Snapshot};

use super::Starts;
use crate::core::Core;
use crate::dispatch::Start;
use crate::dropped::Why;
use crate::large::Unread;
use crate::layout::message::Replaces;
use crate::layout::outbox::{self, OUTBOX, OutboxContent};
use crate::layout::sentinel::Sentinel;
use crate::{limits, steady};

impl Core {
    /// Does what may be left of a commit that nobody in this process has seen finish. Receivers recognise what they
    /// have already.
    pub(super) async fn finish(
        &self,
        instance_id: &InstanceId,
        sentinel: &Sentinel,
        outbox: Option<Versioned>,
    ) -> Result<(), Unread> {
        if sentinel.has_outbox {
            let row = outbox.ok_or_else(|| Unread::Damaged("the outbox is missing".to_owned()))?;
            let messages = match outbox::outbox_of(&row.entity)?.content {
                OutboxContent::Messages(messages) => messages,
                OutboxContent::InBlob { name } => outbox::messages_of(&self.large(&name).await?)?,
            };
            tracing::debug!(%instance_id, messages = messages.len(), "sending again what a commit may have left unsent");
            self.put_all_again(Some((instance_id, sentinel.execution_id)), &messages).await?;
        }
        if let Some(at) = sentinel.armed_until.filter(|at| *at > self.now()) {
            self.put_wake(instance_id, at).await?;
        }
        self.set_finished(&sentinel.commit);
        Ok(())
    }

    /// The same, before an instance is replaced without having been loaded.
    pub(crate) async fn finish_before_replacing(
        &self,
        instance_id: &InstanceId,
        sentinel: &Sentinel,
    ) -> Result<(), Unread> {
        if !sentinel.has_outbox || !self.is_unseen(&sentinel.commit) {
            return Ok(());
        }
        let key = Key { partition: Self::key_of(instance_id), row: OUTBOX.to_owned() };
        let outbox = steady::repeat(|| self.medium.get(Table::History, &key)).await?;
        self.finish(instance_id, sentinel, outbox).await
    }

    /// Tells the parents of starts that will not be taken in, because the id is another execution's that has not had its
    /// first turn yet. (Once it has, the engine tells them.)
    pub(super) async fn refuse_children(&self, snapshot: Option<&Snapshot>, starts: &Starts) -> Result<(), Error> {
        let Some(Snapshot { row, taken_in, .. }) = snapshot else { return Ok(()) };
        let is_refused = |start: &&Start| {
            taken_in.contains(&start.id)
                && start.started.execution_id != row.state.execution_id
                && row.state.status == RuntimeStatus::Pending
        };
        let refused = starts.iter().filter(is_refused);
        let told = refused.filter_map(|start| OutboxMessage::instance_exists(&row.state.instance_id, &start.started));
        self.put_all(None, &told.collect::<Vec<_>>()).await?;
        Ok(())
    }

    /// Puts the start of an instance that is to be terminated while its own start cannot be read: a client of DurableTask
    /// keeps that invisible until the time for which it is scheduled. The row says what it says, and it is the same start
    /// to whoever reads both.
    pub(super) async fn start_what_is_terminated(&self, snapshot: &Snapshot, starts: &Starts) -> Result<(), Error> {
        let Snapshot { row: InstanceRow { state, held, .. }, history, damage, .. } = snapshot;
        let is_unread = starts.is_empty() && history.is_empty() && state.status == RuntimeStatus::Pending;
        let is_whole = held.is_none() && damage.is_none();
        if !is_unread || !is_whole || !self.dispatch.state().is_to_be_terminated(&state.instance_id) {
            return Ok(());
        }
        let start = Message::Start(Box::new(started_of(state)));
        self.put_message(None, &state.instance_id, start, Replaces::Unsaid, None).await.map(drop)
    }

    /// Sees to the messages of an instance that did not exist when `next` was the next to arrive. Those that may come before
    /// the start wait a while: it may still be on its way.
    pub(super) async fn drop_orphans(&self, instance_id: &InstanceId, next: MessageId) {
        let orphans = self.dispatch.change(|state| state.gone(instance_id, next));
        for (spent, dequeue_count, message, text) in orphans {
            let may_be_early = message.as_ref().is_some_and(may_precede_its_start);
            if may_be_early && dequeue_count < limits::ORPHAN_DEQUEUES_MAX {
                self.defer(Queue::Control(spent.partition), &spent.receipt, &text, dequeue_count).await;
            } else if self.answer_for_gone(instance_id, message.as_ref()).await {
                match &message {
                    // It asks for nothing that would be lost, or has its answer.
                    None | Some(Message::Wake | Message::Rewind { asker: Some(_), .. }) => {
                        self.delete_quietly(spent.partition, spent.receipt);
                    }
                    Some(message) => {
                        self.drop_message(spent.partition, spent.receipt, instance_id, message, Why::NoInstance);
                    }
                }
            }
        }
    }

    /// Answers a parent that asks an instance which is not there; false if that has to be tried again.
    pub(crate) async fn answer_for_gone(&self, instance_id: &InstanceId, message: Option<&Message>) -> bool {
        let answer = message.and_then(|message| OutboxMessage::answer_for_gone(instance_id, message));
        let Some(answer) = answer else { return true };
        match self.put_all(None, std::slice::from_ref(&answer)).await {
            Ok(()) => true,
            Err(error) => {
                tracing::debug!(%instance_id, %error, "a parent was not answered; its question shows up again");
                false
            }
        }
    }
}

/// The start of an instance that has not begun, but for its trace.
fn started_of(state: &InstanceState) -> ExecutionStarted {
    ExecutionStarted {
        execution_id: state.execution_id,
        name: state.name.clone(),
        version: state.version.clone(),
        input: state.input.clone(),
        tags: state.tags.clone(),
        parent: state.parent.clone(),
        scheduled_start: state.scheduled_start,
        created_at: state.created_at,
        component: state.component,
        generation: state.generation,
        trace_context: None,
        earlier_events: None,
        engine_revision: EngineRevision::OLDEST,
        first_execution: state.first_execution,
        left_children: None,
    }
}

fn may_precede_its_start(message: &Message) -> bool {
    match message {
        Message::RaiseEvent { .. } | Message::Suspend { .. } | Message::Resume { .. } | Message::Terminate { .. } => {
            true
        }
        // The child whose failure the parent had heard of was there.
        Message::Rewind { asker, .. } => asker.as_ref().is_some_and(|asker| asker.only_asks),
        _ => false,
    }
}
