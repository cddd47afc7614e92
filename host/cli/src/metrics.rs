//! What a host tells of itself to a monitoring system.
//!
//! Nothing is recorded here: worker and storage count for themselves, and a scrape reads what they have. So a metric
//! costs the same whether anybody looks or not. `host/api/README.md` has a table of all of them, which a test compares
//! with what hosts export.

mod exposition;
mod storage;
mod worker;

use ::worker::{Distributions, Health, Monitor, Stats};
use engine::Timestamp;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, text};
use prometheus_client::registry::Registry;

use self::exposition::Exposition;
pub(crate) use self::storage::StorageMeter;
use self::storage::StorageNumbers;
use crate::limits::WAITING_SERIES_MAX;
use crate::traces::SpanCounts;
use crate::{log_queue, panics};

/// Everything that is exported, as it was at one time.
#[derive(Debug)]
pub(crate) struct Snapshot {
    edge: EdgeNumbers,
    worker: WorkerNumbers,
    spans: SpanCounts,
    storage: StorageNumbers,
}

/// What is known of those who connect.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct EdgeNumbers {
    pub(crate) wrong_keys: u64,
    pub(crate) connections_open: usize,
    /// With a word for each reason.
    pub(crate) connections_closed: [(&'static str, u64); 4],
}

/// What is known of the worker. All zero before it runs.
#[derive(Debug, Default)]
struct WorkerNumbers {
    stats: Stats,
    distributions: Distributions,
    /// How many instances wait for each orchestration that nobody offers.
    waiting: Vec<(String, usize)>,
    storage_available: bool,
    /// How long the oldest message has waited whose instance could run.
    oldest_wait_seconds: f64,
}

impl Snapshot {
    /// Reads all the numbers.
    pub(crate) fn take(
        edge: EdgeNumbers,
        storage: &StorageMeter,
        monitor: Option<&Monitor>,
        spans: SpanCounts,
        now: Timestamp,
    ) -> Self {
        let worker = monitor.map(|monitor| WorkerNumbers::read(monitor, now)).unwrap_or_default();
        Self { edge, worker, spans, storage: storage.read() }
    }

    /// In the OpenMetrics text format.
    pub(crate) fn text(self) -> String {
        let mut registry = Registry::with_prefix("rondo");
        registry.register_collector(Box::new(self));
        let mut text = String::new();
        // Writing into memory does not fail.
        let _ = text::encode(&mut text, &registry);
        text
    }
}

impl WorkerNumbers {
    fn read(monitor: &Monitor, now: Timestamp) -> Self {
        let stats = monitor.stats();
        let Health { storage_available, .. } = monitor.health();
        let oldest_wait_seconds = stats.waits_since.map_or(0.0, |since| now.saturating_since(since).as_secs_f64());
        let waiting = monitor.waiting().by_orchestration(WAITING_SERIES_MAX);
        Self { stats, distributions: monitor.distributions(), waiting, storage_available, oldest_wait_seconds }
    }
}

impl Collector for Snapshot {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let mut to = Exposition(encoder);
        to.info("build", "The version of Rondo.", &[("version", env!("CARGO_PKG_VERSION"))])?;
        worker::encode(&self.worker, &mut to)?;
        let SpanCounts { sent, dropped } = self.spans;
        let spans = [([("outcome", "sent")], sent), ([("outcome", "dropped")], dropped)];
        to.counters("trace_spans", "Spans of traces by what became of them.", spans)?;
        let EdgeNumbers { wrong_keys, connections_open, connections_closed } = self.edge;
        to.counter("wrong_keys", "Requests with a wrong key.", wrong_keys)?;
        to.level("connections_open", "Connections of clients.", None, connections_open)?;
        let closed = connections_closed.map(|(reason, count)| ([("reason", reason)], count));
        to.counters("connections_closed", "Connections that the server closed by the reason.", closed)?;
        let help = "Lines that were dropped from the log because they could not be written in time.";
        to.counter("log_lines_dropped", help, log_queue::dropped())?;
        to.counter("panics", "Panics of the host. Each is a bug.", panics::count())?;
        self.storage.encode(&mut to)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use azure::{RequestKind, RequestOutcome};
    use measure::{Buckets, Distribution, Histogram};

    use super::*;

    fn durations(millis: &[u64]) -> Distribution {
        let histogram = Histogram::new(Buckets::SLOW);
        for millis in millis {
            histogram.took(Duration::from_millis(*millis));
        }
        histogram.read()
    }

    /// What is written of the named families.
    fn written(snapshot: Snapshot, names: &[&str]) -> String {
        let mut is_wanted = false;
        let mut wanted = String::new();
        for line in snapshot.text().split_inclusive('\n') {
            if let Some(name) = line.strip_prefix("# HELP ").and_then(|line| line.split(' ').next()) {
                is_wanted = names.contains(&name);
            }
            if is_wanted {
                wanted.push_str(line);
            }
        }
        wanted
    }

    #[test]
    fn the_format_is_as_scrapers_read_it() {
        let stats = Stats { turns: 3, commits: 2, commits_stale: 1, warm_bytes: 4096, ..Stats::default() };
        let distributions =
            Distributions { activity_failed_seconds: durations(&[10, 11, 70_000]), ..Distributions::default() };
        let waiting = vec![("or\"der".to_owned(), 3), (String::new(), 2)];
        let worker = WorkerNumbers { stats, distributions, waiting, ..WorkerNumbers::default() };
        let storage = StorageNumbers::Sqlite {
            stats: store_sqlite::Stats { transactions: 7, ..store_sqlite::Stats::default() },
            distributions: store_sqlite::Distributions::default(),
        };
        let spans = SpanCounts { sent: 8, dropped: 1 };
        let names = ["rondo_turns", "rondo_turn_messages", "rondo_commits", "rondo_warm_guests_bytes"];
        let others = ["rondo_instances_waiting", "rondo_activity_seconds", "rondo_trace_spans"];
        let others = [&others[..], &["rondo_sqlite_messages_stored"]].concat();
        let names = [&names[..], &others].concat();
        insta::assert_snapshot!(written(Snapshot { edge: EdgeNumbers::default(), worker, spans, storage }, &names), @r#"
        # HELP rondo_turns Turns that were run.
        # TYPE rondo_turns counter
        rondo_turns_total 3
        # HELP rondo_turn_messages Messages that a turn took in.
        # TYPE rondo_turn_messages histogram
        # UNIT rondo_turn_messages messages
        rondo_turn_messages_sum 0.0
        rondo_turn_messages_count 0
        rondo_turn_messages_bucket{le="+Inf"} 0
        # HELP rondo_commits Commits by what became of them.
        # TYPE rondo_commits counter
        rondo_commits_total{outcome="ok"} 2
        rondo_commits_total{outcome="stale"} 1
        rondo_commits_total{outcome="not_owned"} 0
        rondo_commits_total{outcome="not_done"} 0
        rondo_commits_total{outcome="unknown"} 0
        rondo_commits_total{outcome="refused"} 0
        # HELP rondo_warm_guests_bytes Memory of the guests that are kept warm.
        # TYPE rondo_warm_guests_bytes gauge
        # UNIT rondo_warm_guests_bytes bytes
        rondo_warm_guests_bytes 4096
        # HELP rondo_instances_waiting Instances that wait for an orchestration that no component offers.
        # TYPE rondo_instances_waiting gauge
        rondo_instances_waiting{orchestration="or\"der"} 3
        rondo_instances_waiting{orchestration=""} 2
        # HELP rondo_activity_seconds Time that an attempt of an activity ran.
        # TYPE rondo_activity_seconds histogram
        # UNIT rondo_activity_seconds seconds
        rondo_activity_seconds_sum{outcome="completed"} 0.0
        rondo_activity_seconds_count{outcome="completed"} 0
        rondo_activity_seconds_bucket{le="+Inf",outcome="completed"} 0
        rondo_activity_seconds_sum{outcome="failed"} 70.021
        rondo_activity_seconds_count{outcome="failed"} 3
        rondo_activity_seconds_bucket{le="0.001",outcome="failed"} 0
        rondo_activity_seconds_bucket{le="0.0025",outcome="failed"} 0
        rondo_activity_seconds_bucket{le="0.005",outcome="failed"} 0
        rondo_activity_seconds_bucket{le="0.01",outcome="failed"} 1
        rondo_activity_seconds_bucket{le="0.025",outcome="failed"} 2
        rondo_activity_seconds_bucket{le="0.05",outcome="failed"} 2
        rondo_activity_seconds_bucket{le="0.1",outcome="failed"} 2
        rondo_activity_seconds_bucket{le="0.25",outcome="failed"} 2
        rondo_activity_seconds_bucket{le="0.5",outcome="failed"} 2
        rondo_activity_seconds_bucket{le="1.0",outcome="failed"} 2
        rondo_activity_seconds_bucket{le="2.5",outcome="failed"} 2
        rondo_activity_seconds_bucket{le="5.0",outcome="failed"} 2
        rondo_activity_seconds_bucket{le="10.0",outcome="failed"} 2
        rondo_activity_seconds_bucket{le="30.0",outcome="failed"} 2
        rondo_activity_seconds_bucket{le="60.0",outcome="failed"} 2
        rondo_activity_seconds_bucket{le="+Inf",outcome="failed"} 3
        # HELP rondo_trace_spans Spans of traces by what became of them.
        # TYPE rondo_trace_spans counter
        rondo_trace_spans_total{outcome="sent"} 8
        rondo_trace_spans_total{outcome="dropped"} 1
        # HELP rondo_sqlite_messages_stored Messages that wait for a turn to consume them.
        # TYPE rondo_sqlite_messages_stored gauge
        rondo_sqlite_messages_stored 0
        # EOF
        "#);
    }

    #[test]
    fn of_requests_every_kind_is_shown_and_every_outcome_that_there_was() {
        let count = |kind, outcome| match (kind, outcome) {
            (RequestKind::Transact, RequestOutcome::Conflict) => 2,
            _ => 0,
        };
        let kinds = [RequestKind::TableGet, RequestKind::Transact].into_iter();
        let requests = kinds.flat_map(|kind| RequestOutcome::ALL.map(|outcome| (kind, outcome, count(kind, outcome))));
        let storage = StorageNumbers::Azure {
            requests: requests.collect(),
            seconds: [durations(&[1]), Distribution::default(), Distribution::default()],
            writes: 9,
            received: 1,
        };
        let snapshot = Snapshot {
            edge: EdgeNumbers::default(),
            worker: WorkerNumbers::default(),
            spans: SpanCounts::default(),
            storage,
        };
        insta::assert_snapshot!(written(snapshot, &["rondo_storage_requests"]), @r#"
        # HELP rondo_storage_requests Requests to the storage that have ended.
        # TYPE rondo_storage_requests counter
        rondo_storage_requests_total{kind="table_get",outcome="ok"} 0
        rondo_storage_requests_total{kind="transact",outcome="ok"} 0
        rondo_storage_requests_total{kind="transact",outcome="conflict"} 2
        "#);
    }
}
