//! Reading the control queues of the partitions that this host owns.
//!
//! One task for each partition: it polls while the partition is owned, hands back what is left while it is drained, and
//! forgets it when it is gone.

use std::sync::Arc;
use std::time::Duration;

use azure::{Container, Error, Queue, QueueMessage, Receipt, Versioned};
use engine::{ExecutionStarted, InstanceId, Message, Timestamp};
use futures_util::{StreamExt as _, stream};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::core::Core;
use crate::dispatch::{Added, Arrival, Hint, Shown, Term, guid};
use crate::dropped::Why;
use crate::heads;
use crate::heads::Heads;
use crate::large::Unread;
use crate::layout::message::{self, Content, Replaces};
use crate::layout::overflow;
use crate::partitions::Hold;
use crate::{limits, steady};
/// What becomes of a message that was taken.
enum Read {
    /// It waits to be handed out.
    Arrived(Arrival),
    /// It is a start whose sender has not written the row yet.
    Early(QueueMessage),
    /// It is put aside or thrown away.
    Settled,
}

/// Whether a start is of a client, which writes a row for it. Messages of earlier builds do not always say who has sent
/// them; a start with a parent is never a client's.
fn needs_row(start: &ExecutionStarted, replaces: Replaces) -> bool {
    !replaces.is_of_orchestration() && start.parent.is_none()
}

/// What becomes of a start.
pub(crate) enum Admission {
    /// It is handed out, with what was read to find out.
    Admitted(Option<Hint>),
    /// It begins nothing, for good.
    Refused(Why),
    /// A commit has taken it in already, and somebody died before it was deleted: a lease, perhaps.
    TakenIn,
    /// Its sender has not written the row yet, or the execution before it has not ended.
    Early,
}

/// What is found of the row of an instance that is to be started.
enum Look {
    /// This host's own client has just written it.
    Fresh(Hint),
    Stored(Versioned),
    Absent,
}

/// One partition's task.
pub(crate) async fn run(core: Arc<Core>, partition: u8) {
    // It never has a permit: only its closing ends the wait.
    let _closed = core.serves.acquire().await;
    let mut changes = core.ownership.changed();
    let mut idle = 0;
    let mut failures = 0;
    let mut held = None;
    let mut early = JoinSet::new();
    loop {
        changes.mark_unchanged();
        let hold = core.ownership.state().get(&partition).copied();
        if std::mem::replace(&mut held, hold) != hold {
            // What waited for want of a partition is looked at again.
            core.dispatch.change(|_| ());
        }
        match hold {
            _ if core.dispatch.state().is_shut_down() => {
                // They show what they wait with.
                while early.join_next().await.is_some() {}
                return;
            }
            Some(Hold::Owned) => {}
            Some(Hold::Draining) => {
                core.drain(partition).await;
                core.ownership.drained(partition);
            }
            None => {
                core.forget_partition(partition);
            }
        }
        if hold != Some(Hold::Owned) {
            // An outage may have cost this host its partitions: then nothing else tells that it is over.
            if core.health.is_failing(partition) && core.medium.count(Queue::Control(partition)).await.is_ok() {
                core.health.available(partition);
            }
            let look_again = if core.health.is_failing(partition) { limits::RETRY_PAUSE_MAX } else { Duration::MAX };
            match tokio::time::timeout(look_again, changes.changed()).await {
                Ok(Err(_)) => return,
                Ok(Ok(())) | Err(_) => continue,
            }
        }
        // Created before looking: a change in between is not missed.
        let changed = core.dispatch.changed();
        if core.dispatch.state().unspent() >= limits::MESSAGES_IN_HAND_MAX {
            changed.await;
            continue;
        }
        let pause = match core.poll(partition, &mut early).await {
            Ok(0) => {
                core.health.available(partition);
                failures = 0;
                idle = u32::min(idle + 1, 16);
                core.options.poll_min.saturating_mul(1 << (idle - 1)).min(core.options.poll_max)
            }
            Ok(_) => {
                core.health.available(partition);
                (failures, idle) = (0, 0);
                continue;
            }
            Err(error) => {
                core.health.unavailable(partition, &error);
                let pause = steady::back_off(failures);
                failures = u32::min(failures + 1, 16);
                pause
            }
        };
        tokio::select! {
            biased;
            () = core.wait_for_put(partition, jittered(pause)) => {}
            _ = changes.changed() => {}
        }
    }
}

