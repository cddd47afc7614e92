//! What a client sends.

use std::sync::Arc;
use std::time::Duration;

use api::{Api, DeployError, Deployer, Guard, HubFacts, HubView, Phase, RandomIds, Readiness, Scheme, TaskHub, Upload};
use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Request};
use engine::{Digest, Timestamp};
use http_body_util::BodyExt as _;
use store::{Clock, ComponentRecord, Components, ManualClock, MemoryBackend, StorageError};
use tower::ServiceExt as _;

/// How long an answer may take; more than this takes only one that was asked for.
const PATIENCE: Duration = Duration::from_millis(200);

/// Answers bytes as a request: `VERB URI`, lines of headers, an empty line, the body. The hub behind it knows one
/// orchestration, `order`, of which one instance, `a`, is pending.
///
/// # Panics
/// The host blames itself, or refuses without a problem document.
pub fn http_request(data: &[u8]) {
    let Some(request) = parse(data) else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    runtime.expect("a runtime without I/O").block_on(async {
        let hub = hub().await;
        // Who asks to be told of changes waits as long as they like.
        let _ = tokio::time::timeout(PATIENCE, answer(hub, request)).await;
    });
}

async fn answer(hub: Router, request: Request<Body>) {
    let what = format!("{} {}", request.method(), request.uri());
    let answer = hub.oneshot(request).await.expect("a router always answers");
    let (status, kind) = (answer.status(), answer.headers().get("content-type").cloned());
    assert!(!status.is_server_error(), "{what}: {status}");
    if status.is_client_error() {
        assert_eq!(kind.as_ref().map(HeaderValue::as_bytes), Some(&b"application/problem+json"[..]), "{what}");
        let body = answer.into_body().collect().await.unwrap_or_else(|error| panic!("{what}: {error}"));
        let document = serde_json::from_slice::<serde_json::Value>(&body.to_bytes());
        assert!(document.is_ok(), "{what}: {document:?}");
    }
}

fn parse(data: &[u8]) -> Option<Request<Body>> {
    let end = data.windows(2).position(|pair| pair == b"\n\n").unwrap_or(data.len());
    let (head, body) = (&data[..end], data.get(end + 2..).unwrap_or_default());
    let mut lines = head.split(|byte| *byte == b'\n');
    let mut words = lines.next()?.splitn(2, |byte| *byte == b' ');
    let (verb, uri) = (words.next()?, words.next()?);
    let mut request = Request::builder().method(verb).uri(uri).header("host", "localhost");
    for line in lines {
        let colon = line.iter().position(|byte| *byte == b':')?;
        request = request.header(&line[..colon], line[colon + 1..].trim_ascii());
    }
    request.body(Body::from(body.to_vec())).ok()
}

async fn hub() -> Router {
    let clock = Arc::new(ManualClock::new(Timestamp::from_millis(1_893_456_000_000)));
    let backend = Arc::new(MemoryBackend::new(clock.clone()));
    let readiness = Readiness::default();
    readiness.set(Phase::Ready);
    let router = api::router(Api {
        client: backend.clone(),
        components: backend.clone(),
        deployer: Arc::new(AcceptsAll(backend, clock.clone())),
        hub: Arc::new(NoWorker),
        task_hub: TaskHub::default(),
        clock,
        ids: Arc::new(RandomIds),
        guard: Guard::Loopback,
        scheme: Scheme::Http,
        public_url: None,
        readiness,
    });
    for uri in ["/rondo/components?name=shop", "/runtime/webhooks/durabletask/orchestrators/order/a"] {
        let request = Request::post(uri).header("host", "localhost").body(Body::empty()).expect("a request");
        let answer = router.clone().oneshot(request).await.expect("a router always answers");
        assert!(answer.status().is_success(), "{uri}: {}", answer.status());
    }
    router
}

/// Whatever is deployed offers `order`.
struct AcceptsAll(Arc<MemoryBackend>, Arc<ManualClock>);

#[async_trait]
impl Deployer for AcceptsAll {
    async fn deploy(&self, upload: Upload) -> Result<ComponentRecord, DeployError> {
        let Upload { name, bytes, grants } = upload;
        let record = ComponentRecord {
            digest: Digest::of(&bytes),
            name,
            bytes: bytes.len() as u64,
            deployed_at: self.1.now(),
            orchestrations: vec!["order".to_owned()],
            activities: Vec::new(),
            grants: grants.unwrap_or_else(|| "{}".to_owned()),
        };
        self.0.deploy(record.clone(), bytes).await?;
        Ok(record)
    }
}

/// Nothing is known of the host.
struct NoWorker;

#[async_trait]
impl HubView for NoWorker {
    async fn facts(&self) -> Result<HubFacts, StorageError> {
        Ok(HubFacts::default())
    }

    fn metrics(&self) -> String {
        String::new()
    }
}
