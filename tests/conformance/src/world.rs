//! A backend under test and what cases do with it again and again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use engine::{InstanceId, Message, Payload, RuntimeStatus, Timestamp};
use store::{
    ActivityQueue, Backend, Clock as _, CommitError, CreateInstance, Envelope, ExistingInstance, HeldReason,
    InstanceRow, ManualClock, Outcome, Snapshot, StorageError, Token, TurnCommit, WorkItem, limits,
};

use crate::{Factory, Setup, Turn, execution, id, start};

/// A backend and its clock.
pub struct World {
    factory: Box<dyn Factory>,
    clock: Arc<ManualClock>,
    backend: Option<Arc<dyn Backend>>,
    markers: u32,
    woken: BTreeSet<InstanceId>,
    /// Whose last commit left activities open.
    waiting: Mutex<BTreeSet<InstanceId>>,
}

/// Runs one case over a new, empty storage.
pub async fn run(factory: impl Factory + 'static, case: impl AsyncFnOnce(&mut World)) {
    let patience = factory.patience();
    let mut world = World::new(factory).await;
    tokio::time::timeout(patience, case(&mut world)).await.expect("the case does not hang");
    world.backend = None;
    world.factory.close().await;
}

impl World {
    /// A new, empty storage.
    pub async fn new(factory: impl Factory + 'static) -> Self {
        let mut world = Self {
            clock: factory.clock(),
            factory: Box::new(factory),
            backend: None,
            woken: BTreeSet::new(),
            waiting: Mutex::default(),
            markers: 0,
        };
        world.begin_anew(Setup::default()).await;
        world
    }

    /// Goes on with a new, empty storage.
    pub async fn begin_anew(&mut self, setup: Setup) {
        self.backend = None;
        self.waiting = Mutex::default();
        self.backend = Some(self.factory.open(setup).await);
    }

    /// The process dies without notice, and another one opens the storage.
    pub async fn crash(&mut self) {
        let backend = self.backend.take().unwrap();
        self.backend = Some(self.factory.reopen(backend).await);
        self.factory.settle().await;
    }

    /// The backend.
    pub fn backend(&self) -> &dyn Backend {
        self.backend.as_deref().unwrap()
    }

    /// Another handle of the backend, for a task of its own.
    pub fn share(&self) -> Arc<dyn Backend> {
        self.backend.clone().unwrap()
    }

    /// Where hosts leave activities for each other; none if backends of this factory have no such place.
    pub fn activity_queue(&self) -> Option<Arc<dyn ActivityQueue>> {
        let queue = self.backend().activity_queue();
        assert_eq!(queue.is_some(), self.factory.has_activity_queue(), "the factory and its backend disagree");
        queue
    }

    /// Whether lists show the newest instance first.
    pub fn lists_newest_first(&self) -> bool {
        self.factory.lists_newest_first()
    }

