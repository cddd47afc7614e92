//! `rondo terminate`.

use anyhow::Result;

use super::Session;
use crate::client::Call;
use crate::exit::Exit;

/// End an instance at once
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The instance
    id: String,
    /// Why; shown as its output
    #[arg(long)]
    reason: Option<String>,
    /// End its children and theirs, too, even if it has ended itself; but for detached ones
    #[arg(long)]
    recurse: bool,
}

pub(crate) fn run(args: &Args, session: &Session) -> Result<Exit> {
    let call = Call::on("POST", &args.id, "/terminate")
        .query_if("reason", args.reason.as_deref())
        .query_if("recurse", args.recurse.then_some("true"));
    session.request(&args.id, "terminate", "will be terminated", &call)
}
