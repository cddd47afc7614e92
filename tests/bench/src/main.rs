//! How many orchestrations one machine runs, and what each costs.
//!
//! `cargo xtask bench`. Orchestrator and activities are real `.wasm`; the API is left out, everything else is the host.
//! Timings on a shared machine mean little by themselves: each table ends with what the same disk did in the same
//! minute, alone.
#![allow(clippy::print_stdout, reason = "this is a program that prints a table")]
#![allow(clippy::cast_precision_loss, reason = "figures of a table need no more than 52 bits")]

mod disk;
mod host;
mod process;
mod report;
mod workload;

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Parser;

use crate::host::{Host, Storage};
use crate::workload::Workload;

/// How many orchestrations one machine runs, and what each costs.
#[derive(Debug, Parser)]
struct Arguments {
    /// Orchestrations that run at the same time, in the workloads that have many
    #[arg(long, default_value_t = 1_000)]
    instances: usize,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
    /// Where the database goes, which decides which disk is measured; a temporary folder if not given
    #[arg(long)]
    folder: Option<PathBuf>,
}

fn main() -> Result<()> {
    let Arguments { instances, json, folder } = Arguments::parse();
    let folder = folder.unwrap_or_else(std::env::temp_dir);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("starting threads")?;
    let mut rows = Vec::new();
    for storage in [Storage::Memory, Storage::Sqlite] {
        for workload in Workload::all(instances) {
            let place = tempfile::tempdir_in(&folder).context("making a folder for the database")?;
            rows.push(runtime.block_on(async {
                let host = Host::start(storage, place.path()).await?;
                let row = workload.run(&host).await?;
                host.stop().await?;
                anyhow::Ok(row)
            })?);
        }
    }
    let syncs_per_second = disk::syncs_per_second(&folder)?;
    if json {
        println!("{}", serde_json::json!({ "rows": rows, "disk": { "syncs_per_second": syncs_per_second } }));
    } else {
        report::print(&rows, syncs_per_second);
    }
    Ok(())
}
