//! Spans on their way out: a bounded queue, and the task that empties it.
//!
//! Whoever tells of a span never waits. What finds no room is dropped and counted, and so is what the collector did
//! not take.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use opentelemetry::InstrumentationScope;
use opentelemetry_sdk::trace::SpanExporter;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use worker::Span;

use super::convert::convert;
use super::settings::QueueLimits;
use crate::limits::TRACE_FLUSH_MAX;

/// What has become of spans so far.
#[derive(Debug, Default)]
struct Tally {
    sent: AtomicU64,
    dropped: AtomicU64,
}

/// The same at one time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct SpanCounts {
    /// The collector has taken them.
    pub(crate) sent: u64,
    /// There was no room for them, or the collector did not take them.
    pub(crate) dropped: u64,
}

/// The end where spans go in.
pub(super) struct Queue {
    spans: mpsc::Sender<Span>,
    tally: Arc<Tally>,
}

impl Queue {
    pub(super) fn push(&self, span: Span) {
        if self.spans.try_send(span).is_err() {
            self.tally.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn counts(&self) -> SpanCounts {
        let Tally { sent, dropped } = &*self.tally;
        SpanCounts { sent: sent.load(Ordering::Relaxed), dropped: dropped.load(Ordering::Relaxed) }
    }
}

/// The task that sends.
pub(crate) struct Exporting {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Exporting {
    /// Sends what waits, within a bound.
    pub(crate) async fn stop(self) {
        let _ = self.stop.send(());
        let abort = self.task.abort_handle();
        if tokio::time::timeout(TRACE_FLUSH_MAX, self.task).await.is_err() {
            tracing::warn!("the last spans were not sent within {TRACE_FLUSH_MAX:?}");
            abort.abort();
        }
    }
}

/// Begins to send, on the current tokio runtime.
pub(super) fn begin(exporter: impl SpanExporter + 'static, limits: QueueLimits) -> (Queue, Exporting) {
    let (sender, spans) = mpsc::channel(limits.waiting_max);
    let (stop, stopped) = oneshot::channel();
    let tally = Arc::new(Tally::default());
    let sending = Sending {
        exporter,
        limits,
        spans,
        tally: Arc::clone(&tally),
        dropped_told: 0,
        is_failing: false,
        scope: InstrumentationScope::builder("rondo").with_version(env!("CARGO_PKG_VERSION")).build(),
    };
    let task = tokio::spawn(sending.run(stopped));
    (Queue { spans: sender, tally }, Exporting { stop, task })
}

struct Sending<E> {
    exporter: E,
    limits: QueueLimits,
    spans: mpsc::Receiver<Span>,
    tally: Arc<Tally>,
    /// Of the dropped ones, what the log knows.
    dropped_told: u64,
    is_failing: bool,
    scope: InstrumentationScope,
}

impl<E: SpanExporter> Sending<E> {
    async fn run(mut self, mut stopped: oneshot::Receiver<()>) {
        let mut batch = Vec::with_capacity(self.limits.batch_max);
        loop {
            let is_stopping = tokio::select! {
                biased;
                _ = &mut stopped => true,
                () = self.fill(&mut batch) => false,
            };
            if is_stopping {
                self.spans.close();
            }
            loop {
                while batch.len() < self.limits.batch_max
                    && let Ok(span) = self.spans.try_recv()
                {
                    batch.push(span);
                }
                let may_be_more = batch.len() >= self.limits.batch_max;
                self.send(&mut batch).await;
                if !(is_stopping && may_be_more) {
                    break;
                }
            }
            if is_stopping {
                return;
            }
        }
    }

    /// Waits for a full batch, or for the end of the delay after its first span. May be dropped at any time: what it
    /// has taken is in `batch`.
    async fn fill(&mut self, batch: &mut Vec<Span>) {
        let first = match self.spans.recv().await {
            Some(span) => span,
            // Nobody can tell of anything any more; the stop is on its way.
            None => std::future::pending().await,
        };
        batch.push(first);
        let full = async {
            while batch.len() < self.limits.batch_max {
                let Some(span) = self.spans.recv().await else { return };
                batch.push(span);
            }
        };
        let _ = tokio::time::timeout(self.limits.delay, full).await;
    }

    async fn send(&mut self, batch: &mut Vec<Span>) {
        if batch.is_empty() {
            return;
        }
        let count = batch.len() as u64;
        let spans = batch.drain(..).map(|span| convert(span, &self.scope)).collect();
        let sent = self.exporter.export(spans).await;
        // Said when it begins and when it ends; a collector may be away for hours.
        match sent {
            Ok(()) if self.is_failing => tracing::info!("spans are sent again"),
            Err(ref error) if !self.is_failing => tracing::warn!(%error, "spans are not sent, and dropped"),
            _ => {}
        }
        self.is_failing = sent.is_err();
        let Tally { sent, dropped } = &*self.tally;
        let counter = if self.is_failing { dropped } else { sent };
        counter.fetch_add(count, Ordering::Relaxed);
        let dropped = dropped.load(Ordering::Relaxed);
        if !self.is_failing && dropped > self.dropped_told {
            tracing::warn!(spans = dropped - self.dropped_told, total = dropped, "spans were dropped");
            self.dropped_told = dropped;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Seek as _};
    use std::sync::Mutex;
    use std::sync::atomic::AtomicBool;
    use std::time::Duration;

    use engine::{Timestamp, TraceContext};
    use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
    use opentelemetry_sdk::trace::SpanData;
    use worker::{SpanKind, SpanStatus};

    use super::*;

    const LIMITS: QueueLimits = QueueLimits { waiting_max: 4, batch_max: 2, delay: Duration::from_hours(1) };

    /// Keeps the sizes of its batches.
    #[derive(Debug, Clone, Default)]
    struct Batches {
        sizes: Arc<Mutex<Vec<usize>>>,
        fails: Arc<AtomicBool>,
    }

    impl SpanExporter for Batches {
        async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
            self.sizes.lock().unwrap().push(batch.len());
            let fails = self.fails.load(Ordering::Relaxed);
            if fails { Err(OTelSdkError::InternalFailure("on purpose".to_owned())) } else { Ok(()) }
        }
    }

    /// Never answers.
    #[derive(Debug)]
    struct Silent;

    impl SpanExporter for Silent {
        async fn export(&self, _: Vec<SpanData>) -> OTelSdkResult {
            std::future::pending().await
        }
    }

    fn span() -> Span {
        Span {
            context: TraceContext { trace_id: [1; 16], span_id: [2; 8], flags: 1, state: None },
            parent_id: None,
            kind: SpanKind::Server,
            name: "orchestration:order".to_owned(),
            start: Timestamp::from_millis(1),
            duration: Duration::from_millis(1),
            attributes: Vec::new(),
            events: Vec::new(),
            events_dropped: 0,
            status: SpanStatus::Ok,
        }
    }

    #[tokio::test]
    async fn what_finds_no_room_is_dropped_and_counted_and_a_stop_sends_the_rest() {
        let exporter = Batches::default();
        let (queue, exporting) = begin(exporter.clone(), LIMITS);
        // Nobody takes any before this task waits for something.
        for _ in 0..7 {
            queue.push(span());
        }
        assert_eq!(queue.counts(), SpanCounts { sent: 0, dropped: 3 });
        exporting.stop().await;
        assert_eq!(queue.counts(), SpanCounts { sent: 4, dropped: 3 });
        assert_eq!(*exporter.sizes.lock().unwrap(), [2, 2]);
    }

    #[tokio::test(start_paused = true)]
    async fn no_batch_is_larger_than_allowed() {
        let exporter = Batches::default();
        let (queue, _exporting) = begin(exporter.clone(), LIMITS);
        for _ in 0..4 {
            queue.push(span());
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(*exporter.sizes.lock().unwrap(), [2, 2]);
    }

    #[tokio::test]
    async fn what_the_collector_does_not_take_is_counted() {
        let exporter = Batches::default();
        exporter.fails.store(true, Ordering::Relaxed);
        let (queue, exporting) = begin(exporter, LIMITS);
        queue.push(span());
        exporting.stop().await;
        assert_eq!(queue.counts(), SpanCounts { sent: 0, dropped: 1 });
    }

    #[tokio::test(start_paused = true)]
    async fn an_outage_of_the_collector_is_said_once_and_so_is_its_end() {
        let mut log = tempfile::tempfile().unwrap();
        let writer = log.try_clone().unwrap();
        let _logging =
            tracing::subscriber::set_default(tracing_subscriber::fmt().with_writer(writer).with_ansi(false).finish());
        let exporter = Batches::default();
        let (queue, _exporting) = begin(exporter.clone(), LIMITS);
        for fails in [true, true, true, false, false] {
            exporter.fails.store(fails, Ordering::Relaxed);
            queue.push(span());
            tokio::time::sleep(LIMITS.delay * 2).await;
        }
        assert_eq!(queue.counts(), SpanCounts { sent: 2, dropped: 3 });
        let mut said = String::new();
        log.rewind().unwrap();
        log.read_to_string(&mut said).unwrap();
        for once in ["spans are not sent, and dropped", "spans are sent again", "spans were dropped spans=3 total=3"] {
            assert_eq!(said.matches(once).count(), 1, "{once}: {said}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_collector_that_never_answers_does_not_hold_up_the_end() {
        let (queue, exporting) = begin(Silent, LIMITS);
        for _ in 0..100 {
            queue.push(span());
        }
        let begun = tokio::time::Instant::now();
        exporting.stop().await;
        assert!(begun.elapsed() <= TRACE_FLUSH_MAX + Duration::from_secs(1), "{:?}", begun.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_span_alone_is_sent_after_the_delay() {
        let exporter = Batches::default();
        let (queue, _exporting) = begin(exporter.clone(), LIMITS);
        queue.push(span());
        tokio::time::sleep(LIMITS.delay / 2).await;
        assert_eq!(exporter.sizes.lock().unwrap().len(), 0);
        tokio::time::sleep(LIMITS.delay).await;
        assert_eq!(*exporter.sizes.lock().unwrap(), [1]);
    }
}
