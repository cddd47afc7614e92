//! `cargo xtask`: all automation of this repository.

mod bench;
mod clients;
mod demo;
mod emulator;
mod fuzz;
mod fuzzer;
mod guests;
mod peers;
mod process;
mod sdk_tests;
mod sim;
mod test;
mod tidy;
mod tools;
mod torture;

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};

use crate::guests::{Builder, Which};

/// All automation of this repository.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build everything, serve in a temporary folder, deploy the examples, run them, show results and histories.
    Demo,
    /// Everything the pipeline checks: format, tidiness, lints, docs, guests, all tests.
    Test,
    /// Measure how many orchestrations this machine runs, and what each costs. Takes what `bench --help` lists.
    Bench {
        /// Passed on to the program
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Break every promise of storage and machines, under virtual time and a seed. Takes what `sim --help` lists.
    Sim {
        /// Passed on to the program
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Hand random bytes to every reader of bytes from outside.
    Fuzz {
        /// Which; all if not said. The names are the folders in `tests/fuzz/corpus`
        targets: Vec<String>,
        /// How long each is tried
        #[arg(long, default_value_t = 60)]
        seconds: u32,
    },
    /// Build the guests of `examples` and `tests` to WebAssembly, in all languages, as far as they have changed.
    Guests,
    /// Check the tree's layout, file lengths and dependency arrows.
    Tidy,
    /// Run real hosts under load, and kill, stall, cut off and fill up. Takes what `torture --help` lists.
    Torture {
        /// Passed on to the program
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
}

fn main() -> Result<()> {
    fuzz::instrument()?;
    let root = root()?;
    match Arguments::parse().task {
        Task::Demo => demo::run(&root),
        Task::Test => test::everything(&root),
        Task::Bench { arguments } => bench::run_program(&root, &arguments),
        Task::Sim { arguments } => sim::run_program(&root, &arguments),
        Task::Fuzz { targets, seconds } => fuzz::everything(&root, seconds, &targets),
        Task::Guests => guests::build(&root, Which::All, Builder::Dev),
        Task::Tidy => tidy::check(&root),
        Task::Torture { arguments } => torture::run_program(&root, &arguments),
    }
}

/// The repository's top level, wherever the command was typed.
fn root() -> Result<PathBuf> {
    let manifest = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    manifest.ancestors().nth(2).map(PathBuf::from).context("finding the repository's top level")
}
