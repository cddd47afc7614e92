//! What a cold resume is made of, each step by itself.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use engine::{Digest, EngineRevision, Execution, Guest, GuestError, GuestSource, InstanceId, Orchestration};
use serde::Serialize;
use store::{Backend, Clock as _, Snapshot, SystemClock};
use wasm::LoadedComponent;

use crate::client;

/// The steps, in their order. What they lack of the whole is two commits and the ways between threads.
#[derive(Debug, Clone, Copy, Serialize)]
#[expect(clippy::struct_field_names, reason = "the unit is part of the names in JSON")]
pub(crate) struct Parts {
    /// Reading the history and decoding it.
    pub(crate) read_ms: f64,
    /// Checking its structure and folding it.
    pub(crate) fold_ms: f64,
    /// A fresh guest, all its turns again, its answers compared with the history, and the new turn.
    pub(crate) replay_ms: f64,
}

/// Does what a host does with a cold instance, but commits nothing.
pub(super) async fn measure(
    backend: &Arc<dyn Backend>,
    instance_id: &InstanceId,
    component: &LoadedComponent,
) -> Result<Parts> {
    let begun = Instant::now();
    let snapshot = backend.load(instance_id).await?.context("an instance is gone")?;
    let read = begun.elapsed();
    let (instance_id, component) = (instance_id.clone(), component.clone());
    // Guests may not run on threads of async tasks.
    let rest = tokio::task::spawn_blocking(move || replay(instance_id, snapshot, &component));
    let (fold, replay) = rest.await.context("replaying a history")??;
    Ok(Parts { read_ms: ms(read), fold_ms: ms(fold), replay_ms: ms(replay) })
}

/// How long folding takes, and repeating all turns and one more.
fn replay(instance_id: InstanceId, snapshot: Snapshot, component: &LoadedComponent) -> Result<(Duration, Duration)> {
    ensure!(snapshot.damage.is_none(), "a history is damaged: {:?}", snapshot.damage);
    let state = snapshot.row.state;
    let begun = Instant::now();
    let mut cold = Orchestration::load(instance_id, snapshot.history, state.component, state.custom_status)?;
    let fold = begun.elapsed();
    let begun = Instant::now();
    let outcome =
        cold.run(SystemClock.now(), EngineRevision::NEWEST, vec![client::event(u64::MAX)], &mut Source(component))?;
    let replay = begun.elapsed();
    ensure!(!outcome.history.events().is_empty(), "the event led to nothing");
    Ok((fold, replay))
}

/// Guests of one component.
struct Source<'a>(&'a LoadedComponent);

impl GuestSource for Source<'_> {
    fn start(&mut self, execution: &Execution, _: Option<Digest>) -> Result<(Box<dyn Guest>, Digest), GuestError> {
        Ok((self.0.start(execution)?, self.0.digest()))
    }
}

impl Parts {
    /// The median of each step.
    pub(super) fn median(all: &[Self]) -> Self {
        let of = |part: fn(&Self) -> f64| {
            let mut values: Vec<_> = all.iter().map(part).collect();
            values.sort_by(f64::total_cmp);
            values.get(values.len() / 2).copied().unwrap_or_default()
        };
        Self {
            read_ms: of(|parts| parts.read_ms),
            fold_ms: of(|parts| parts.fold_ms),
            replay_ms: of(|parts| parts.replay_ms),
        }
    }
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}
