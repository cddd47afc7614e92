//! Traces over OTLP, for hosts whose environment says where to; see <https://opentelemetry.io/docs/specs/otel/>.
//!
//! What is told and when is the worker's business. Here it is decided which traces are kept (`sampling`), spans wait
//! in a bounded queue (`queue`), and batches of them are put into OpenTelemetry's form (`convert`) and sent.

mod client;
mod convert;
mod queue;
mod sampling;
mod settings;

use std::sync::Arc;

use anyhow::{Context as _, Result};
use engine::{ActivityTask, TRACE_SAMPLED, TraceContext};
use opentelemetry_otlp::{SpanExporter, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SpanExporter as _;
use worker::{Span, SpanSink, Spans};

use self::queue::Queue;
pub(crate) use self::queue::{Exporting, SpanCounts};
use self::sampling::Sampling;
pub(crate) use self::settings::Settings;

/// Where the spans of this host go.
#[derive(Clone)]
pub(crate) struct Traces(Arc<Sink>);

struct Sink {
    sampling: Sampling,
    queue: Queue,
}

impl Traces {
    /// Begins to send, on the current tokio runtime. Nobody need listen there yet.
    ///
    /// # Errors
    /// A variable of the environment cannot be understood.
    pub(crate) fn begin(settings: Settings) -> Result<(Self, Exporting)> {
        let Settings { service_name, sampling, limits } = settings;
        let mut resource = Resource::builder();
        if let Some(name) = service_name {
            resource = resource.with_service_name(name);
        }
        let mut exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(client::Client::new().context("making the client for traces")?)
            .build()
            .context("reading where to send traces (OTEL_EXPORTER_OTLP_…)")?;
        exporter.set_resource(&resource.build());
        let (queue, exporting) = queue::begin(exporter, limits);
        Ok((Self(Arc::new(Sink { sampling, queue })), exporting))
    }

    /// For the worker.
    pub(crate) fn spans(&self) -> Spans {
        Spans::to(Arc::clone(&self.0) as _)
    }

    /// What has become of them.
    pub(crate) fn counts(&self) -> SpanCounts {
        self.0.queue.counts()
    }

    /// What an activity hands on to whom it calls: its own span, and whether anybody will hear of it.
    pub(crate) fn outgoing(&self, task: &ActivityTask) -> TraceContext {
        let span = task.span();
        let flags = if self.0.wants(&span) { span.flags | TRACE_SAMPLED } else { span.flags & !TRACE_SAMPLED };
        TraceContext { flags, ..span }
    }
}

impl SpanSink for Sink {
    fn wants(&self, context: &TraceContext) -> bool {
        self.sampling.keeps(context)
    }

    fn tell(&self, span: Span) {
        self.queue.push(span);
    }
}
