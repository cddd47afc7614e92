//! `cargo xtask`: all automation of this repository.

mod bench;
mod demo;
mod emulator;
mod fuzzer;
mod guests;
mod peers;
mod process;
mod test;
mod tidy;

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};

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
    /// Build the guests of `examples` and `tests` to WebAssembly.
    Guests,
    /// Check the tree's layout, file lengths and dependency arrows.
    Tidy,
}

fn main() -> Result<()> {
    let root = root()?;
    match Arguments::parse().task {
        Task::Demo => demo::run(&root),
        Task::Test => test::everything(&root),
        Task::Bench { arguments } => bench::run_program(&root, &arguments),
        Task::Guests => guests::build(&root),
        Task::Tidy => tidy::check(&root),
    }
}

/// The repository's top level, wherever the command was typed.
fn root() -> Result<PathBuf> {
    let manifest = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    manifest.ancestors().nth(2).map(PathBuf::from).context("finding the repository's top level")
}
