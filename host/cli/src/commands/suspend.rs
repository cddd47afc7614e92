//! `rondo suspend`.

use anyhow::Result;

use super::Session;
use crate::client::Call;
use crate::exit::Exit;

/// Hold an instance back: what is sent to it waits until it is resumed
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The instance
    id: String,
    /// Why; shown in its history
    #[arg(long)]
    reason: Option<String>,
}

pub(crate) fn run(args: &Args, session: &Session) -> Result<Exit> {
    let call = Call::on("POST", &args.id, "/suspend").query_if("reason", args.reason.as_deref());
    session.request(&args.id, "suspend", "will be suspended", &call)
}
