//! `rondo list`.

use anyhow::Result;
use api::dto::{InstanceStatus, status_from_name};
use engine::{RuntimeStatus, Timestamp};
use serde_json::value::RawValue;

use super::Session;
use crate::client::Call;
use crate::exit::Exit;
use crate::limits::LIST_DEFAULT;
use crate::{output, view};

/// List instances, newest first
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only with this status; may be repeated
    #[arg(long = "status", value_parser = status, value_name = "STATUS")]
    statuses: Vec<RuntimeStatus>,
    /// Only of this orchestration
    #[arg(long)]
    name: Option<String>,
    /// Only ids that begin so
    #[arg(long)]
    prefix: Option<String>,
    /// Only created at or after this time
    #[arg(long, value_parser = api::times::parse, value_name = "TIME")]
    since: Option<Timestamp>,
    /// Only created at or before this time
    #[arg(long, value_parser = api::times::parse, value_name = "TIME")]
    until: Option<Timestamp>,
    /// Only those that are held and need somebody
    #[arg(long)]
    held: bool,
    /// At most this many
    #[arg(long, default_value_t = LIST_DEFAULT, value_parser = at_least_one)]
    top: usize,
}

pub(crate) fn status(text: &str) -> Result<RuntimeStatus, String> {
    status_from_name(text)
        .ok_or_else(|| format!("\"{text}\" is not one of {}", RuntimeStatus::ALL.map(RuntimeStatus::name).join(", ")))
}

/// Statuses as the API takes them.
pub(crate) fn status_names(statuses: &[RuntimeStatus]) -> Option<String> {
    let names: Vec<_> = statuses.iter().map(|status| status.name()).collect();
    (!names.is_empty()).then(|| names.join(","))
}

pub(crate) fn run(args: &Args, session: &Session) -> Result<Exit> {
    let mut rows: Vec<Box<RawValue>> = Vec::new();
    let mut continuation = None;
    let has_more = loop {
        let mut call = Call::durable("GET", "/instances")
            .query("top", (args.top - rows.len()).to_string())
            .query_if("runtimeStatus", status_names(&args.statuses))
            .query_if("name", args.name.as_deref())
            .query_if("instanceIdPrefix", args.prefix.as_deref())
            .query_if("createdTimeFrom", args.since.map(api::times::millis))
            .query_if("createdTimeTo", args.until.map(api::times::millis))
            .query_if("held", args.held.then_some("true"));
        if let Some(token) = continuation {
            call = call.header("x-ms-continuation-token", token);
        }
        let answer = session.client.send(&call)?;
        rows.extend(answer.json::<Vec<Box<RawValue>>>()?);
        continuation = answer.continuation;
        if rows.len() >= args.top || continuation.is_none() {
            break continuation.is_some();
        }
    };
    rows.truncate(args.top);
    session.output.answer(&serde_json::to_string(&rows)?, || {
        let statuses: Result<Vec<InstanceStatus>, _> = rows.iter().map(|row| serde_json::from_str(row.get())).collect();
        Ok(view::list(&statuses?))
    })?;
    if has_more {
        output::say("there are more: narrow the search or raise --top");
    }
    Ok(Exit::Done)
}

fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|top| *top > 0).ok_or_else(|| format!("\"{text}\" is not a number above 0"))
}