/// Up to a fifth less, so that hosts do not poll in step.
fn jittered(pause: Duration) -> Duration {
    pause.mul_f64(1.0 - fastrand::f64() / 5.0)
}

impl Core {
    /// Takes messages from a control queue; answers how many there were.
    async fn poll(self: &Arc<Self>, partition: u8, early: &mut JoinSet<()>) -> Result<usize, Error> {
        while early.try_join_next().is_some() {}
        let term = self.dispatch.state().term(partition);
        let visibility = self.options.message_visibility;
        let lapses_at = Instant::now() + visibility;
        let queue = Queue::Control(partition);
        let taken = self.medium.take(queue, limits::MESSAGES_PER_TAKE_MAX, visibility).await?;
        let count = taken.len();
        // Read side by side, taken in one after the other: their order matters.
        let mut arrivals = stream::iter(taken)
            .map(|message| self.read(partition, message, lapses_at, limits::EARLY_LOOKS_MAX))
            .buffered(limits::PARALLEL_REQUESTS_MAX);
        while let Some(read) = arrivals.next().await {
            match read {
                Read::Arrived(arrival) => {
                    let instance_id = arrival.to.clone();
                    if let Added::Spent(spent) = self.dispatch.change(|state| state.add(arrival)) {
                        self.delete_spent(&instance_id, vec![spent]);
                    }
                }
                Read::Early(message) if message.dequeue_count <= 1 && early.len() < limits::EARLY_STARTS_MAX => {
                    early.spawn(Arc::clone(self).wait_for_row(partition, term, message, lapses_at));
                }
                Read::Early(QueueMessage { receipt, text, dequeue_count, .. }) => {
                    self.defer(queue, &receipt, &text, dequeue_count).await;
                }
                Read::Settled => {}
            }
        }
        Ok(count)
    }

    /// Looks for the row of a start again and again for a while, during which its message is invisible anyway.
    async fn wait_for_row(self: Arc<Self>, partition: u8, term: Term, message: QueueMessage, lapses_at: Instant) {
        let QueueMessage { receipt, text, dequeue_count, .. } = message.clone();
        let queue = Queue::Control(partition);
        let is_ours = || {
            let state = self.dispatch.state();
            !state.is_shut_down() && state.term(partition) == term && self.ownership.owns(partition)
        };
        for pause in limits::EARLY_PAUSES {
            let over = Instant::now() + pause;
            loop {
                let changed = self.dispatch.changed();
                if !is_ours() {
                    return self.show(partition, &receipt, &text).await;
                }
                if tokio::time::timeout_at(over, changed).await.is_err() {
                    break;
                }
            }
            match self.read(partition, message.clone(), lapses_at, 1).await {
                Read::Early(_) => {}
                Read::Settled => return,
                Read::Arrived(arrival) => {
                    let instance_id = arrival.to.clone();
                    // Whoever takes the partition away forgets it later than this, if not before.
                    let added = self.dispatch.change(|state| {
                        let is_known = state.term(partition) == term && self.ownership.owns(partition);
                        is_known.then(|| state.add(arrival))
                    });
                    match added {
                        Some(Added::Spent(spent)) => self.delete_spent(&instance_id, vec![spent]),
                        Some(_) => {}
                        None => self.show(partition, &receipt, &text).await,
                    }
                    return;
                }
            }
        }
        self.defer(queue, &receipt, &text, dequeue_count).await;
    }

