//! Whether a component decides again what a history says.

use engine::{Digest, Execution, Guest, GuestError, GuestSource, HistoryEvent, InstanceId, Orchestration};
use wasm::LoadedComponent;

/// Whether the engine wrote the history, and the component decides again what it says; else what is wrong. An empty one
/// is of an instance whose first turn has not been.
///
/// # Errors
/// In words.
pub fn replays(id: &InstanceId, history: &[HistoryEvent], component: &LoadedComponent) -> Result<(), String> {
    if history.is_empty() {
        return Ok(());
    }
    let loaded = Orchestration::load(id.clone(), history.to_vec(), None, None);
    let mut orchestration = loaded.map_err(|error| format!("{id}: {error}"))?;
    orchestration.replay(&mut Only(component)).map_err(|error| format!("{id}: {error}"))
}

/// A source of guests that knows one component.
struct Only<'a>(&'a LoadedComponent);

impl GuestSource for Only<'_> {
    fn start(&mut self, execution: &Execution, _: Option<Digest>) -> Result<(Box<dyn Guest>, Digest), GuestError> {
        Ok((self.0.start(execution)?, self.0.digest()))
    }
}
