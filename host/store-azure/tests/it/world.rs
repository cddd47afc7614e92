//! A task hub in virtual time, whose hosts come and go.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use azure::fake::{FakeAccount, FakeMedium};
use azure::{HubName, Queue, Queues as _};
use dotnet::DotNet;
use engine::{EventKind, ExecutionId, ExecutionStarted, HistoryEvent, InstanceId, Message, Orchestration, Timestamp};
use store::{Client as _, Clock, CreateInstance, ExistingInstance, InstanceFilter, InstanceRow, whole_history};
use store_azure::{Always, AzureBackend, LeaseOptions, Leases, Options, Ownership, hub};
use tokio::runtime::Builder;
use tokio::task::LocalSet;
use tokio::time::Instant;

use crate::faulty::Faulty;
use crate::fickle::Fickle;
use crate::host::Host;
use crate::programs::Programs;

/// How long a message is invisible.
pub(crate) const VISIBILITY: Duration = Duration::from_secs(30);
/// So that parents and children need not share one.
pub(crate) const PARTITIONS: u8 = 2;
/// What a request takes.
const LATENCY: Duration = Duration::from_millis(5);
/// How long anything may take before a test gives up: half an hour, as messages may be put aside for minutes.
const PATIENCE: Duration = Duration::from_mins(30);

/// Runs a test in a time of its own, which passes whenever everybody waits.
pub(crate) fn in_virtual_time<T>(test: impl Future<Output = T>) -> T {
    fastrand::seed(4_711);
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    LocalSet::new().block_on(&runtime, test)
}

/// The time of the test's runtime.
#[derive(Debug, Clone, Copy)]
pub(crate) struct VirtualClock {
    began: Instant,
}

impl VirtualClock {
    const EPOCH: Timestamp = Timestamp::from_millis(1_700_000_000_000);

    fn new() -> Self {
        Self { began: Instant::now() }
    }
}

#[async_trait]
impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        Self::EPOCH.saturating_add(self.began.elapsed())
    }

    async fn sleep_until(&self, at: Timestamp) {
        tokio::time::sleep_until(self.began + at.saturating_since(Self::EPOCH)).await;
    }
}

/// A hub, a client of it that never fails, and what runs on it.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) clock: VirtualClock,
    account: FakeAccount,
    hub: HubName,
    pub(crate) programs: Arc<Programs>,
    pub(crate) client: AzureBackend,
    pub(crate) options: Options,
    ignores_if_match: bool,
    partitions: u8,
}

impl World {
    pub(crate) async fn new(programs: Arc<Programs>) -> Self {
        Self::with_partitions(programs, PARTITIONS).await
    }

    pub(crate) async fn with_partitions(programs: Arc<Programs>, partitions: u8) -> Self {
        let clock = VirtualClock::new();
        let account = FakeAccount::new(Arc::new(move || clock.now().as_millis()));
        let hub = HubName::new("Test").unwrap();
        hub::create(&account.medium(&hub), &hub, partitions).await.unwrap();
        let options = Options {
            message_visibility: VISIBILITY,
            poll_min: Duration::from_millis(10),
            poll_max: Duration::from_secs(2),
            ..Options::default()
        };
        let nobody = Arc::new(Always::new(0));
        let medium = Arc::new(account.medium(&hub));
        let client = AzureBackend::start(medium, hub.clone(), partitions, nobody, Arc::new(clock), options.clone());
        Self { clock, account, hub, programs, client, options, ignores_if_match: false, partitions }
    }

    /// From now on hosts write instance rows without looking.
    pub(crate) fn take_the_guard_away(&mut self) {
        self.ignores_if_match = true;
    }

    pub(crate) fn account(&self) -> FakeMedium {
        self.account.medium(&self.hub)
    }

    /// A client of DurableTask for .NET.
    pub(crate) fn dotnet(&self) -> DotNet {
        let clock = self.clock;
        DotNet::new(Arc::new(self.account()), &self.hub, self.partitions, move || clock.now().as_millis())
    }

    /// A host that owns everything, whatever others believe.
    pub(crate) fn host(&self) -> Host {
        self.host_with(Arc::new(Always::new(self.partitions)), self.medium(), |medium| Arc::new(medium))
    }

    /// What a host has before its worker begins.
    pub(crate) fn idle_backend(&self) -> AzureBackend {
        let (ownership, clock) = (Arc::new(Always::new(self.partitions)), Arc::new(self.clock));
        let medium = Arc::new(self.account());
        AzureBackend::start(medium, self.hub.clone(), self.partitions, ownership, clock, self.options.clone())
    }

    /// A host that owns everything but when it does not.
    pub(crate) fn fickle_host(&self) -> (Host, Arc<Fickle>) {
        let fickle = Arc::new(Fickle::new(self.partitions));
        (self.host_with(fickle.clone(), self.medium(), |medium| Arc::new(medium)), fickle)
    }

    /// A host that shares the work with others of its kind.
    pub(crate) fn leasing_host(&self, name: &str) -> (Host, Arc<Leases>) {
        let medium = self.medium();
        let options = LeaseOptions::new(name, &self.hub, self.partitions);
        let leases = Arc::new(Leases::start(Arc::new(medium.clone()), Arc::new(self.clock), options));
        let host = self.host_with(leases.clone(), medium, |medium| Arc::new(medium));
        (host, leases)
    }

    /// A host's way to the account.
    pub(crate) fn medium(&self) -> Faulty<FakeMedium> {
        let medium = Faulty::new(self.account(), LATENCY);
        if self.ignores_if_match { medium.without_if_match() } else { medium }
    }