    /// Makes a message visible at once.
    async fn show(&self, partition: u8, receipt: &Receipt, text: &str) {
        if let Err(error) = self.medium.update(Queue::Control(partition), receipt, text, Duration::ZERO).await {
            tracing::debug!(partition, %error, "a message was not handed back; it shows up by itself");
        }
    }

    /// Reads a message. `looks`: how often the row of a start is looked for.
    async fn read(&self, partition: u8, taken: QueueMessage, lapses_at: Instant, looks: u32) -> Read {
        let QueueMessage { receipt, text, dequeue_count, .. } = &taken;
        let dequeue_count = *dequeue_count;
        let queue = Queue::Control(partition);
        let content = match self.content(text).await {
            Ok(content) => content,
            Err(Unread::Gone(blob)) if self.is_orphan(&blob, dequeue_count).await => {
                tracing::info!(partition, message = %receipt.message_id, "a message is dropped: its blob was purged");
                self.delete_quietly(partition, receipt.clone());
                return Read::Settled;
            }
            Err(problem) => {
                if dequeue_count <= 1 {
                    tracing::warn!(partition, message = %receipt.message_id, %problem, "a message cannot be read and is put aside");
                }
                self.defer(queue, receipt, text, dequeue_count).await;
                return Read::Settled;
            }
        };
        let Content::ToInstance { to, mut message, replaces } = content else {
            tracing::warn!(partition, message = %receipt.message_id, "a message that is not for an instance is put aside");
            self.defer(queue, receipt, text, dequeue_count).await;
            return Read::Settled;
        };
        let mut hint = None;
        let mut begins_without_row = false;
        if let Message::Start(start) = &message {
            begins_without_row = !needs_row(start, replaces) && replaces != Replaces::EndedShown;
            match self.admit(&to, start, replaces, receipt, dequeue_count, looks).await {
                Ok(Admission::Admitted(read)) => hint = read,
                Ok(Admission::TakenIn) => message = Message::Wake,
                Ok(Admission::Refused(why)) => {
                    self.drop_message(partition, receipt.clone(), &to, &message, why);
                    return Read::Settled;
                }
                Ok(Admission::Early) => return Read::Early(taken),
                Err(problem) => {
                    tracing::debug!(instance_id = %to, %problem, "a start could not be looked at and is put aside");
                    self.defer(queue, receipt, text, dequeue_count).await;
                    return Read::Settled;
                }
            }
        }
        if let Message::Rewind { .. } = &message {
            match self.is_rewound_here(&to, &message).await {
                Ok(true) => {}
                Ok(false) => {
                    self.delete_quietly(partition, receipt.clone());
                    return Read::Settled;
                }
                Err(problem) => {
                    tracing::debug!(instance_id = %to, %problem, "a rewind could not be looked at and is put aside");
                    self.defer(queue, receipt, text, dequeue_count).await;
                    return Read::Settled;
                }
            }
        }
        let mut switched_at = None;
        if let Message::Suspend { .. } | Message::Resume { .. } = &message {
            switched_at = message::sent_at(text);
            match self.is_overtaken(&to, switched_at.filter(|_| dequeue_count > 1)).await {
                Ok(false) => {}
                Ok(true) => {
                    tracing::info!(instance_id = %to, "a suspend or resume is dropped: a later one has been taken in");
                    message = Message::Wake;
                }
                Err(problem) => {
                    tracing::debug!(instance_id = %to, %problem, "a message could not be looked at and is put aside");
                    self.defer(queue, receipt, text, dequeue_count).await;
                    return Read::Settled;
                }
            }
        }
        let QueueMessage { receipt, text, .. } = taken;
        let text = text.into();
        Read::Arrived(Arrival {
            partition,
            to,
            message,
            begins_without_row,
            switched_at,
            receipt,
            text,
            dequeue_count,
            lapses_at,
            hint,
        })
    }

