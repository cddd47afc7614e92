//! What deployments may grant at most, as an operator says it.

use std::path::Path;

use anyhow::{Context as _, Result};
use wasm::{Ceiling, DirCeiling, HostCeiling};

const HEADING: &str = "What deployments may grant to activities";

/// The flags.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct CeilingArgs {
    /// Let deployments grant this host: NAME, NAME:PORT or *.NAME, * for all, none for none; may be repeated; without it
    /// any. Private addresses are reached only where grant and flag, if given, name the host in full
    #[arg(long = "grant-http", value_name = "HOST", help_heading = HEADING)]
    hosts: Vec<HostCeiling>,
    /// Let deployments grant folders in this one for reading, with :rw also for writing; may be repeated; without it no
    /// folder, and never DIR of --data
    #[arg(long = "grant-dirs", value_name = "FOLDER[:rw]", help_heading = HEADING)]
    dirs: Vec<DirCeiling>,
}

impl CeilingArgs {
    /// `data` is the server's own and must be there.
    pub(crate) fn ceiling(&self, data: &Path) -> Result<Ceiling> {
        let hosts = (!self.hosts.is_empty()).then(|| self.hosts.clone());
        Ceiling::new(hosts, &self.dirs, &[data.to_owned()]).context("using --grant-dirs")
    }
}
