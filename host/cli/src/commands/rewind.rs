//! `rondo rewind`.

use anyhow::Result;

use super::Session;
use crate::client::Call;
use crate::exit::Exit;

/// Reopen a failed instance: what it failed of is tried again
///
/// The orchestration goes on as it was before it was told of the newest failed activity or child whose failure it ended
/// with, or, if it failed by itself, before the turn in which it did. What it decided after that counts as never having
/// happened: cleanup that had been completed may run again. Activities and children that failed since then run again.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The instance
    id: String,
    /// Why; shown in its history
    #[arg(long)]
    reason: Option<String>,
    /// Go back to before the turn of this event instead: its number, as `rondo history` shows it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    to_event: Option<u64>,
}

pub(crate) fn run(args: &Args, session: &Session) -> Result<Exit> {
    let call = Call::on("POST", &args.id, "/rewind")
        .query_if("reason", args.reason.as_deref())
        .query_if("toEvent", args.to_event.map(|event| event.to_string()));
    session.request(&args.id, "rewind", "will try again what failed", &call)
}