    /// Whether a commit has consumed a suspend or resume that was sent after that time; of one that is delivered again,
    /// because a host has died with it. In the order of their first delivery they are taken in as they come.
    async fn is_overtaken(&self, to: &InstanceId, sent_at: Option<Timestamp>) -> Result<bool, Error> {
        let Some(sent_at) = sent_at else { return Ok(false) };
        let sentinel = self.read_sentinel(&Self::key_of(to)).await?;
        Ok(sentinel.and_then(|stored| heads::switched_at(&stored.entity)).is_some_and(|newest| sent_at < newest))
    }

    /// What a queue message says, be it in a blob.
    pub(crate) async fn content(&self, text: &str) -> Result<Content, Unread> {
        let Content::InBlob { name } = message::decode(text)? else { return Ok(message::decode(text)?) };
        let get = || self.medium.get_blob(Container::LargeMessages, &name);
        let bytes = steady::repeat(get).await?.ok_or(Unread::Gone(name))?;
        Ok(message::decode(&overflow::gunzip_text(&bytes)?)?)
    }

    /// Whether a start may begin its execution; see the layout of rows for who wrote what first.
    async fn admit(
        &self,
        to: &InstanceId,
        start: &ExecutionStarted,
        replaces: Replaces,
        receipt: &Receipt,
        dequeue_count: u32,
        looks: u32,
    ) -> Result<Admission, Unread> {
        let admission = self.admission(to, start, replaces, dequeue_count, looks).await?;
        // The lease of an instance may be the start of an execution that came before the current one.
        if matches!(admission, Admission::Refused(_) | Admission::Early)
            && dequeue_count > 1
            && self.was_taken_in(to, receipt).await?
        {
            return Ok(Admission::TakenIn);
        }
        Ok(admission)
    }

    /// Whether the sentinel says that a commit has consumed the message.
    async fn was_taken_in(&self, to: &InstanceId, receipt: &Receipt) -> Result<bool, Unread> {
        let Some(stored) = self.read_sentinel(&Self::key_of(to)).await? else { return Ok(false) };
        let (sentinel, _) = self.sentinel_of(stored).await?;
        Ok(sentinel.taken_in.contains(&guid(&receipt.message_id)))
    }

    /// The same, as far as the row can tell.
    async fn admission(
        &self,
        to: &InstanceId,
        start: &ExecutionStarted,
        replaces: Replaces,
        dequeue_count: u32,
        looks: u32,
    ) -> Result<Admission, Unread> {
        let is_first_sight = dequeue_count <= 1;
        let needs_row = needs_row(start, replaces);
        // What is sent again may have begun: its history has to be looked for.
        let is_first = is_first_sight && replaces != Replaces::EndedAgain;
        let looks = if is_first_sight && needs_row { looks } else { 1 };
        let stored = match self.look_for_row(to, start, is_first_sight, looks).await? {
            Look::Fresh(hint) => return Ok(Admission::Admitted(Some(hint).filter(|_| is_first))),
            Look::Stored(stored) => stored,
            Look::Absent => {
                return Ok(match replaces {
                    // What it was to replace has been purged, and its sender finds that out by itself.
                    Replaces::Execution(_) => Admission::Refused(Why::NoRow),
                    // A copy: what it started has ended and been purged.
                    Replaces::EndedShown => Admission::Refused(Why::Purged),
                    // What an orchestration starts, with a parent or without, may get its row by its first commit: earlier
                    // builds write none, and one that was there may have been another's.
                    Replaces::Ended if is_first_sight => Admission::Admitted(Some(Hint::Absent)),
                    _ if !needs_row => Admission::Admitted(None),
                    // A client's start begins nothing without its row: its put may have been repeated, and the instance
                    // have ended and been purged since. Or the client has died before it wrote the row, or is very slow.
                    _ if dequeue_count < limits::START_DEQUEUES_MAX => Admission::Early,
                    _ => Admission::Refused(Why::NoRow),
                });
            }
        };
        // A client tries first whether the id is free; when it is not, another message of its says what is replaced.
        if replaces == Replaces::Nothing && heads::has_replaced(&stored.entity, start.execution_id) {
            return Ok(Admission::Refused(Why::Refused));
        }
        let (row, etag) = self.row_of(stored).await?;
        if row.state.execution_id == start.execution_id {
            // A client of DurableTask has written its row over whatever was there.
            if needs_row && replaces == Replaces::Unsaid {
                let heads = Heads { sentinel: None, row: Some((row, etag)) };
                return self.supersede(to, heads, is_first_sight).await;
            }
            let hint = Hint::Row { row: Box::new(row), etag };
            return Ok(Admission::Admitted(is_first.then_some(hint)));
        }
        let has_ended = row.state.status.is_terminal();
        Ok(match replaces {
            // An orchestration starts whatever it wants; what has the id already is for the engine to say.
            _ if !needs_row => Admission::Admitted(None),
            Replaces::Execution(execution) if execution == row.state.execution_id && has_ended => {
                Admission::Admitted(None)
            }
            Replaces::Unsaid if dequeue_count < limits::START_DEQUEUES_MAX => Admission::Early,
            _ => Admission::Refused(Why::Refused),
        })
    }

