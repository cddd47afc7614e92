//! `rondo start`.

use std::io::Read as _;
use std::time::Duration;

use anyhow::{Context as _, Result};
use api::dto::{Started, segment};
use api::times;
use engine::Timestamp;
use store::{Clock as _, SystemClock};

use super::Session;
use crate::client::{Answer, Call};
use crate::exit::Exit;
use crate::patience::{Patience, ReconnectArgs};
use crate::{flow, output, units};

/// Start an orchestration
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The orchestration's name
    name: String,
    /// The new instance's id; without it a random one
    #[arg(long)]
    id: Option<String>,
    /// Its input: JSON, @FILE, or - for standard input
    #[arg(long, value_name = "JSON")]
    input: Option<String>,
    /// A version text that the orchestration can read
    #[arg(long)]
    version: Option<String>,
    /// A tag; may be repeated
    #[arg(long = "tag", value_parser = tag, value_name = "KEY=VALUE")]
    tags: Vec<(String, String)>,
    /// Begin at this time, for example 2030-01-31T12:00:00Z
    #[arg(long, value_parser = times::parse, value_name = "TIME", conflicts_with = "after")]
    at: Option<Timestamp>,
    /// Begin after this long, for example 30s or 5m
    #[arg(long, value_parser = units::duration, value_name = "DURATION")]
    after: Option<Duration>,
    /// Run on this component instead of the newest: its digest or the beginning of it
    #[arg(long, value_name = "DIGEST")]
    component: Option<String>,
    /// Refuse an id that was used before, even if that instance has ended
    #[arg(long, requires = "id")]
    new: bool,
    #[command(flatten)]
    waiting: Waiting,
}

/// Whether to wait for what is started.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(super) struct Waiting {
    /// Wait until it has ended, and show how
    #[arg(long)]
    wait: bool,
    /// With --wait: wait no longer than this
    #[arg(long, value_parser = units::duration, value_name = "DURATION", requires = "wait")]
    timeout: Option<Duration>,
    #[command(flatten)]
    reconnect: ReconnectArgs,
}

pub(crate) fn run(args: &Args, session: &Session) -> Result<Exit> {
    let input = args.input.as_deref().map(read_payload).transpose()?;
    let begin = args.at.or(args.after.map(|after| SystemClock.now().saturating_add(after)));
    let id = args.id.as_deref().map(|id| format!("/{}", segment(id))).unwrap_or_default();
    let mut call = Call::durable("POST", &format!("/orchestrators/{}{id}", segment(&args.name)))
        .query_if("version", args.version.as_deref())
        .query_if("scheduledStart", begin.map(times::millis))
        .query_if("component", args.component.as_deref())
        .query_if("existing", args.new.then_some("refuse"));
    for (key, value) in &args.tags {
        call = call.query("tag", format!("{key}:{value}"));
    }
    if let Some(input) = &input {
        call = call.body("application/json", input);
    }
    let answer = session.client.send(&call)?;
    started(session, &answer, args.waiting, args.id.is_none())
}

/// Tells what was started or, if it is waited for, how it ended.
pub(super) fn started(session: &Session, answer: &Answer, waiting: Waiting, id_is_news: bool) -> Result<Exit> {
    let started: Started = answer.json()?;
    if waiting.wait {
        if id_is_news {
            output::say(&format!("started {}", started.id));
        }
        let mut patience = Patience::new(waiting.reconnect);
        patience.reached();
        return flow::wait(session, &started.id, waiting.timeout, patience);
    }
    session.output.answer(&answer.text(), || {
        Ok(format!("started {}\nfollow it with `rondo wait {}`", started.id, shell_word(&started.id)))
    })?;
    Ok(Exit::Done)
}

/// JSON as given, from a file, or from standard input.
pub(crate) fn read_payload(text: &str) -> Result<Vec<u8>> {
    if text == "-" {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes).context("reading standard input")?;
        return Ok(bytes);
    }
    match text.strip_prefix('@') {
        Some(path) => std::fs::read(path).with_context(|| format!("reading {path}")),
        None => Ok(text.as_bytes().to_vec()),
    }
}

/// The server splits at the first colon.
fn tag(text: &str) -> Result<(String, String), String> {
    let (key, value) = units::pair(text)?;
    if key.contains(':') { Err(format!("the key \"{key}\" must not contain a colon")) } else { Ok((key, value)) }
}

/// A word that a shell takes as one.
fn shell_word(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.:/@%+=,".contains(c);
    if text.chars().all(is_plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads_come_from_the_command_line_or_a_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(&file, "[1]").unwrap();
        assert_eq!(read_payload("{}").unwrap(), b"{}");
        assert_eq!(read_payload(&format!("@{}", file.path().display())).unwrap(), b"[1]");
        assert!(read_payload("@/does/not/exist").is_err());
    }

    #[test]
    fn ids_are_quoted_for_the_shell_when_needed() {
        assert_eq!(shell_word("a-1:2/x"), "a-1:2/x");
        assert_eq!(shell_word("it's $5"), r"'it'\''s $5'");
    }
}