    /// A host with that ownership, whose requests go through what `wrap` makes of its medium.
    pub(crate) fn host_with(
        &self,
        ownership: Arc<dyn Ownership>,
        medium: Faulty<FakeMedium>,
        wrap: impl FnOnce(Faulty<FakeMedium>) -> Arc<dyn azure::Medium>,
    ) -> Host {
        let (clock, options) = (Arc::new(self.clock), self.options.clone());
        let wrapped = wrap(medium.clone());
        let backend =
            AzureBackend::start(wrapped, self.hub.clone(), self.partitions, ownership, clock.clone(), options);
        Host::start(backend, medium, Arc::clone(&self.programs), clock)
    }

    /// Starts an instance of the program of that name.
    pub(crate) async fn create(&self, instance: &str, program: &str) {
        self.client.create(self.start_of(instance, program)).await.unwrap();
    }

    pub(crate) fn start_of(&self, instance: &str, program: &str) -> CreateInstance {
        let mut execution = [0; 16];
        for (index, byte) in instance.bytes().enumerate() {
            execution[index % 16] ^= byte;
        }
        let start = ExecutionStarted::new(ExecutionId::from_bytes(execution), program.to_owned(), self.clock.now());
        CreateInstance { instance_id: id(instance), start, existing: ExistingInstance::Refuse }
    }

    pub(crate) async fn send(&self, instance: &str, message: Message) {
        self.client.send(&id(instance), message).await.unwrap();
    }

    pub(crate) async fn row(&self, instance: &str) -> InstanceRow {
        self.client.get(&id(instance)).await.unwrap().unwrap()
    }

    pub(crate) async fn history(&self, instance: &str) -> Vec<HistoryEvent> {
        whole_history(&self.client, &id(instance)).await.unwrap()
    }

    /// Waits until a history says something.
    pub(crate) async fn until_history(&self, instance: &str, says: &str) {
        until(&format!("the history of {instance} to say {says}"), async || {
            self.history(instance).await.iter().any(|event| event.to_string().contains(says))
        })
        .await;
    }

    /// Waits until an instance has ended.
    pub(crate) async fn until_ended(&self, instance: &str) {
        until(&format!("the end of {instance}"), async || {
            let row = self.client.get(&id(instance)).await.unwrap();
            row.is_some_and(|row| row.state.status.is_terminal())
        })
        .await;
    }

    /// Waits until nothing is in any queue.
    pub(crate) async fn until_queues_are_empty(&self) {
        until("the queues to be empty", async || self.messages().await == 0).await;
    }

    /// Messages in all queues, invisible ones included.
    pub(crate) async fn messages(&self) -> u64 {
        let mut count = self.account().count(Queue::WorkItems).await.unwrap();
        for partition in 0..self.partitions {
            count += self.account().count(Queue::Control(partition)).await.unwrap();
        }
        count
    }

    /// Everything a reader can see, times aside.
    pub(crate) async fn outcome(&self) -> Outcome {
        let page = self.client.list(&InstanceFilter::default()).await.unwrap();
        let mut instances = BTreeMap::new();
        for row in page.rows {
            let instance_id = row.state.instance_id.to_string();
            let history = self.history(&instance_id).await;
            instances.insert(instance_id, Instance::of(&row, history));
        }
        Outcome { instances }
    }
}

/// What a run has led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) instances: BTreeMap<String, Instance>,
}

/// One instance at the end, as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Instance {
    /// What the row says.
    row: String,
    /// What the history, folded, says that the row should.
    folded: String,
    /// Events in order, without the frames of turns.
    pub(crate) events: Vec<String>,
}

impl Instance {
    fn of(row: &InstanceRow, history: Vec<HistoryEvent>) -> Self {
        let state = &row.state;
        let events = history.iter().filter_map(timeless).collect();
        let last = history.last().map(|event| event.id);
        assert_eq!(row.last_event, last, "the row of {} names another event as the last", state.instance_id);
        let (component, status) = (state.component, state.custom_status.clone());
        let folded = Orchestration::load(state.instance_id.clone(), history, component, status).unwrap();
        let folded = folded.state().map(summary).unwrap_or_default();
        Self { row: summary(state), folded, events }
    }

    /// Whether what readers see is what is recorded.
    pub(crate) fn is_consistent(&self) -> bool {
        self.row == self.folded
    }

    /// The same, whatever the order of its events.
    pub(crate) fn sorted(mut self) -> Self {
        self.events.sort();
        self
    }
}

fn summary(state: &engine::InstanceState) -> String {
    let engine::InstanceState { execution_id, status, output, failure, custom_status, generation, .. } = state;
    let text = |payload: &Option<engine::Payload>| payload.as_ref().map(ToString::to_string);
    let (output, custom_status) = (text(output), text(custom_status));
    format!("{execution_id} {status:?} {output:?} {failure:?} {custom_status:?} {generation}")
}

/// An event as a line, without times; none for the frames of turns.
fn timeless(event: &HistoryEvent) -> Option<String> {
    if matches!(event.kind, EventKind::OrchestratorStarted | EventKind::OrchestratorCompleted) {
        return None;
    }
    let times: BTreeSet<_> = ["fire_at", "retry_at", "created_at"].into();
    let line = event.kind.to_string();
    let words = line.split(' ').filter(|word| word.split_once('=').is_none_or(|(key, _)| !times.contains(key)));
    Some(words.collect::<Vec<_>>().join(" "))
}

/// Waits until something has become true, looking every now and then.
pub(crate) async fn until(what: &str, is_true: impl AsyncFn() -> bool) {
    let gives_up = Instant::now() + PATIENCE;
    while !is_true().await {
        assert!(Instant::now() < gives_up, "waited in vain for {what}");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

pub(crate) fn id(text: &str) -> InstanceId {
    InstanceId::new(text).unwrap()
}
