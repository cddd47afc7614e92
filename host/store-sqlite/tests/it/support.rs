//! A file in a folder of its own.

use std::path::PathBuf;
use std::sync::Arc;

use conformance::{Turn, execution, id, start, timestamp};
use engine::RuntimeStatus;
use store::{Client as _, Clock as _, CreateInstance, ExistingInstance, ManualClock, Token, WorkSource as _};
use store_sqlite::{OpenError, Options, SqliteBackend};
use tempfile::TempDir;

pub(crate) struct Folder {
    folder: TempDir,
    pub(crate) clock: Arc<ManualClock>,
}

impl Folder {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), clock: Arc::new(ManualClock::new(timestamp(1_700_000_000_000))) }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("hub.db")
    }

    pub(crate) fn open(&self) -> SqliteBackend {
        // Of the disk's time there is little, and nothing here depends on it.
        self.open_with(Options { log_bytes_min: 0, ..Options::default() }).unwrap()
    }

    pub(crate) fn open_with(&self, options: Options) -> Result<SqliteBackend, OpenError> {
        SqliteBackend::open(self.path(), options, self.clock.clone())
    }

    /// Looks at the file with nothing of ours in between. Nobody may have it open.
    pub(crate) fn raw(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.path()).unwrap()
    }

    /// A turn on top of what is stored.
    pub(crate) async fn turn(&self, backend: &SqliteBackend, instance: &str) -> Turn {
        Turn::on(&backend.load(&id(instance)).await.unwrap().unwrap(), self.clock.now())
    }

    /// An instance that has had a turn of three events, which consumed its start.
    pub(crate) async fn create_running(&self, backend: &SqliteBackend, instance: &str) -> Token {
        self.create(backend, instance).await;
        let work = backend.fetch(1).await.unwrap().remove(0);
        assert_eq!(work.instance_id, id(instance));
        let turn = self.turn(backend, instance).await.append(1, 3).status(RuntimeStatus::Running);
        backend.commit(turn.consume(&work.messages).0).await.unwrap()
    }

    pub(crate) async fn create(&self, backend: &SqliteBackend, instance: &str) {
        let start = start(execution(1), self.clock.now());
        let new = CreateInstance { instance_id: id(instance), start, existing: ExistingInstance::Refuse };
        backend.create(new).await.unwrap();
    }
}
