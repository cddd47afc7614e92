//! How many orchestrations one machine runs, and what each costs.
//!
//! `cargo xtask bench`. Orchestrator and activities are real `.wasm`; the API is left out, everything else is the host.
//! Timings on a shared machine mean little by themselves: each table ends with what the same disk did in the same
//! minute, alone.
#![allow(clippy::print_stdout, reason = "this is a program that prints a table")]
#![allow(clippy::cast_precision_loss, reason = "figures of a table need no more than 52 bits")]

mod client;
mod disk;
mod host;
mod hub;
mod process;
mod report;
mod requests;
mod workload;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::{Parser, ValueEnum};
use tokio::runtime::Runtime;

use crate::host::{Host, Storage};
use crate::workload::{Row, Workload};

/// How many orchestrations one machine runs, and what each costs.
#[derive(Debug, Parser)]
struct Arguments {
    /// What is measured
    #[arg(value_enum, default_value_t = Measure::Disk)]
    measure: Measure,
    /// Orchestrations that run at the same time, in the workloads that have many
    #[arg(long)]
    instances: Option<usize>,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
    /// Where the database goes, which decides which disk is measured; a temporary folder if not given
    #[arg(long)]
    folder: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Measure {
    /// Speed in memory and on the disk, 1000 orchestrations at the same time unless told otherwise
    Disk,
    /// Speed on Azure Storage, 200 at the same time: in this process, where it takes no time, and on the emulator
    Azure,
    /// Requests to Azure Storage by kind, beside those of the reference provider; counted on the emulator, not timed
    Requests,
}

fn main() -> Result<()> {
    let Arguments { measure, instances, json, folder } = Arguments::parse();
    let folder = folder.unwrap_or_else(std::env::temp_dir);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("starting threads")?;
    match measure {
        Measure::Disk => {
            let rows = speed(&runtime, &[Storage::Memory, Storage::Sqlite], instances.unwrap_or(1_000), &folder)?;
            let syncs_per_second = disk::syncs_per_second(&folder)?;
            if json {
                println!("{}", serde_json::json!({ "rows": rows, "disk": { "syncs_per_second": syncs_per_second } }));
            } else {
                report::print(&rows);
                println!("\nthe disk alone: {syncs_per_second:.0} appends of 4 KiB a second, each synced");
            }
        }
        Measure::Azure => {
            let rows = speed(&runtime, &[Storage::Fake, Storage::Azurite], instances.unwrap_or(200), &folder)?;
            if json {
                println!("{}", serde_json::json!({ "rows": rows }));
            } else {
                report::print(&rows);
                println!("\nthe emulator is one thread in another process, and slow: what it says is about itself");
            }
        }
        Measure::Requests => {
            let costs = runtime.block_on(requests::measure())?;
            if json {
                println!("{}", serde_json::json!({ "shapes": costs }));
            } else {
                requests::print(&costs);
            }
        }
    }
    Ok(())
}

/// Runs every workload on every storage, each on an empty one.
fn speed(runtime: &Runtime, storages: &[Storage], instances: usize, folder: &Path) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for storage in storages {
        for workload in Workload::all(instances) {
            let place = tempfile::tempdir_in(folder).context("making a folder for the database")?;
            rows.push(runtime.block_on(async {
                let host = Host::start(*storage, place.path()).await?;
                let row = workload.run(&host).await?;
                host.stop().await?;
                anyhow::Ok(row)
            })?);
        }
    }
    Ok(rows)
}
