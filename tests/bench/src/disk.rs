//! What the disk does by itself, as the measure for everything that waits for it.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

/// How long it is measured.
const PERIOD: Duration = Duration::from_secs(1);

/// How long the file is that is written again and again, as the log of a database is.
const LENGTH: u64 = 16 * 1024 * 1024;

/// Writes of 4 KiB, one behind the other, each made durable before the next. The file does not grow: that would have each
/// of them wait for the file system's journal as well.
pub(crate) fn syncs_per_second(folder: &Path) -> Result<f64> {
    let place = tempfile::tempdir_in(folder).context("making a folder for the disk's own measure")?;
    let file = File::create(place.path().join("log")).context("creating a file")?;
    let block = [0_u8; 4_096];
    let places = || (0..LENGTH).step_by(block.len());
    for place in places() {
        file.write_all_at(&block, place).context("writing")?;
    }
    file.sync_all().context("syncing")?;
    let begun = Instant::now();
    let mut syncs = 0_u32;
    for place in places().cycle() {
        file.write_all_at(&block, place).context("writing")?;
        file.sync_data().context("syncing")?;
        syncs += 1;
        if begun.elapsed() >= PERIOD {
            break;
        }
    }
    Ok(f64::from(syncs) / begun.elapsed().as_secs_f64())
}
