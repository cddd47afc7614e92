//! Of the storage: requests by kind and outcome, and what only one kind of storage has.

use std::fmt::Error;
use std::sync::Arc;

use azure::{Cloud, Counted, RequestKind, RequestOutcome, Service};
use measure::Distribution;
use prometheus_client::registry::Unit;
use store_azure::AzureBackend;
use store_sqlite::SqliteBackend;

use super::exposition::Exposition;

/// Where the numbers of a storage are read.
#[derive(Clone)]
pub(crate) enum StorageMeter {
    /// A file.
    Sqlite(Arc<SqliteBackend>),
    /// A task hub.
    Azure {
        /// The connections to it.
        media: [Arc<Counted<Cloud>>; 2],
        backend: Arc<AzureBackend>,
    },
}

/// What was read.
#[derive(Debug)]
pub(super) enum StorageNumbers {
    Sqlite {
        stats: store_sqlite::Stats,
        distributions: store_sqlite::Distributions,
    },
    Azure {
        requests: Vec<(RequestKind, RequestOutcome, u64)>,
        seconds: [Distribution; 3],
        writes: u64,
        received: usize,
    },
}

impl StorageMeter {
    pub(super) fn read(&self) -> StorageNumbers {
        match self {
            Self::Sqlite(backend) => {
                StorageNumbers::Sqlite { stats: backend.stats(), distributions: backend.distributions() }
            }
            Self::Azure { media: [one, other], backend } => {
                let requests = one.requests().zip(other.requests());
                StorageNumbers::Azure {
                    requests: requests.map(|((kind, outcome, n), (.., m))| (kind, outcome, n + m)).collect(),
                    seconds: Service::ALL.map(|service| one.seconds(service).plus(&other.seconds(service))),
                    writes: one.counts().transact_writes + other.counts().transact_writes,
                    received: backend.messages_received(),
                }
            }
        }
    }
}

impl StorageNumbers {
    pub(super) fn encode(&self, to: &mut Exposition<'_>) -> Result<(), Error> {
        match self {
            Self::Sqlite { stats, distributions } => {
                requests(to, sqlite_requests(stats))?;
                sqlite(stats, distributions, to)
            }
            Self::Azure { requests: counts, seconds, writes, received } => {
                let counts = counts.iter().filter(|(_, outcome, count)| *outcome == RequestOutcome::Ok || *count > 0);
                requests(to, counts.map(|(kind, outcome, count)| (kind.as_str(), outcome.as_str(), *count)))?;
                let series = Service::ALL.iter().map(|service| ("service", service.as_str())).zip(seconds);
                let help = "Time of a request to Azure Storage, whatever became of it.";
                to.histograms("azure_request", help, &Unit::Seconds, series)?;
                to.counter("azure_transaction_writes", "Changes in all table transactions.", *writes)?;
                let help = "Messages of control queues that this host has received and not yet deleted.";
                to.level("azure_messages_received", help, None, *received)
            }
        }
    }
}

fn requests<'l>(
    to: &mut Exposition<'_>,
    counts: impl IntoIterator<Item = (&'l str, &'l str, u64)>,
) -> Result<(), Error> {
    let series = counts.into_iter().map(|(kind, outcome, count)| ([("kind", kind), ("outcome", outcome)], count));
    to.counters("storage_requests", "Requests to the storage that have ended.", series)
}

fn sqlite_requests(stats: &store_sqlite::Stats) -> [(&'static str, &'static str, u64); 6] {
    [
        ("transaction", "ok", stats.transactions),
        ("transaction", "failed", stats.transactions_failed),
        ("transaction", "unknown", stats.transactions_unknown),
        ("read", "ok", stats.reads.saturating_sub(stats.reads_failed)),
        ("read", "failed", stats.reads_failed),
        ("refill", "ok", stats.refills),
    ]
}

fn sqlite(
    stats: &store_sqlite::Stats,
    distributions: &store_sqlite::Distributions,
    to: &mut Exposition<'_>,
) -> Result<(), Error> {
    let writes = Unit::Other("writes".to_owned());
    let help = "Time from the beginning of a write transaction to its end on the disk.";
    to.histogram("sqlite_transaction", help, &Unit::Seconds, &distributions.transaction_seconds)?;
    let help = "Of that, the time of the commit: writing and syncing the log.";
    to.histogram("sqlite_commit", help, &Unit::Seconds, &distributions.commit_seconds)?;
    let help = "Writes that shared a transaction, and so its sync.";
    to.histogram("sqlite_transaction", help, &writes, &distributions.transaction_operations)?;
    to.counter("sqlite_rows_written", "Rows inserted, updated or deleted.", stats.rows_written)?;
    to.level("sqlite_messages_stored", "Messages that wait for a turn to consume them.", None, stats.messages_stored)
}
