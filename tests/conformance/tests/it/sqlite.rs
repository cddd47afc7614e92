//! The embedded backend: as it is used, and with so little memory that it has to go back to its file for everything.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use conformance::{Factory, Setup, timestamp};
use store::{Backend, ManualClock};
use store_sqlite::{Options, SqliteBackend};
use tempfile::TempDir;

mod usual {
    use super::{Options, Sqlite, clock};

    conformance::conformance_tests!(factory);

    fn factory() -> Sqlite {
        Sqlite::new(clock(), Options::default())
    }
}

mod cramped {
    use super::{Options, Sqlite, clock};

    conformance::conformance_tests!(factory);

    fn factory() -> Sqlite {
        let options = Options {
            queued_operations_max: 1,
            queued_bytes_max: 1,
            transaction_operations_max: 2,
            transaction_bytes_max: 1,
            ready_messages_max: 8,
            ready_bytes_max: 1_024,
            wake_ups_max: 4,
            readers: 1,
            ..Options::default()
        };
        Sqlite::new(clock(), options)
    }
}

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(timestamp(1_700_000_000_000)))
}

/// A folder with one file for each storage.
pub(crate) struct Sqlite {
    clock: Arc<ManualClock>,
    options: Options,
    folder: TempDir,
    opened: u32,
}

impl Sqlite {
    pub(crate) fn new(clock: Arc<ManualClock>, mut options: Options) -> Self {
        // Of the disk's time there is little, and no case depends on it.
        options.log_bytes_min = 0;
        Self { clock, options, folder: tempfile::tempdir().unwrap(), opened: 0 }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join(format!("{}.db", self.opened))
    }
}

#[async_trait]
impl Factory for Sqlite {
    fn clock(&self) -> Arc<ManualClock> {
        self.clock.clone()
    }

    async fn open(&mut self, setup: Setup) -> Arc<dyn Backend> {
        self.opened += 1;
        self.options.backlog_messages_max =
            setup.backlog_messages_max.unwrap_or(Options::default().backlog_messages_max);
        Arc::new(SqliteBackend::open(self.path(), self.options.clone(), self.clock.clone()).unwrap())
    }

    async fn reopen(&mut self, backend: Arc<dyn Backend>) -> Arc<dyn Backend> {
        drop(backend);
        Arc::new(SqliteBackend::open(self.path(), self.options.clone(), self.clock.clone()).unwrap())
    }
}