    /// Looks for the row of an instance that is to be started, several times while its client may be about to write it.
    async fn look_for_row(
        &self,
        to: &InstanceId,
        start: &ExecutionStarted,
        is_first_sight: bool,
        looks: u32,
    ) -> Result<Look, Unread> {
        for look in 0..looks {
            if look > 0 {
                tokio::time::sleep(limits::EARLY_PAUSE * (1 << (look - 1))).await;
            }
            // Of a start that comes back, the instance may have moved on since: the first look may have been quicker than
            // the client's note of its own insert.
            if let Some((row, etag)) = self.take_fresh(to)
                && is_first_sight
                && row.state.execution_id == start.execution_id
            {
                return Ok(Look::Fresh(Hint::Row { row, etag }));
            }
            if let Some(stored) = self.read_row(&Self::key_of(to)).await? {
                return Ok(Look::Stored(stored));
            }
        }
        Ok(Look::Absent)
    }

    /// Puts a message aside for a while that doubles each time.
    pub(crate) async fn defer(&self, queue: Queue, receipt: &Receipt, text: &str, dequeue_count: u32) {
        let pause = Duration::from_secs(1 << dequeue_count.min(16)).min(limits::DEFER_MAX);
        if let Err(error) = self.medium.update(queue, receipt, text, pause).await {
            // It comes back sooner, which is all.
            tracing::debug!(?queue, %error, "a message was not put aside");
        }
    }

    /// Lets the turns that are under way end, then shows everything to the next owner.
    async fn drain(&self, partition: u8) {
        loop {
            let changed = self.dispatch.changed();
            let is_busy = self.dispatch.state().has_in_hand(partition);
            let is_draining = self.ownership.state().get(&partition) == Some(&Hold::Draining);
            if !is_busy || !is_draining {
                break;
            }
            // The lease ends by itself; nobody tells us then.
            let _ = tokio::time::timeout(limits::DRAIN_LOOK_EVERY, changed).await;
        }
        self.hand_back(partition).await;
    }

    /// Makes all messages of a partition visible.
    pub(crate) async fn hand_back(&self, partition: u8) {
        stream::iter(self.forget_partition(partition))
            .for_each_concurrent(limits::PARALLEL_REQUESTS_MAX, |shown| async move {
                let Shown { instance_id, receipt, text, .. } = shown;
                let text = text.unwrap_or_else(|| self.wake_text(&instance_id));
                let shown = self.medium.update(Queue::Control(partition), &receipt, &text, Duration::ZERO).await;
                if let Err(error) = shown {
                    tracing::debug!(%instance_id, %error, "a message was not handed back; it shows up by itself");
                }
            })
            .await;
    }

    /// What a lease says.
    pub(crate) fn wake_text(&self, instance_id: &InstanceId) -> Box<str> {
        let content =
            Content::ToInstance { to: instance_id.clone(), message: Message::Wake, replaces: Replaces::Unsaid };
        message::encode(&content, self.header(None, self.now())).text.into()
    }
}
