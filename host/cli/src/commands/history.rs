//! `rondo history`.

use anyhow::Result;
use api::dto::{SeenEvent, SeenHistoryPage, segment};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::Session;
use crate::args::Form;
use crate::client::{Answer, Call};
use crate::exit::Exit;
use crate::{output, timeline};

/// Show what has happened in an instance, event by event
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The instance
    id: String,
}

/// Pages put together, the events as the server wrote them.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawHistory {
    instance_id: String,
    execution_id: String,
    events: Vec<Box<RawValue>>,
    #[serde(skip_serializing)]
    next: Option<u64>,
}

pub(crate) fn run(args: &Args, session: &Session) -> Result<Exit> {
    let text = match session.output.form {
        Form::Table => {
            let mut page: SeenHistoryPage = page(args, session, None)?.json()?;
            let mut events: Vec<SeenEvent> = std::mem::take(&mut page.events);
            while let Some(next) = page.next {
                page = self::page(args, session, Some(next))?.json()?;
                events.append(&mut page.events);
            }
            timeline::render(&events)
        }
        Form::Json => {
            let mut whole: RawHistory = page(args, session, None)?.json()?;
            while let Some(next) = whole.next {
                let mut page: RawHistory = page(args, session, Some(next))?.json()?;
                whole.events.append(&mut page.events);
                whole.next = page.next;
            }
            serde_json::to_string(&whole)?
        }
    };
    output::print(&text)?;
    Ok(Exit::Done)
}

/// Ends: a page names a next one only if it is full, and histories are bounded.
fn page(args: &Args, session: &Session, from: Option<u64>) -> Result<Answer> {
    let path = format!("/instances/{}/history", segment(&args.id));
    let call = Call::own("GET", &path).query_if("from", from.map(|from| from.to_string()));
    Ok(session.client.send(&call)?)
}
