//! `rondo restart`.

use anyhow::Result;

use super::Session;
use super::start::{self, Waiting};
use crate::client::Call;
use crate::exit::Exit;

/// Start an orchestration once more, with the input that an instance had
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The instance
    id: String,
    /// Under the same id, once that instance has ended; without it under a random one
    #[arg(long)]
    same_id: bool,
    #[command(flatten)]
    waiting: Waiting,
}

pub(crate) fn run(args: &Args, session: &Session) -> Result<Exit> {
    let call = Call::on("POST", &args.id, "/restart").query("restartWithNewInstanceId", (!args.same_id).to_string());
    let answer = session.client.send(&call)?;
    start::started(session, &answer, args.waiting, !args.same_id)
}
