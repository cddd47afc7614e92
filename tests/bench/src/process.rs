//! What this process, or another, has used so far, as the kernel counts it.

use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result};

/// Clock ticks of a second in `/proc`; the same on every Linux of the last decades.
const TICKS_PER_SECOND: u64 = 100;

/// Processor time in user and kernel mode, over all threads.
pub(crate) fn cpu() -> Result<Duration> {
    cpu_of("self")
}

/// The same of another process, named by its number.
pub(crate) fn cpu_of(process: &str) -> Result<Duration> {
    let file = format!("/proc/{process}/stat");
    let text = fs::read_to_string(&file).with_context(|| format!("reading {file}"))?;
    // The second field is the program's name in parentheses and may hold anything; 14 and 15 are the times.
    let (_, fields) = text.rsplit_once(')').with_context(|| format!("reading {file}"))?;
    let ticks: u64 = fields.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Ok(Duration::from_millis(ticks * 1_000 / TICKS_PER_SECOND))
}

/// Bytes handed to the disk so far.
pub(crate) fn bytes_written() -> Result<u64> {
    bytes_written_of("self")
}

/// The same of another process, named by its number.
pub(crate) fn bytes_written_of(process: &str) -> Result<u64> {
    field(&format!("/proc/{process}/io"), "write_bytes:")
}

/// Bytes asked for by reads so far, from files and everything else, whether or not the kernel had them in memory.
pub(crate) fn bytes_read() -> Result<u64> {
    field("/proc/self/io", "rchar:")
}

/// Memory it has now.
pub(crate) fn memory_bytes() -> Result<u64> {
    Ok(field("/proc/self/status", "VmRSS:")? * 1024)
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
