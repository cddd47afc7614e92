//! `rondo purge`.

use std::time::Duration;

use anyhow::Result;
use api::dto::Purged;
use api::times;
use clap::ArgGroup;
use engine::{RuntimeStatus, Timestamp};
use store::{Clock as _, SystemClock};

use super::Session;
use super::list::{status, status_names};
use crate::client::Call;
use crate::exit::Exit;
use crate::units;

/// Delete ended instances with their histories
#[derive(Debug, clap::Args)]
#[command(group = ArgGroup::new("which").args(["id", "before", "older_than"]).required(true))]
pub(crate) struct Args {
    /// One instance
    #[arg(conflicts_with = "statuses")]
    id: Option<String>,
    /// Its children and theirs, too; all of them must have ended
    #[arg(long, requires = "id")]
    recurse: bool,
    /// All that were created at or before this time
    #[arg(long, value_parser = times::parse, value_name = "TIME")]
    before: Option<Timestamp>,
    /// All that were created longer ago than this, for example 48h
    #[arg(long, value_parser = units::duration, value_name = "DURATION")]
    older_than: Option<Duration>,
    /// Only those that ended so; may be repeated
    #[arg(long = "status", value_parser = status, value_name = "STATUS")]
    statuses: Vec<RuntimeStatus>,
}

pub(crate) fn run(args: &Args, session: &Session) -> Result<Exit> {
    let call = match &args.id {
        Some(id) => Call::on("DELETE", id, "").query_if("recurse", args.recurse.then_some("true")),
        None => Call::durable("DELETE", "/instances")
            .query("createdTimeFrom", times::millis(Timestamp::default()))
            .query_if("createdTimeTo", until(args).map(times::millis))
            .query_if("runtimeStatus", status_names(&args.statuses)),
    };
    let (json, purged) = match session.client.send(&call) {
        Ok(answer) => (answer.text(), answer.json()?),
        // That many may well be none.
        Err(failure) if failure.code.as_deref() == Some("nothing-to-purge") => {
            let none = Purged { instances_deleted: 0 };
            (serde_json::to_string(&none)?, none)
        }
        Err(failure) => return Err(failure.into()),
    };
    session.output.answer(&json, || {
        Ok(match purged.instances_deleted {
            1 => "1 instance deleted".to_owned(),
            count => format!("{count} instances deleted"),
        })
    })?;
    Ok(Exit::Done)
}

fn until(args: &Args) -> Option<Timestamp> {
    let age = args.older_than.map(|age| u64::try_from(age.as_millis()).unwrap_or(u64::MAX));
    let by_age = age.map(|age| Timestamp::from_millis(SystemClock.now().as_millis().saturating_sub(age)));
    args.before.or(by_age)
}
