//! `rondo status`.

use anyhow::Result;

use super::Session;
use crate::client::Call;
use crate::exit::Exit;
use crate::view;

/// Show where an instance stands
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The instance
    id: String,
}

pub(crate) fn run(args: &Args, session: &Session) -> Result<Exit> {
    let answer = session.client.send(&Call::on("GET", &args.id, ""))?;
    session.output.answer(&answer.text(), || Ok(view::status(&answer.json()?)))?;
    Ok(Exit::Done)
}
