//! The work-item queue: activities that any host of the hub may run.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use azure::{Error, Queue, QueueMessage, Receipt};
use engine::Message;
use futures_util::{StreamExt as _, stream};
use store::{ActivityQueue, OfferedActivity, StorageError, TakenActivity, TakenId};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::core::Core;
use crate::large::Unread;
use crate::layout::message::{Content, Replaces};
use crate::{limits, steady};

/// Activities taken by this process and not finished.
#[derive(Debug, Default)]
pub(crate) struct WorkItems {
    taken: Mutex<BTreeMap<TakenId, Taken>>,
    /// This process has offered something.
    offered: Notify,
}

#[derive(Debug, Clone)]
struct Taken {
    receipt: Receipt,
    text: Box<str>,
    task: Arc<engine::ActivityTask>,
    lapses_at: Instant,
}

impl WorkItems {
    fn taken(&self) -> MutexGuard<'_, BTreeMap<TakenId, Taken>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The queue as the worker sees it.
pub(crate) struct AzureActivities(pub(crate) Arc<Core>);

#[async_trait]
impl ActivityQueue for AzureActivities {
    async fn offer(&self, activity: OfferedActivity) -> Result<(), StorageError> {
        let core = &self.0;
        core.check_open("offer")?;
        let OfferedActivity { task, component } = activity;
        let (instance_id, execution_id) = (task.instance_id.clone(), task.execution_id);
        let content = Content::Activity { task, component };
        let put = core.put_content(Queue::WorkItems, &content, Some((&instance_id, execution_id)), None);
        put.await.map_err(|error| steady::failure("offer", error))?;
        core.work_items.offered.notify_waiters();
        Ok(())
    }

    async fn take(&self, max: usize) -> Result<Vec<TakenActivity>, StorageError> {
        let core = &self.0;
        let max = u32::try_from(max).unwrap_or(u32::MAX).clamp(1, limits::MESSAGES_PER_TAKE_MAX);
        let mut idle: u32 = 0;
        loop {
            let (changed, offered) = (core.dispatch.changed(), core.work_items.offered.notified());
            tokio::pin!(changed, offered);
            if core.dispatch.state().is_shut_down() {
                return Ok(Vec::new());
            }
            let items = core.take_work_items(max).await.map_err(|error| steady::failure("take", error))?;
            if !items.is_empty() {
                return Ok(items);
            }
            let pause = core.options.poll_min.saturating_mul(1 << idle.min(16)).min(core.options.poll_max);
            idle += 1;
            let until = Instant::now() + pause;
            loop {
                tokio::select! {
                    biased;
                    () = &mut offered => { idle = 0; break }
                    () = tokio::time::sleep_until(until) => break,
                    () = &mut changed, if !core.dispatch.state().is_shut_down() => {
                        changed.set(core.dispatch.changed());
                        if core.dispatch.state().is_shut_down() { break }
                    }
                }
            }
        }
    }

    async fn finish(&self, id: TakenId, result: Message) -> Result<(), StorageError> {
        let core = &self.0;
        let Some(taken) = core.work_items.taken().get(&id).cloned() else { return Ok(()) };
        let failure = |error| steady::failure("finish", error);
        let to = &taken.task.instance_id;
        core.put_message(None, to, result, Replaces::Unsaid, None).await.map_err(failure)?;
        // From here on it may run again without harm: there is a result.
        let Some(taken) = core.work_items.taken().remove(&id) else { return Ok(()) };
        let delete = || self.0.medium.delete(Queue::WorkItems, &taken.receipt);
        match steady::repeat(delete).await {
            Ok(()) | Err(Error::NotFound) => Ok(()),
            Err(error) => {
                tracing::debug!(instance_id = %taken.task.instance_id, %error, "a finished activity was not removed and may run again");
                Ok(())
            }
        }
    }

    async fn give_back(&self, id: TakenId) -> Result<(), StorageError> {
        let Some(taken) = self.0.work_items.taken().remove(&id) else { return Ok(()) };
        let Taken { receipt, text, .. } = taken;
        let show = || self.0.medium.update(Queue::WorkItems, &receipt, &text, Duration::ZERO);
        match steady::repeat(show).await {
            Ok(_) | Err(Error::NotFound) => Ok(()),
            Err(error) => Err(steady::failure("give_back", error)),
        }
    }
}

impl Core {
    async fn take_work_items(&self, max: u32) -> Result<Vec<TakenActivity>, Error> {
        let visibility = self.options.message_visibility;
        let lapses_at = Instant::now() + visibility;
        let messages = self.medium.take(Queue::WorkItems, max, visibility).await?;
        let mut items = Vec::new();
        for QueueMessage { receipt, text, dequeue_count, .. } in messages {
            let problem = match self.content(&text).await {
                Ok(Content::Activity { task, component }) => {
                    let id = TakenId(self.next_number());
                    let taken = Taken { receipt, text: text.into(), task: Arc::new(task.clone()), lapses_at };
                    self.work_items.taken().insert(id, taken);
                    items.push(TakenActivity { id, activity: OfferedActivity { task, component } });
                    continue;
                }
                Ok(_) => "it is no activity".to_owned(),
                Err(Unread::Gone(blob)) if self.is_orphan(&blob, dequeue_count).await => {
                    if let Err(error) = self.medium.delete(Queue::WorkItems, &receipt).await {
                        tracing::debug!(%error, "an activity of a purged instance was not removed");
                    }
                    continue;
                }
                Err(problem) => problem.to_string(),
            };
            if dequeue_count <= 1 {
                tracing::warn!(message = %receipt.message_id, problem, "a work item cannot be read and is put aside");
            }
            self.defer(Queue::WorkItems, &receipt, &text, dequeue_count).await;
        }
        Ok(items)
    }

    /// Keeps taken activities invisible.
    pub(crate) async fn renew_work_items(&self, deadline: Instant) {
        let due: Vec<(TakenId, Taken)> = {
            let taken = self.work_items.taken();
            taken
                .iter()
                .filter(|(_, taken)| taken.lapses_at <= deadline)
                .map(|(id, taken)| (*id, taken.clone()))
                .collect()
        };
        stream::iter(due)
            .for_each_concurrent(limits::PARALLEL_REQUESTS_MAX, |(id, taken)| async move {
                let lapses_at = Instant::now() + self.options.message_visibility;
                let visibility = self.options.message_visibility;
                let renewed = self.medium.update(Queue::WorkItems, &taken.receipt, &taken.text, visibility).await;
                match renewed {
                    Ok(receipt) => {
                        if let Some(taken) = self.work_items.taken().get_mut(&id) {
                            (taken.receipt, taken.lapses_at) = (receipt, lapses_at);
                        }
                    }
                    // Another host runs it as well now; one of the results counts.
                    Err(Error::NotFound) => {
                        if let Some(taken) = self.work_items.taken().get_mut(&id) {
                            taken.lapses_at += limits::LOST;
                        }
                    }
                    Err(error) => tracing::debug!(%error, "an activity was not renewed"),
                }
            })
            .await;
    }
}
