//! W4: an event for an instance whose guest is not in memory, by how much has happened to it.
//!
//! The histories are made by a real host that runs the real workload: so many activities one after another, then a wait
//! for an event. Another host takes over, one that keeps no guest, so that each event finds its instance cold.

mod kept;
mod made;
mod parts;
mod table;

use std::path::Path;

use anyhow::{Result, ensure};
use serde::Serialize;
use worker::Options;

use self::made::Made;
use self::parts::Parts;
use crate::client;
use crate::host::{self, Storage};
use crate::progress;

pub(crate) use self::table::print;

/// Events of the histories, but for a few.
const SIZES: [u64; 4] = [10, 1_000, 10_000, 100_000];

/// Wake-ups of each instance: odd, so that there is a median.
const SAMPLES: usize = 9;

/// Medians for one size of history.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Resume {
    pub(crate) storage: Storage,
    pub(crate) events: u64,
    /// From raising the event until its turn is durable and the row has changed.
    pub(crate) total_ms: f64,
    #[serde(flatten)]
    pub(crate) parts: Parts,
}

/// Measures all sizes on one storage.
pub(crate) async fn measure(storage: Storage, folder: &Path) -> Result<Vec<Resume>> {
    progress::now(format_args!("cold resume on {storage:?}"));
    let component = host::workload().await?;
    let made = Made::new(storage, folder, &component, &SIZES).await?;
    let host = made.host(component.clone(), Options { warm_guest_bytes_max: 0, ..Options::default() })?;
    let mut rows = Vec::new();
    for instance_id in &made.instances {
        let events = client::last_event(&client::row(&*host.backend, instance_id).await?);
        // Once before anything is counted, so that what is done only once is done.
        client::wake(&*host.backend, instance_id, 0).await?;
        let mut totals = Vec::with_capacity(SAMPLES);
        let mut all = Vec::with_capacity(SAMPLES);
        for sample in 0..SAMPLES {
            totals.push(client::wake(&*host.backend, instance_id, 1 + sample as u64).await?);
            all.push(parts::measure(&host.backend, instance_id, &component).await?);
        }
        totals.sort_unstable();
        let total_ms = totals[SAMPLES / 2].as_secs_f64() * 1_000.0;
        rows.push(Resume { storage, events, total_ms, parts: Parts::median(&all) });
    }
    let (wakes, stats) = (SIZES.len() * (SAMPLES + 1), host.worker.stats());
    ensure!(stats.cold_loads >= wakes as u64, "{} of {wakes} wake-ups found a warm guest", stats.warm_hits);
    host.stop().await?;
    Ok(rows)
}
