//! What the disk does by itself, as the measure for everything that waits for it.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

/// How long it is measured.
const PERIOD: Duration = Duration::from_secs(1);

/// Appends of 4 KiB, each made durable before the next.
pub(crate) fn syncs_per_second(folder: &Path) -> Result<f64> {
    let place = tempfile::tempdir_in(folder).context("making a folder for the disk's own measure")?;
    let mut file = File::create(place.path().join("log")).context("creating a file")?;
    let block = [0_u8; 4_096];
    let begun = Instant::now();
    let mut syncs = 0_u32;
    while begun.elapsed() < PERIOD {
        file.write_all(&block).context("appending")?;
        file.sync_data().context("syncing")?;
        syncs += 1;
    }
    Ok(f64::from(syncs) / begun.elapsed().as_secs_f64())
}
