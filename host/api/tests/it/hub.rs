//! A task hub with the surface in front of it, and a worker that does what a test says.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use api::{
    Api, DeployError, Deployer, Guard, HubFacts, HubView, IdSource, Keys, Phase, PublicUrl, Readiness, Scheme, TaskHub,
    Upload,
};
use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use engine::{
    Digest, EngineRevision, EventId, EventKind, ExecutionStarted, HistoryChange, HistoryEvent, InstanceId,
    InstanceState, OutboxMessage, Parent, RuntimeStatus, Timestamp,
};
use http_body_util::BodyExt as _;
use serde_json::Value;
use store::{
    Clock, ComponentRecord, Components, HeldReason, ManualClock, MemoryBackend, StorageError, TurnCommit, WorkItem,
    WorkSource,
};
use tower::ServiceExt as _;

/// Where the Durable Functions calls live.
pub(crate) const BASE: &str = "/runtime/webhooks/durabletask";

/// 2030-01-01T00:00:00Z.
pub(crate) const NEW_YEAR_MS: u64 = 1_893_456_000_000;

/// The keys of a server that has some.
pub(crate) const FULL_KEY: &str = "full-s3cret-of-this-server";
pub(crate) const READ_KEY: &str = "a-key-to-l00k-on-with";
pub(crate) const METRICS_KEY: &str = "a-key-for-the-m3trics";

