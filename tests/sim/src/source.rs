//! A host's backend as its worker sees it, with somebody listening, and with faults where there is no medium below that
//! has them.

use std::sync::Arc;

use async_trait::async_trait;
use engine::{EngineRevision, EventKey, EventKind, HistoryChange, InstanceId, Message, Payload};
use futures_util::FutureExt as _;
use store::{
    ActivityQueue, CommitError, Envelope, HeldReason, Snapshot, StorageError, Token, TurnCommit, WorkItem, WorkSource,
};
use worker::Runtime as _;

use crate::link::{Link, Request};
use crate::observer::Observer;
use crate::runtime::HostRuntime;
use crate::sabotage::Sabotage;

/// Listens to one host.
pub(crate) struct WatchedSource {
    pub(crate) inner: Arc<dyn WorkSource>,
    pub(crate) observer: Arc<Observer>,
    pub(crate) runtime: Arc<HostRuntime>,
    pub(crate) link: Arc<Link>,
    /// Whether this is where requests fail; otherwise it is below.
    pub(crate) has_faults: bool,
}

impl WatchedSource {
    fn sabotage(&self) -> Option<Sabotage> {
        self.observer.world.sabotage
    }

    async fn carry_out(&self, commit: TurnCommit) -> Result<Token, CommitError> {
        if self.sabotage() == Some(Sabotage::DropsCommits) {
            return Ok(commit.token);
        }
        if !self.has_faults {
            return self.inner.commit(commit).await;
        }
        let line = format!("commit {}", commit.instance_id);
        let (inner, observer) = (Arc::clone(&self.inner), Arc::clone(&self.observer));
        let carried_out = async move {
            let instance_id = commit.instance_id.clone();
            let commit = unguarded(&*inner, commit, observer.world.sabotage);
            let answer = inner.commit(commit).await;
            observer.look(&instance_id);
            answer
        };
        self.link.send(Request { is_change: true, label: || line }, carried_out).await
    }

    /// Begins what the turn wants before anybody knows of the turn.
    fn begin_too_early(&self, commit: &TurnCommit) {
        for event in commit.history.events() {
            let EventKind::TaskScheduled { task, name, input, .. } = &event.kind else { continue };
            let task = engine::ActivityTask {
                instance_id: commit.instance_id.clone(),
                execution_id: commit.state.execution_id,
                task: *task,
                attempt: 1,
                name: name.clone(),
                input: input.clone(),
                trace_context: None,
            };
            let runtime = Arc::clone(&self.runtime);
            tokio::spawn(async move { runtime.run_activity(&task, None).await });
        }
    }
}

/// Without the version check: whatever is stored is what the turn was computed on.
fn unguarded(inner: &dyn WorkSource, mut commit: TurnCommit, sabotage: Option<Sabotage>) -> TurnCommit {
    if sabotage == Some(Sabotage::NoVersionCheck)
        && let Some(Ok(Some(Snapshot { token, .. }))) = inner.load(&commit.instance_id).now_or_never()
    {
        commit.token = token;
    }
    commit
}

fn forge(history: &mut HistoryChange) {
    let (HistoryChange::Append { events } | HistoryChange::Replace { events }) = history else { return };
    for event in events {
        if let EventKind::TaskCompleted { output, .. } = &mut event.kind {
            *output = Some(Payload::from("forged"));
        }
    }
}

#[async_trait]
impl WorkSource for WatchedSource {
    async fn fetch(&self, max: usize) -> Result<Vec<WorkItem>, StorageError> {
        let mut items = self.inner.fetch(max).await?;
        if self.link.is_dead() {
            std::future::pending::<()>().await;
        }
        for item in &mut items {
            self.observer.world.trace.say(self.link.who, || {
                let messages: Vec<String> =
                    item.messages.iter().map(|it| format!("{:.300}", it.message.to_string())).collect();
                format!("is handed {} [{}]", item.instance_id, messages.join(" | "))
            });
            match self.sabotage() {
                Some(Sabotage::RepeatsEvents) => repeat_events(item),
                Some(Sabotage::ForgetsAddressees) => item.messages.iter_mut().for_each(forget_addressee),
                Some(Sabotage::HidesGoneChildren) => item.messages.iter_mut().for_each(hide_gone_child),
                _ => {}
            }
        }
        Ok(items)
    }

    fn is_available(&self) -> bool {
        self.inner.is_available()
    }

    fn engine_revision(&self) -> EngineRevision {
        self.inner.engine_revision()
    }

    async fn load(&self, instance_id: &InstanceId) -> Result<Option<Snapshot>, StorageError> {
        let loaded = if self.has_faults {
            let (inner, id) = (Arc::clone(&self.inner), instance_id.clone());
            let load = async move { inner.load(&id).await };
            self.link.send(Request { is_change: false, label: || format!("load {instance_id}") }, load).await
        } else {
            self.inner.load(instance_id).await
        };
        self.observer.world.trace.say(self.link.who, || match &loaded {
            Ok(Some(snapshot)) => format!(
                "has loaded {instance_id}: {} events, {:?}, {} taken in",
                snapshot.history.len(),
                snapshot.row.state.status,
                snapshot.taken_in.len()
            ),
            Ok(None) => format!("has found no {instance_id}"),
            Err(error) => format!("has not loaded {instance_id}: {error}: {}", error.source),
        });
        loaded
    }

