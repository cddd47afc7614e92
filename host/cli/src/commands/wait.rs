//! `rondo wait`.

use std::time::Duration;

use anyhow::Result;

use super::Session;
use crate::exit::Exit;
use crate::patience::{Patience, ReconnectArgs};
use crate::{flow, units};

/// Wait until an instance has ended, and show how
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The instance
    id: String,
    /// Wait no longer than this, for example 30s or 5m
    #[arg(long, value_parser = units::duration, value_name = "DURATION")]
    timeout: Option<Duration>,
    #[command(flatten)]
    reconnect: ReconnectArgs,
}

pub(crate) fn run(args: &Args, session: &Session) -> Result<Exit> {
    flow::wait(session, &args.id, args.timeout, Patience::new(args.reconnect))
}
