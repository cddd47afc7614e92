//! `rondo history`.

use std::collections::BTreeMap;

use anyhow::Result;
use api::dto::{SeenEvent, SeenHistoryPage, segment};
use api::times;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::Session;
use crate::args::Form;
use crate::client::{Answer, Call};
use crate::exit::{Exit, Failure};
use crate::follow::{self, News};
use crate::limits::{NESTED_MAX, NESTING_MAX};
use crate::patience::{Patience, ReconnectArgs};
use crate::timeline::{self, Story, Track};
use crate::{output, view};

/// Show what has happened in an instance, event by event
///
/// As a table with the histories of its children below the events that started them. With --output json the events of
/// the instance as the server has them.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The instance
    id: String,
    /// Go on with what happens, until the instance has ended; as JSON, one event a line
    #[arg(long)]
    follow: bool,
    /// Leave out the histories of children
    #[arg(long, conflicts_with = "follow")]
    flat: bool,
    /// Show where turns begin and end, too
    #[arg(long)]
    turns: bool,
    #[command(flatten)]
    reconnect: ReconnectArgs,
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
    if args.follow {
        return follow(args, session);
    }
    let text = match session.output.form {
        Form::Table => {
            let mut left = if args.flat { 0 } else { NESTED_MAX };
            timeline::render(&story(session, &args.id, 0, &mut left)?, args.turns)
        }
        Form::Json => raw(session, &args.id)?,
    };
    output::print(&text)?;
    Ok(Exit::Done)
}

/// An instance's events, and those of its children as far as `left` goes.
fn story(session: &Session, id: &str, depth: usize, left: &mut usize) -> Result<Story, Failure> {
    let events = events(session, id)?;
    let mut children = BTreeMap::new();
    if depth < NESTING_MAX {
        for event in events.iter().filter(|event| event.kind == "SubOrchestrationCreated") {
            let Some(child) = event.field::<String>("instanceId") else { continue };
            if *left == 0 || children.contains_key(&child) {
                continue;
            }
            *left -= 1;
            match story(session, &child, depth + 1, left) {
                Ok(story) => drop(children.insert(child, story)),
                // It was purged, or has not begun.
                Err(failure) if failure.exit == Exit::NotFound => {}
                Err(failure) => return Err(failure),
            }
        }
    }
    Ok(Story { events, children })
}

/// Ends: a page names a next one only if it is full, and histories are bounded.
fn events(session: &Session, id: &str) -> Result<Vec<SeenEvent>, Failure> {
    let mut page: SeenHistoryPage = page(session, id, None)?.json()?;
    let mut events = std::mem::take(&mut page.events);
    while let Some(next) = page.next {
        page = self::page(session, id, Some(next))?.json()?;
        events.append(&mut page.events);
    }
    Ok(events)
}

fn raw(session: &Session, id: &str) -> Result<String> {
    let mut whole: RawHistory = page(session, id, None)?.json()?;
    while let Some(next) = whole.next {
        let mut page: RawHistory = page(session, id, Some(next))?.json()?;
        whole.events.append(&mut page.events);
        whole.next = page.next;
    }
    Ok(serde_json::to_string(&whole)?)
}

fn page(session: &Session, id: &str, from: Option<u64>) -> Result<Answer, Failure> {
    let path = format!("/instances/{}/history", segment(id));
    session.client.send(&Call::own("GET", &path).query_if("from", from.map(|from| from.to_string())))
}

fn follow(args: &Args, session: &Session) -> Result<Exit> {
    let is_table = session.output.form == Form::Table;
    let print = |text: &str| output::print(text).map_err(|error| Failure::new(Exit::Failed, format!("{error:#}")));
    if is_table {
        print(&timeline::head_line())?;
    }
    let mut begin = None;
    let mut track = None;
    let ended = follow::follow(&session.client, &args.id, Patience::new(args.reconnect), |news| match news {
        News::Execution => {
            track = None;
            Ok(())
        }
        News::Event(json) if !is_table => print(json),
        News::Event(json) => {
            let event: SeenEvent = serde_json::from_str(json).map_err(|error| {
                Failure::new(Exit::Failed, format!("the server's message is not understood: {error}"))
            })?;
            let begin = *begin.get_or_insert_with(|| times::parse(&event.at).unwrap_or_default());
            let row = track.get_or_insert_with(|| Track::new(begin)).row(&event);
            if timeline::is_frame(&event) && !args.turns { Ok(()) } else { print(&timeline::line(&row)) }
        }
    })?;
    if let Some(status) = ended {
        output::say(&format!("{} has ended: {}", args.id, view::standing(&status)));
    }
    Ok(Exit::Done)
}
