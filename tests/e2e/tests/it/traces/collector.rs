//! What spans are sent to: a collector of OpenTelemetry that keeps everything.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header;
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use opentelemetry_proto::tonic::common::v1::AnyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use tokio::runtime::Runtime;

type Kept = Arc<Mutex<Vec<(String, Span)>>>;

/// A collector on the loopback address, until it is dropped.
pub(super) struct Collector {
    endpoint: String,
    kept: Kept,
    _runtime: Runtime,
}

impl Collector {
    pub(super) fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let kept = Kept::default();
        let routes = Router::new().route("/v1/traces", post(take)).with_state(Arc::clone(&kept));
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        runtime.spawn(async move { axum::serve(listener, routes).await });
        Self { endpoint, kept, _runtime: runtime }
    }

    /// What a host needs in its environment.
    pub(super) fn environment(&self) -> [(&str, &str); 2] {
        [("OTEL_EXPORTER_OTLP_ENDPOINT", &self.endpoint), ("OTEL_BSP_SCHEDULE_DELAY", "50")]
    }

    /// All spans so far.
    pub(super) fn spans(&self) -> Vec<Span> {
        self.kept.lock().unwrap().iter().map(|(_, span)| span.clone()).collect()
    }

    /// How many have that name.
    pub(super) fn count(&self, name: &str) -> usize {
        self.kept.lock().unwrap().iter().filter(|(_, span)| span.name == name).count()
    }

    /// The services that have sent those of that name, once for each span.
    pub(super) fn services_of(&self, name: &str) -> Vec<String> {
        let kept = self.kept.lock().unwrap();
        kept.iter().filter(|(_, span)| span.name == name).map(|(service, _)| service.clone()).collect()
    }
}

async fn take(State(kept): State<Kept>, body: Bytes) -> ([(header::HeaderName, &'static str); 1], Vec<u8>) {
    let request = ExportTraceServiceRequest::decode(body).expect("what a host sends can be read");
    let mut kept = kept.lock().unwrap();
    for of_resource in request.resource_spans {
        let mut attributes = of_resource.resource.iter().flat_map(|resource| &resource.attributes);
        let service = attributes.find(|attribute| attribute.key == "service.name").and_then(|it| it.value.clone());
        let Some(AnyValue { value: Some(Value::StringValue(service)) }) = service else {
            panic!("a span of nobody: {:?}", of_resource.resource);
        };
        for span in of_resource.scope_spans.into_iter().flat_map(|scope| scope.spans) {
            kept.push((service.clone(), span));
        }
    }
    let answer = ExportTraceServiceResponse::default().encode_to_vec();
    ([(header::CONTENT_TYPE, "application/x-protobuf")], answer)
}