    async fn commit(&self, mut commit: TurnCommit) -> Result<Token, CommitError> {
        let world = &self.observer.world;
        if self.sabotage() == Some(Sabotage::ForgesResults) {
            forge(&mut commit.history);
        }
        if self.sabotage() == Some(Sabotage::LosesDetached) {
            commit.outbox.retain(|out| !matches!(&out.message, Message::Start(start) if start.parent.is_none()));
        }
        world.trace.say(self.link.who, || describe(&commit));
        let is_right = world.checks().committing(&commit);
        world.checked(is_right);
        if self.sabotage() == Some(Sabotage::EagerActivities) {
            self.begin_too_early(&commit);
        }
        let answer = self.carry_out(commit.clone()).await;
        world.trace.say(self.link.who, || {
            let answer = match &answer {
                Ok(_) => "done".to_owned(),
                Err(CommitError::Stale { .. }) => "stale".to_owned(),
                Err(CommitError::Storage(error)) => format!("{:?}: {}", error.outcome, error.source),
                Err(error) => error.to_string(),
            };
            format!("commit of {} is {answer}", commit.instance_id)
        });
        if answer.is_ok() {
            let is_stored = world.checks().acknowledged(&commit);
            world.checked(is_stored);
        }
        answer
    }

    /// A shard asks this where nothing catches a panic.
    fn commits_elsewhere(&self) -> bool {
        assert!(self.sabotage() != Some(Sabotage::Panics), "sabotaged");
        self.inner.commits_elsewhere()
    }

    async fn abandon(&self, work: WorkItem) -> Result<(), StorageError> {
        self.observer
            .world
            .trace
            .say(self.link.who, || format!("gives back {} messages of {}", work.messages.len(), work.instance_id));
        if !self.has_faults {
            return self.inner.abandon(work).await;
        }
        let line = format!("abandon {}", work.instance_id);
        let inner = Arc::clone(&self.inner);
        let abandon = async move { inner.abandon(work).await };
        self.link.send(Request { is_change: true, label: || line }, abandon).await
    }

    async fn hold(&self, instance_id: &InstanceId, token: Token, reason: HeldReason) -> Result<Token, CommitError> {
        self.observer.world.trace.say(self.link.who, || format!("holds {instance_id}: {}", reason.message));
        let (inner, observer, id) = (Arc::clone(&self.inner), Arc::clone(&self.observer), instance_id.clone());
        let hold = async move {
            let answer = inner.hold(&id, token, reason).await;
            observer.look(&id);
            answer
        };
        if !self.has_faults {
            return hold.await;
        }
        self.link.send(Request { is_change: true, label: || format!("hold {instance_id}") }, hold).await
    }

    fn activity_queue(&self) -> Option<Arc<dyn ActivityQueue>> {
        self.inner.activity_queue()
    }

    async fn shutdown(&self) -> Result<(), StorageError> {
        self.inner.shutdown().await
    }
}

fn forget_addressee(envelope: &mut Envelope) {
    if let Message::RaiseEvent { execution_id, .. }
    | Message::Terminate { execution_id, .. }
    | Message::Suspend { execution_id, .. }
    | Message::Resume { execution_id, .. } = &mut envelope.message
    {
        *execution_id = None;
    }
}

fn hide_gone_child(envelope: &mut Envelope) {
    if matches!(envelope.message, Message::ChildFailed { ending: Some(Message::GONE), .. }) {
        envelope.message = Message::Wake;
    }
}

fn repeat_events(item: &mut WorkItem) {
    let repeated: Vec<Envelope> = item
        .messages
        .iter()
        .filter_map(|envelope| match &envelope.message {
            Message::RaiseEvent { name, data, .. } => {
                let key = EventKey::from_bytes([9; 16]);
                let message = Message::RaiseEvent { name: name.clone(), data: data.clone(), key, execution_id: None };
                Some(Envelope { id: envelope.id, message })
            }
            _ => None,
        })
        .collect();
    item.messages.extend(repeated);
}

fn describe(commit: &TurnCommit) -> String {
    let TurnCommit { instance_id, history, state, wake_at, outbox, consumed, .. } = commit;
    let kind = match history {
        HistoryChange::None => "nothing",
        HistoryChange::Append { .. } => "more",
        HistoryChange::Replace { .. } => "anew",
    };
    let events: Vec<String> = history.events().iter().map(|event| format!("{:.160}", event.to_string())).collect();
    let outbox: Vec<String> = outbox.iter().map(|out| format!("{} {:.100}", out.to, out.message.to_string())).collect();
    format!(
        "commits {instance_id} {kind}: [{}] {:?} wake_at={wake_at:?} sends [{}] consumes {consumed:?}",
        events.join(" | "),
        state.status,
        outbox.join(" | ")
    )
}
