//! A backend under test and what cases do with it again and again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use engine::{InstanceId, Message, RuntimeStatus, Timestamp};
use store::{
    Backend, Clock as _, CommitError, CreateInstance, Envelope, ExistingInstance, HeldReason, InstanceRow, ManualClock,
    Outcome, Snapshot, StorageError, Token, WorkItem, limits,
};

use crate::{Factory, Setup, Turn, execution, id, start};

/// A case that takes longer than this hangs: some wake-up was lost.
const CASE_MAX: Duration = Duration::from_mins(2);

/// A backend and its clock.
pub struct World {
    factory: Box<dyn Factory>,
    clock: Arc<ManualClock>,
    backend: Option<Arc<dyn Backend>>,
    markers: u32,
}

/// Runs one case over a new, empty storage.
pub async fn run(factory: impl Factory + 'static, case: impl AsyncFnOnce(&mut World)) {
    let mut world = World::new(factory).await;
    tokio::time::timeout(CASE_MAX, case(&mut world)).await.expect("the case does not hang");
}

impl World {
    /// A new, empty storage.
    pub async fn new(factory: impl Factory + 'static) -> Self {
        let mut world = Self { clock: factory.clock(), factory: Box::new(factory), backend: None, markers: 0 };
        world.begin_anew(Setup::default()).await;
        world
    }

    /// Goes on with a new, empty storage.
    pub async fn begin_anew(&mut self, setup: Setup) {
        self.backend = None;
        self.backend = Some(self.factory.open(setup).await);
    }

    /// The process dies without notice, and another one opens the storage.
    pub async fn crash(&mut self) {
        let backend = self.backend.take().unwrap();
        self.backend = Some(self.factory.reopen(backend).await);
    }

    /// The backend.
    pub fn backend(&self) -> &dyn Backend {
        self.backend.as_deref().unwrap()
    }

    /// Another handle of the backend, for a task of its own.
    pub fn share(&self) -> Arc<dyn Backend> {
        self.backend.clone().unwrap()
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

    /// The row of an instance that exists.
    pub async fn row(&self, instance: &str) -> InstanceRow {
        self.backend().get(&id(instance)).await.unwrap().unwrap()
    }

    /// A turn on top of what is stored.
    pub async fn turn(&self, instance: &str) -> Turn {
        Turn::on(&self.load(instance).await, self.now())
    }

    /// Commits a turn that is not stale.
    pub async fn commit(&self, turn: Turn) -> Token {
        self.backend().commit(turn.0).await.unwrap()
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
    /// Work is handed out in turn, so a new instance marks the end of what was ready before.
    pub async fn ready(&mut self) -> BTreeMap<InstanceId, Vec<Envelope>> {
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
        ready
    }

    /// Asserts that there is nothing to hand out.
    pub async fn assert_idle(&mut self) {
        assert_eq!(self.ready().await, BTreeMap::new());
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
