//! `rondo components`.

use anyhow::Result;

use super::Session;
use crate::client::Call;
use crate::exit::Exit;
use crate::view;

/// List the deployed components, newest first
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(_: &Args, session: &Session) -> Result<Exit> {
    let answer = session.client.send(&Call::own("GET", "/components"))?;
    session.output.answer(&answer.text(), || Ok(view::components(&answer.json::<Vec<_>>()?)))?;
    Ok(Exit::Done)
}
