//! `rondo migrate`.

use anyhow::Result;
use api::dto::{InstanceStatus, segment};

use super::Session;
use crate::client::Call;
use crate::exit::Exit;
use crate::view;

/// Move an instance to another component and let it go on if it was held
///
/// The component's code must match the instance's history. A failed instance goes on with it after `rondo rewind`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The instance
    id: String,
    /// The component's digest or the beginning of it; without it the newest one
    #[arg(long, value_name = "DIGEST")]
    to: Option<String>,
}

pub(crate) fn run(args: &Args, session: &Session) -> Result<Exit> {
    let path = format!("/instances/{}/migrate", segment(&args.id));
    let answer = session.client.send(&Call::own("POST", &path).query_if("component", args.to.as_deref()))?;
    session.output.answer(&answer.text(), || {
        let status: InstanceStatus = answer.json()?;
        let is_ended = status.is_ended();
        let component = status.component.unwrap_or_default();
        let verb = if is_ended { "would go on after a rewind" } else { "goes on" };
        Ok(format!("{}: {verb} with component {}", args.id, view::short_digest(&component)))
    })?;
    Ok(Exit::Done)
}
