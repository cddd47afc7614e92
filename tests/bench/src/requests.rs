//! What an orchestration on Azure Storage costs, in requests: `cargo xtask bench requests`.
//!
//! A figure does not depend on the machine, but a little on what happens to arrive together: each is that of the median
//! of a few lives. A host that owns all partitions runs them over the emulator; the client's start is counted, what waits
//! for the end is not, and neither are renewals of partition leases, which are the same whatever runs.

mod shape;
mod table;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use azure::{Counted, Counts, Medium};
use azurite::{Azurite, Proxy};
use engine::RuntimeStatus;
use serde::Serialize;
use store_azure::{AzureBackend, Options};

use self::shape::Shape;
use crate::client;
use crate::host::{Host, Storage, emulator};
use crate::hub::{self, Hub};
use crate::progress;

/// Lives of each shape: odd, so that there is a median.
const LIVES: usize = 5;

/// After so long without a request, what a life has left to be cleared away is.
const QUIET: Duration = Duration::from_millis(300);

/// How often whoever waits for the end looks.
const WATCH_EVERY: Duration = Duration::from_millis(20);

/// What the lives of one shape came to.
#[derive(Debug, Serialize)]
pub(crate) struct Cost {
    shape: Shape,
    /// Requests of the median life by kind, but for those that are not made.
    requests: BTreeMap<&'static str, u64>,
    total: u64,
    /// Of any life, the fewest and the most.
    range: (u64, u64),
    /// The median without the condition on the instance row.
    total_unguarded: u64,
    /// Looks into empty queues meanwhile.
    idle_polls: u64,
}

/// Runs every shape with and without the guard.
pub(crate) async fn measure() -> Result<Vec<Cost>> {
    let azurite = emulator().await?;
    let guarded = lives(&azurite.connection_string()).await?;
    let unguarded = lives_unguarded(&azurite).await?;
    let costs = Shape::ALL.into_iter().zip(guarded).zip(unguarded);
    Ok(costs.map(|((shape, guarded), unguarded)| Cost::of(shape, &guarded, &unguarded)).collect())
}

pub(crate) use self::table::print;

impl Cost {
    fn of(shape: Shape, guarded: &Lives, unguarded: &Lives) -> Self {
        let median = guarded.median();
        // Of the rows, two are no requests, and one is apart.
        let is_request = |name: &str| !matches!(name, "transact_writes" | "queue_taken" | "queue_take_empty");
        Self {
            shape,
            requests: median.rows().filter(|(name, count)| is_request(name) && *count > 0).collect(),
            total: median.total(),
            range: (guarded.0[0].total(), guarded.0[LIVES - 1].total()),
            total_unguarded: unguarded.median().total(),
            idle_polls: median.queue_take_empty,
        }
    }

    fn requests_of(&self, kind: &str) -> u64 {
        self.requests.get(kind).copied().unwrap_or_default()
    }
}

/// What each life of a shape came to, the cheapest first.
struct Lives([Counts; LIVES]);

impl Lives {
    fn median(&self) -> Counts {
        self.0[LIVES / 2]
    }
}

/// The same with the condition of every write to an instance row taken out on the way.
async fn lives_unguarded(azurite: &Azurite) -> Result<Vec<Lives>> {
    let proxy = Proxy::start(azurite.endpoints()).await.context("starting the proxy")?;
    let _fault = proxy
        .without_if_match(|request| request.operations.iter().any(|operation| operation.table.ends_with("Instances")));
    lives(&proxy.connection_string()).await
}

/// The lives of each shape.
async fn lives(connection_string: &str) -> Result<Vec<Lives>> {
    let hub = Hub::in_account(connection_string).await?;
    let counted = Arc::new(Counted::new(hub::connected(connection_string, &hub.name)?));
    let backend = hub.backend(Some(counted.clone()), true, Options::default());
    let watcher = hub.backend(None, false, Options { watch_every: WATCH_EVERY, ..Options::default() });
    let host = Host::over(Storage::Azurite, Arc::new(backend)).await?;
    let mut costs = Vec::new();
    for (number, shape) in Shape::ALL.into_iter().enumerate() {
        progress::now(shape.name);
        // Once before anything is counted, so that what is done only once is done.
        live(shape, &host, &watcher, &format!("{number}-warm-up")).await?;
        until_quiet(&counted).await;
        let mut lives = [Counts::default(); LIVES];
        for (life, counts) in lives.iter_mut().enumerate() {
            let before = counted.counts();
            live(shape, &host, &watcher, &format!("{number}-{life}")).await?;
            until_quiet(&counted).await;
            *counts = counted.counts() - before;
        }
        lives.sort_by_key(Counts::total);
        costs.push(Lives(lives));
    }
    host.stop().await?;
    drop(watcher);
    hub.delete().await?;
    Ok(costs)
}

async fn live(shape: Shape, host: &Host, watcher: &AzureBackend, id: &str) -> Result<()> {
    let instance_id = client::start(&*host.backend, id, shape.orchestration, shape.input.to_owned()).await?;
    let state = client::end(watcher, &instance_id).await?;
    ensure!(state.status == RuntimeStatus::Completed, "{} failed: {:?}", shape.name, state.failure);
    Ok(())
}

/// Waits for what a life leaves to be done in the background.
async fn until_quiet<M: Medium>(counted: &Counted<M>) {
    let mut before = u64::MAX;
    while before != counted.counts().total() {
        before = counted.counts().total();
        tokio::time::sleep(QUIET).await;
    }
}
