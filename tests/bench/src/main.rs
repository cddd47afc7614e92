//! How many orchestrations one machine runs, and what each costs.
//!
//! `cargo xtask bench`. Orchestrator and activities are real `.wasm`; the API is left out, everything else is the host.
//! Timings on a shared machine mean little by themselves: beside them is what the same disk and the same processor did
//! in the same minutes, alone. `README.md` says how to read the tables.
#![allow(clippy::print_stdout, reason = "this is a program that prints a table")]
#![allow(clippy::cast_precision_loss, reason = "figures of a table need no more than 52 bits")]

mod client;
mod disk;
mod guard;
mod guests;
mod host;
mod hub;
mod idle;
mod limits;
mod peers;
mod process;
mod progress;
mod report;
mod requests;
mod resume;
mod usage;
mod workload;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::{Parser, ValueEnum};
use guest_scenarios::Language;
use serde_json::json;
use tokio::runtime::Runtime;

use crate::host::{Host, Storage};
use crate::limits::{Disk, Limits, Shares};
use crate::resume::Resume;
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
    /// How often the engines take turns, in the measure that compares them
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
    /// Where the database goes, which decides which disk is measured; a temporary folder if not given
    #[arg(long)]
    folder: Option<PathBuf>,
    /// Which one is measured by a process that `guests` starts
    #[arg(long, hide = true)]
    language: Option<Language>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Measure {
    /// Speed in memory and on the disk, 1000 orchestrations at the same time unless told otherwise, what the machine can
    /// do at most, and cold resumes
    Disk,
    /// Speed on Azure Storage, 200 at the same time: in this process, where it takes no time, and on the emulator
    Azure,
    /// Requests to Azure Storage by kind, beside those of the reference provider; counted on the emulator, not timed
    Requests,
    /// W4: an event for an instance that is not in memory, by the length of its history
    Resume,
    /// W5: instances on the disk that wait, 200000 unless told otherwise; takes minutes
    Idle,
    /// What the conditions on etags cost the host: pairs of runs, 1000 orchestrations at the same time
    Guard,
    /// Other engines on the same workloads, in turn with this one, all of them on the disk; takes minutes
    Peers,
    /// What a component costs by the language it is written in: size, compiling, starting, waiting, replaying
    Guests,
    /// A host of the measure `idle`, which starts it
    #[value(hide = true)]
    FreshHost,
    /// One language of the measure `guests`, which starts it
    #[value(hide = true)]
    OneLanguage,
}

/// As in the host.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<()> {
    let Arguments { measure, instances, rounds, json, folder, language } = Arguments::parse();
    let folder = folder.unwrap_or_else(std::env::temp_dir);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("starting threads")?;
    match measure {
        Measure::Disk => {
            let instances = instances.unwrap_or(1_000);
            let mut rows = speed(&runtime, &[Storage::Memory], instances, &folder)?;
            let mut disk = vec![Disk::measure(&folder)?];
            for workload in Workload::all(instances) {
                rows.push(run(&runtime, Storage::Sqlite, workload, &folder)?);
                disk.push(Disk::measure(&folder)?);
            }
            let limits = runtime.block_on(Limits::measure(disk))?;
            let shares = limits.shares(&rows);
            let resumes = runtime.block_on(resumes(&folder))?;
            let all = json!({ "rows": rows, "limits": limits, "shares": shares, "resumes": resumes });
            show(json, &all, || {
                report::print(&rows);
                limits.print();
                Shares::print_all(&shares);
                println!();
                resume::print(&resumes);
            });
        }
        Measure::Azure => {
            let rows = speed(&runtime, &[Storage::Fake, Storage::Azurite], instances.unwrap_or(200), &folder)?;
            show(json, &json!({ "rows": rows }), || {
                report::print(&rows);
                report::print_service(&rows);
            });
        }
        Measure::Requests => {
            let costs = runtime.block_on(requests::measure())?;
            show(json, &json!({ "shapes": costs }), || requests::print(&costs));
        }
        Measure::Resume => {
            let resumes = runtime.block_on(resumes(&folder))?;
            show(json, &json!({ "resumes": resumes }), || resume::print(&resumes));
        }
        Measure::Idle => {
            let idle = runtime.block_on(idle::measure(instances.unwrap_or(200_000), &folder))?;
            show(json, &json!(idle), || idle::print(&idle));
        }
        Measure::Guard => {
            let guard = runtime.block_on(guard::measure(instances.unwrap_or(1_000)))?;
            show(json, &json!(guard), || guard::print(&guard));
        }
        Measure::Peers => {
            let comparison = runtime.block_on(peers::measure(rounds, instances.unwrap_or(1_000), &folder))?;
            if json {
                println!("{}", json!(comparison));
            } else {
                peers::print(&comparison);
            }
        }
        Measure::Guests => {
            let rows = guests::measure()?;
            show(json, &json!({ "guests": rows }), || guests::print(&rows));
        }
        Measure::OneLanguage => {
            let language = language.context("which language?")?;
            println!("{}", json!(guests::measure_here(language)?));
        }
        Measure::FreshHost => {
            let fresh = runtime.block_on(idle::serve(&folder, instances.unwrap_or_default()))?;
            println!("{}", json!(fresh));
        }
    }
    Ok(())
}

/// Prints the one or the other.
fn show(json: bool, all: &serde_json::Value, print: impl FnOnce()) {
    if json {
        println!("{all}");
    } else {
        print();
    }
}

/// Runs every workload on every storage.
fn speed(runtime: &Runtime, storages: &[Storage], instances: usize, folder: &Path) -> Result<Vec<Row>> {
    let workloads = Workload::all(instances);
    let all = storages.iter().flat_map(|storage| workloads.map(|workload| (*storage, workload)));
    all.map(|(storage, workload)| run(runtime, storage, workload, folder)).collect()
}

/// Runs a workload on an empty storage.
fn run(runtime: &Runtime, storage: Storage, workload: Workload, folder: &Path) -> Result<Row> {
    progress::now(format_args!("{} on {storage:?}", workload.name));
    let place = tempfile::tempdir_in(folder).context("making a folder for the database")?;
    runtime.block_on(async {
        let host = Host::start(storage, place.path()).await?;
        let row = workload.run(&host).await?;
        host.stop().await?;
        Ok(row)
    })
}

/// Cold resumes in memory and on the disk.
async fn resumes(folder: &Path) -> Result<Vec<Resume>> {
    let mut rows = resume::measure(Storage::Memory, folder).await?;
    rows.extend(resume::measure(Storage::Sqlite, folder).await?);
    Ok(rows)
}
