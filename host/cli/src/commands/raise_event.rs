//! `rondo raise-event`.

use anyhow::Result;

use super::{Session, start};
use crate::client::Call;
use crate::exit::Exit;

/// Send an event to an instance; it is kept until the instance waits for it
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The instance
    id: String,
    /// The event's name; case does not matter
    name: String,
    /// Its data: JSON, @FILE, or - for standard input
    #[arg(long, value_name = "JSON")]
    data: Option<String>,
}

pub(crate) fn run(args: &Args, session: &Session) -> Result<Exit> {
    let data = args.data.as_deref().map(start::read_payload).transpose()?;
    let verb = format!("/raiseEvent/{}", api::dto::segment(&args.name));
    let mut call = Call::on("POST", &args.id, &verb);
    if let Some(data) = &data {
        call = call.body("application/json", data);
    }
    session.request(&args.id, "raiseEvent", &format!("event {} is on its way", args.name), &call)
}