    /// What a list is expected to show, given what it would be with the newest first: that, or the same in the order of
    /// the ids where the backend does not sort.
    pub fn listed(&self, newest_first: Vec<String>) -> Vec<String> {
        let mut listed = newest_first;
        if !self.lists_newest_first() {
            listed.sort();
        }
        listed
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Some milliseconds from now.
    pub fn in_ms(&self, ms: u64) -> Timestamp {
        self.now().saturating_add(Duration::from_millis(ms))
    }

    /// Lets time pass.
    pub fn advance_ms(&self, ms: u64) {
        self.clock.advance(Duration::from_millis(ms));
    }

    /// Lets abandoned work have its rest.
    pub fn rest(&self) {
        self.clock.advance(limits::ABANDONED_REST);
    }

    /// Creates an instance of execution 1.
    pub async fn create(&self, instance: &str) {
        self.create_as(instance, 1).await;
    }

    /// Creates an instance, or replaces one that has ended.
    pub async fn create_as(&self, instance: &str, number: u8) {
        let start = start(execution(number), self.now());
        let existing = ExistingInstance::ReplaceEnded;
        self.backend().create(CreateInstance { instance_id: id(instance), start, existing }).await.unwrap();
    }

    /// Sends a message that is welcome.
    pub async fn send(&self, instance: &str, message: Message) {
        self.backend().send(&id(instance), message).await.unwrap();
    }

    /// What is stored of an instance that exists.
    pub async fn load(&self, instance: &str) -> Snapshot {
        self.backend().load(&id(instance)).await.unwrap().unwrap()
    }

    /// The row of an instance that exists, which readers see, too.
    pub async fn row(&self, instance: &str) -> InstanceRow {
        let seen = self.backend().get(&id(instance)).await.unwrap().unwrap();
        if !self.factory.rows_lag() {
            return seen;
        }
        let stored = self.load(instance).await.row;
        self.assert_same_row(&seen, &stored);
        stored
    }

    /// Asserts that a reader sees a row as it is, but for what may lag.
    pub fn assert_same_row(&self, seen: &InstanceRow, stored: &InstanceRow) {
        assert_eq!(self.without_lag(seen), self.without_lag(stored));
    }

    /// A row without what readers may see later.
    pub fn without_lag(&self, row: &InstanceRow) -> InstanceRow {
        let mut row = row.clone();
        if self.factory.rows_lag() {
            row.state.updated_at = Timestamp::default();
            (row.revision, row.last_event, row.wake_at) = (0, None, None);
        }
        row
    }

    /// A turn whose change no reader may miss: it changes more than what may lag.
    pub fn noticed(&self, turn: Turn) -> Turn {
        let status = turn.0.token.0.to_string();
        if !self.factory.rows_lag() {
            return turn;
        }
        turn.state(|state| state.custom_status = Some(Payload::from(status)))
    }

    /// A turn on top of what is stored.
    pub async fn turn(&self, instance: &str) -> Turn {
        Turn::on(&self.load(instance).await, self.now())
    }

    /// Commits a turn that is not stale.
    pub async fn commit(&self, turn: Turn) -> Token {
        self.note_activities(&turn.0);
        self.backend().commit(turn.0).await.unwrap()
    }

    fn note_activities(&self, turn: &TurnCommit) {
        let mut waiting = self.waiting.lock().unwrap();
        if turn.has_open_activities {
            waiting.insert(turn.instance_id.clone());
        } else {
            waiting.remove(&turn.instance_id);
        }
    }

    /// Creates an instance and commits its first turn, which consumes the start: three events, running.
    pub async fn create_running(&self, instance: &str) -> Token {
        self.create(instance).await;
        let work = self.fetch_of(instance).await;
        let turn = self.turn(instance).await.append(1, 3).status(RuntimeStatus::Running);
        self.commit(turn.consume(&work.messages)).await
    }

    /// The same, and ends it with four events.
    pub async fn create_ended(&self, instance: &str, status: RuntimeStatus) -> Token {
        self.create_running(instance).await;
        let turn = self.turn(instance).await.append(4, 4).status(status);
        self.commit(turn).await
    }

    /// Holds an instance.
    pub async fn hold(&self, instance: &str) -> Token {
        let token = self.load(instance).await.token;
        self.backend().hold(&id(instance), token, self.reason()).await.unwrap()
    }

    /// A reason to hold.
    pub fn reason(&self) -> HeldReason {
        HeldReason { code: "nondeterminism".to_owned(), message: "at event 3".to_owned(), since: self.now() }
    }

    /// Everything that is ready to be handed out, by instance; a message that is handed out twice is an offence.
    ///
    /// Work is handed out in turn, so a new instance marks the end of what was ready before. A wake that a backend makes
    /// of a message is as good as a wake-up, and is left out.
    pub async fn ready(&mut self) -> BTreeMap<InstanceId, Vec<Envelope>> {
        self.factory.settle().await;
        self.markers += 1;
        let marker = id(&format!("marker-{}", self.markers));
        self.create(marker.as_str()).await;
        let mut ready: BTreeMap<InstanceId, Vec<Envelope>> = BTreeMap::new();
        while !ready.contains_key(&marker) {
            for WorkItem { instance_id, messages } in self.backend().fetch(usize::MAX).await.unwrap() {
                let is_again = ready.contains_key(&instance_id);
                let before = ready.entry(instance_id.clone()).or_default();
                let newest = before.iter().map(|envelope| envelope.id).max();
                assert!(!is_again || !messages.is_empty(), "{instance_id} was woken twice");
                let messages = messages.into_iter().filter(|envelope| envelope.message != Message::Wake);
                let messages: Vec<_> = messages.collect();
                assert!(
                    messages.iter().all(|envelope| Some(envelope.id) > newest),
                    "{instance_id}: again, or too late"
                );
                before.extend(messages);
            }
        }
        let start = ready.remove(&marker).unwrap();
        let turn = self.turn(marker.as_str()).await.status(RuntimeStatus::Completed).consume(&start);
        self.commit(turn).await;
        self.backend().purge(&marker).await.unwrap();
        if self.factory.hands_out_only_what_is_due() { ready } else { self.needed(ready).await }
    }

    /// See [`Factory::hands_out_only_what_is_due`].
    pub fn hands_out_only_what_is_due(&self) -> bool {
        self.factory.hands_out_only_what_is_due()
    }

    /// The instances that are handed out; where they may be handed out again, only those that were not asked for here
    /// before.
    pub async fn woken(&mut self) -> Vec<InstanceId> {
        let ready = self.ready().await.into_keys();
        let woken: Vec<_> = ready.filter(|id| self.hands_out_only_what_is_due() || !self.woken.contains(id)).collect();
        self.woken.extend(woken.iter().cloned());
        woken
    }

    /// What of it a worker would have run, as far as loading tells.
    async fn needed(&self, ready: BTreeMap<InstanceId, Vec<Envelope>>) -> BTreeMap<InstanceId, Vec<Envelope>> {
        let mut needed = BTreeMap::new();
        for (instance_id, messages) in ready {
            let Some(snapshot) = self.backend().load(&instance_id).await.unwrap() else { continue };
            let mut messages = messages;
            let had_messages = !messages.is_empty();
            messages.retain(|envelope| !snapshot.taken_in.contains(&envelope.id));
            // A wake-up may have come in the same work item.
            if had_messages && messages.is_empty() && !self.waiting.lock().unwrap().contains(&instance_id) {
                continue;
            }
            let is_early = messages.is_empty() && snapshot.row.wake_at.is_some_and(|at| at > self.now());
            if snapshot.row.held.is_none() && !is_early {
                needed.insert(instance_id, messages);
            }
        }
        needed
    }

    /// Asserts that there is nothing to hand out.
    pub async fn assert_idle(&mut self) {
        let mut ready = self.ready().await;
        if !self.factory.hands_out_only_what_is_due() {
            ready.retain(|_, messages| !messages.is_empty());
        }
        assert_eq!(ready, BTreeMap::new());
    }

    /// Waits for what the backend does behind the back of its callers.
    pub async fn settle(&mut self) {
        self.factory.settle().await;
    }

    /// Asserts that a message to an instance that does not exist is dropped: either it is not handed out, or whoever
    /// loads the instance finds nothing, and then it is gone.
    pub async fn assert_nobody(&mut self, instance: &str) {
        let ready = self.ready().await;
        assert!(ready.keys().all(|handed_out| *handed_out == id(instance)), "{ready:?}");
        assert_eq!(self.backend().load(&id(instance)).await.unwrap(), None);
        assert_eq!(self.backend().get(&id(instance)).await.unwrap(), None);
        self.rest();
        self.assert_idle().await;
        self.crash().await;
        self.assert_idle().await;
    }

    /// Asserts that an instance is sent this, at the latest when the instance that was asked has been looked for.
    pub async fn assert_answered(&mut self, instance: &str, answer: &Message) {
        for _ in 0..3 {
            let ready = self.ready().await;
            match ready.get(&id(instance)).map(|work| messages(work)) {
                Some(sent) if !sent.is_empty() => {
                    assert_eq!(sent, std::slice::from_ref(answer));
                    return;
                }
                _ => {}
            }
        }
        panic!("{instance} was not answered");
    }

    /// The next work item, which must be one of `instance`.
    pub async fn fetch_of(&self, instance: &str) -> WorkItem {
        let mut items = self.backend().fetch(1).await.unwrap();
        assert_eq!(items.len(), 1);
        let work = items.remove(0);
        assert_eq!(work.instance_id, id(instance));
        work
    }
}

/// The messages alone.
pub(crate) fn messages(work: &[Envelope]) -> Vec<Message> {
    work.iter().map(|envelope| envelope.message.clone()).collect()
}

/// Asserts that a commit was stale, and answers what it found stored.
pub(crate) fn stale(result: Result<Token, CommitError>) -> Option<Token> {
    match result {
        Err(CommitError::Stale { stored, .. }) => stored,
        other => panic!("expected a stale commit, got {other:?}"),
    }
}

/// Asserts that an operation can never succeed.
pub(crate) fn permanent(error: &StorageError) {
    assert_eq!(error.outcome, Outcome::Permanent, "{error:?}");
}
