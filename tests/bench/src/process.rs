//! What this process has used so far, as the kernel counts it.

use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result};

/// Clock ticks of a second in `/proc`; the same on every Linux of the last decades.
const TICKS_PER_SECOND: u64 = 100;

/// Processor time in user and kernel mode, over all threads.
pub(crate) fn cpu() -> Result<Duration> {
    let text = fs::read_to_string("/proc/self/stat").context("reading /proc/self/stat")?;
    // The second field is the program's name in parentheses and may hold anything; 14 and 15 are the times.
    let (_, fields) = text.rsplit_once(')').context("reading /proc/self/stat")?;
    let ticks: u64 = fields.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Ok(Duration::from_millis(ticks * 1_000 / TICKS_PER_SECOND))
}

/// Bytes handed to the disk so far.
pub(crate) fn bytes_written() -> Result<u64> {
    field("/proc/self/io", "write_bytes:")
}

/// The most memory it has had at once.
pub(crate) fn peak_memory_bytes() -> Result<u64> {
    Ok(field("/proc/self/status", "VmHWM:")? * 1024)
}

fn field(file: &str, name: &str) -> Result<u64> {
    let text = fs::read_to_string(file).with_context(|| format!("reading {file}"))?;
    text.lines()
        .find_map(|line| line.strip_prefix(name)?.split_whitespace().next()?.parse().ok())
        .with_context(|| format!("finding {name} in {file}"))
}
