//! What a server has left on the disk.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use engine::{Digest, Execution, Guest, GuestError, GuestSource, HistoryEvent, InstanceId, Orchestration};
use store::{Client as _, InstanceFilter, Snapshot, SystemClock, WorkSource as _};
use store_sqlite::{Options, SqliteBackend};
use wasm::LoadedComponent;

/// Every instance, by id. Nobody else may have the file open.
pub(crate) fn snapshots(data: &Path) -> BTreeMap<String, Snapshot> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let backend = SqliteBackend::open(data.join("rondo.db"), Options::default(), Arc::new(SystemClock)).unwrap();
        let mut found = BTreeMap::new();
        let mut filter = InstanceFilter::default();
        loop {
            let page = backend.list(&filter).await.unwrap();
            for row in page.rows {
                let id = row.state.instance_id;
                let snapshot = backend.load(&id).await.unwrap().unwrap();
                found.insert(id.to_string(), snapshot);
            }
            filter.continuation = page.continuation;
            if filter.continuation.is_none() {
                break;
            }
        }
        backend.shutdown().await.unwrap();
        found
    })
}

/// Asserts that `later` is what `earlier` may have become: nothing lost, nothing changed.
pub(crate) fn assert_grown(earlier: &BTreeMap<String, Snapshot>, later: &BTreeMap<String, Snapshot>) {
    for (id, before) in earlier {
        let after = later.get(id).unwrap_or_else(|| panic!("{id} is gone"));
        if before.row.state.execution_id == after.row.state.execution_id {
            let kept = after.history.get(..before.history.len());
            assert_eq!(kept, Some(&before.history[..]), "the history of {id} has changed");
        } else {
            assert!(after.row.state.generation > before.row.state.generation, "{id} went back to an old execution");
        }
        if before.row.state.status.is_terminal() {
            assert_eq!(before.row.state, after.row.state, "{id} had ended");
        }
    }
}

/// Asserts that the history is one that the engine wrote, and that the component decides again what it says.
pub(crate) fn assert_replays(id: &InstanceId, history: &[HistoryEvent], component: &LoadedComponent) {
    if history.is_empty() {
        return; // Created, but its first turn has not been.
    }
    let mut orchestration =
        Orchestration::load(id.clone(), history.to_vec(), None, None).unwrap_or_else(|error| panic!("{id}: {error}"));
    orchestration.replay(&mut Only(component)).unwrap_or_else(|error| panic!("{id}: {error}"));
}

/// A source of guests that knows one component.
struct Only<'a>(&'a LoadedComponent);

impl GuestSource for Only<'_> {
    fn start(&mut self, execution: &Execution, _: Option<Digest>) -> Result<(Box<dyn Guest>, Digest), GuestError> {
        Ok((self.0.start(execution)?, self.0.digest()))
    }
}