pub(crate) struct Hub {
    pub(crate) backend: Arc<MemoryBackend>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) readiness: Readiness,
    pub(crate) guard: Guard,
    router: Router,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// The code of a problem document, after checking that it is one.
    pub(crate) fn problem(&self) -> (u16, String) {
        assert_eq!(self.headers["content-type"], "application/problem+json", "{}", self.text);
        let document = self.json();
        assert_eq!(document["status"], self.status);
        assert!(!document["remedy"].as_str().unwrap().is_empty());
        (self.status, document["code"].as_str().unwrap().to_owned())
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// Accepts files that list their orchestrations, separated by blanks.
struct ListDeployer(Arc<MemoryBackend>, Arc<ManualClock>);

#[async_trait]
impl Deployer for ListDeployer {
    async fn deploy(&self, upload: Upload) -> Result<ComponentRecord, DeployError> {
        let Upload { name, bytes, grants } = upload;
        if bytes == b"bad" {
            return Err(DeployError::NotDeployable { problem: "it is bad".into(), remedy: "Make it good.".into() });
        }
        if grants.as_deref().is_some_and(|grants| grants.contains("above")) {
            return Err(DeployError::Grants("it is more than allowed".into()));
        }
        let orchestrations = String::from_utf8(bytes.clone()).unwrap();
        let record = ComponentRecord {
            digest: Digest::of(&bytes),
            name,
            bytes: bytes.len() as u64,
            deployed_at: self.1.now(),
            orchestrations: orchestrations.split_whitespace().map(str::to_owned).collect(),
            activities: Vec::new(),
            grants: grants.unwrap_or_else(|| "{}".into()),
        };
        self.0.deploy(record.clone(), bytes).await?;
        Ok(record)
    }
}

struct NoWorker;

#[async_trait]
impl HubView for NoWorker {
    async fn facts(&self) -> Result<HubFacts, StorageError> {
        Ok(HubFacts { store: "memory".into(), ..HubFacts::default() })
    }

    fn metrics(&self) -> String {
        "# EOF\n".to_owned()
    }
}

#[derive(Default)]
struct CountingIds(AtomicU64);

impl IdSource for CountingIds {
    fn draw(&self) -> [u8; 16] {
        u128::from(self.0.fetch_add(1, Ordering::SeqCst) + 1).to_be_bytes()
    }
}

impl Hub {
    /// An empty hub that nothing is deployed in.
    pub(crate) fn new() -> Self {
        Self::with(Guard::Loopback, |backend| backend)
    }

    pub(crate) fn with(guard: Guard, change: impl FnOnce(MemoryBackend) -> MemoryBackend) -> Self {
        Self::reached_at(None, guard, change)
    }

    /// An empty hub with keys.
    pub(crate) fn with_keys() -> Self {
        let keys = Keys::new(FULL_KEY).unwrap().with_read_only(READ_KEY).unwrap();
        Self::with(Guard::Keys(keys.with_metrics_only(METRICS_KEY).unwrap()), |backend| backend)
    }

    /// An empty hub behind a proxy.
    pub(crate) fn behind(url: &str) -> Self {
        Self::reached_at(Some(url.parse().unwrap()), Guard::Loopback, |backend| backend)
    }

    fn reached_at(
        public_url: Option<PublicUrl>,
        guard: Guard,
        change: impl FnOnce(MemoryBackend) -> MemoryBackend,
    ) -> Self {
        let clock = Arc::new(ManualClock::new(Timestamp::from_millis(NEW_YEAR_MS)));
        let backend = Arc::new(change(MemoryBackend::new(clock.clone())));
        let readiness = Readiness::default();
        readiness.set(Phase::Ready);
        let router = api::router(Api {
            client: backend.clone(),
            components: backend.clone(),
            deployer: Arc::new(ListDeployer(backend.clone(), clock.clone())),
            hub: Arc::new(NoWorker),
            task_hub: TaskHub::new("Shop"),
            clock: clock.clone(),
            ids: Arc::new(CountingIds::default()),
            guard: guard.clone(),
            scheme: Scheme::Http,
            public_url,
            readiness: readiness.clone(),
        });
        Self { backend, clock, readiness, guard, router }
    }

    /// A hub in which `order` can be started.
    pub(crate) async fn with_order() -> Self {
        let hub = Self::new();
        hub.deploy("order").await;
        hub
    }

    pub(crate) async fn deploy(&self, orchestrations: &str) -> Answer {
        let answer = self.post("/rondo/components?name=shop", orchestrations).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer
    }

    /// Starts `order` and checks that this is accepted.
    pub(crate) async fn start(&self, id: &str) {
        let answer = self.post(&format!("{BASE}/orchestrators/order/{id}"), "").await;
        assert_eq!(answer.status, 202, "{}", answer.text);
    }

    pub(crate) async fn get(&self, uri: &str) -> Answer {
        self.send("GET", uri, &[], "").await
    }

    pub(crate) async fn delete(&self, uri: &str) -> Answer {
        self.send("DELETE", uri, &[], "").await
    }

    pub(crate) async fn post(&self, uri: &str, body: &str) -> Answer {
        self.send("POST", uri, &[("content-type", "application/json")], body).await
    }

    pub(crate) async fn send(&self, method: &str, uri: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut request = Request::builder().method(method).uri(uri).header("host", "localhost:7070");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.answer(request.body(Body::from(body.to_owned())).unwrap()).await
    }

    /// Sends a request without the header `host`.
    pub(crate) async fn without_host(&self, uri: &str) -> Answer {
        self.answer(Request::get(uri).body(Body::empty()).unwrap()).await
    }

    /// A request with a body that comes as it likes.
    pub(crate) fn request(&self, method: &str, uri: &str, body: Body) -> impl Future<Output = Answer> + use<> {
        let request = Request::builder().method(method).uri(uri).header("host", "localhost:7070");
        answered(self.router.clone(), request.body(body).unwrap())
    }

    async fn answer(&self, request: Request<Body>) -> Answer {
        answered(self.router.clone(), request).await
    }

    /// Sends a request and answers with its body unread.
    pub(crate) async fn open(&self, uri: &str, headers: &[(&str, &str)]) -> axum::response::Response {
        let request = Request::get(uri).header("host", "localhost:7070");
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        self.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
    }

    /// Commits one turn of an instance that leaves it in `status`.
    pub(crate) async fn turn(&self, id: &str, status: RuntimeStatus) {
        self.turn_with(id, status, Vec::new()).await;
    }

    /// The same, with what happens in it. A completed instance's output is the last of the events.
    pub(crate) async fn turn_with(&self, id: &str, status: RuntimeStatus, events: Vec<EventKind>) {
        self.turn_by(EngineRevision::OLDEST, id, status, events).await;
    }

    /// The same; an instance that begins with it does so by these rules.
    pub(crate) async fn turn_by(
        &self,
        engine_revision: EngineRevision,
        id: &str,
        status: RuntimeStatus,
        events: Vec<EventKind>,
    ) {
        let (item, snapshot) = self.fetch(id).await;
        let mut state = snapshot.row.state;
        state.status = status;
        state.completed_at = status.is_terminal().then(|| self.clock.now());
        if let Some(EventKind::ExecutionCompleted { output }) = events.last() {
            state.output.clone_from(output);
        }
        let outbox = events.iter().filter_map(|event| child_of(&state, event)).collect();
        // A start that has not been taken in yet.
        let begun = item.messages.iter().find_map(|envelope| match &envelope.message {
            engine::Message::Start(start) => {
                let started = ExecutionStarted { engine_revision, ..(**start).clone() };
                Some(EventKind::ExecutionStarted(Box::new(started)))
            }
            _ => None,
        });
        let first = match begun {
            Some(_) => EventId::FIRST,
            None => snapshot.row.last_event.map_or(EventId::FIRST, EventId::next),
        };
        let replaces = begun.is_some() && snapshot.row.last_event.is_some();
        let kinds = std::iter::once(EventKind::OrchestratorStarted).chain(begun).chain(events);
        let kinds = kinds.chain([EventKind::OrchestratorCompleted]);
        let at = self.clock.now();
        let events = (first.0..).zip(kinds).map(|(id, kind)| HistoryEvent { id: EventId(id), at, kind }).collect();
        let history = if replaces { HistoryChange::Replace { events } } else { HistoryChange::Append { events } };
        let commit = TurnCommit {
            instance_id: item.instance_id,
            token: snapshot.token,
            history,
            state,
            state_changed: true,
            wake_at: None,
            has_open_activities: false,
            outbox,
            consumed: item.messages.into_iter().map(|envelope| envelope.id).collect(),
        };
        self.backend.commit(commit).await.unwrap();
    }

    /// Sends the instance something, so that it is handed out once more.
    pub(crate) async fn wake(&self, id: &str) {
        let answer = self.post(&format!("{BASE}/instances/{id}/resume"), "").await;
        assert_eq!(answer.status, 202, "{}", answer.text);
    }

    /// Holds an instance.
    pub(crate) async fn hold(&self, id: &str, code: &str) {
        let (item, snapshot) = self.fetch(id).await;
        let reason = HeldReason { code: code.into(), message: "why".into(), since: self.clock.now() };
        self.backend.hold(&item.instance_id, snapshot.token, reason).await.unwrap();
    }

    async fn fetch(&self, id: &str) -> (WorkItem, store::Snapshot) {
        let mut items = self.backend.fetch(1).await.unwrap();
        let item = items.remove(0);
        assert_eq!(item.instance_id, InstanceId::new(id).unwrap());
        let snapshot = self.backend.load(&item.instance_id).await.unwrap().unwrap();
        (item, snapshot)
    }

    /// The execution that messages to an instance are for.
    pub(crate) async fn execution(&self, instance: &str) -> Option<engine::ExecutionId> {
        store::Client::get(&*self.backend, &engine::InstanceId::new(instance).unwrap())
            .await
            .unwrap()
            .unwrap()
            .addressee()
    }

    /// What was sent to the instance since its last turn.
    pub(crate) async fn inbox(&self) -> Vec<engine::Message> {
        let item = self.backend.fetch(1).await.unwrap().remove(0);
        item.messages.into_iter().map(|envelope| envelope.message).collect()
    }
}

async fn answered(router: Router, request: Request<Body>) -> Answer {
    let (parts, body) = router.oneshot(request).await.unwrap().into_parts();
    let text = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
    let status: StatusCode = parts.status;
    Answer { status: status.as_u16(), headers: parts.headers, text }
}

/// What a turn sends that records the start of a child.
fn child_of(state: &InstanceState, event: &EventKind) -> Option<OutboxMessage> {
    let EventKind::SubOrchestrationCreated { task, name, instance_id, .. } = event else { return None };
    let InstanceState { instance_id: parent_id, execution_id, name: parent_name, .. } = state.clone();
    let parent = Parent { instance_id: parent_id, execution_id, name: parent_name, task: *task, attempt: 1 };
    let execution_id = parent.first_of_child();
    let start = ExecutionStarted {
        parent: Some(parent),
        ..ExecutionStarted::new(execution_id, name.clone(), state.created_at)
    };
    Some(OutboxMessage { to: instance_id.clone(), message: engine::Message::Start(Box::new(start)) })
}
