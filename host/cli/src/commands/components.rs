//! `rondo components`.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use api::dto::segment;
use clap::Subcommand;
use serde_json::json;

use super::{Session, deploy};
use crate::client::Call;
use crate::exit::Exit;
use crate::units::brief_bytes;
use crate::view;

/// List the deployed components, newest first; or download or activate one
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Option<ComponentsCommand>,
}

#[derive(Debug, Subcommand)]
enum ComponentsCommand {
    /// List the deployed components, newest first
    List,
    Download(Download),
    Activate(Activate),
}

/// Download a component: the file as it was deployed
#[derive(Debug, clap::Args)]
struct Download {
    /// Its digest, or the beginning of it
    digest: String,
    /// Where to; without it DIGEST.wasm
    file: Option<PathBuf>,
}

/// Make a component the newest of all its names again, as if its file were deployed anew
#[derive(Debug, clap::Args)]
struct Activate {
    /// Its digest, or the beginning of it
    digest: String,
}

pub(crate) fn run(args: &Args, session: &Session) -> Result<Exit> {
    match &args.command {
        None | Some(ComponentsCommand::List) => list(session),
        Some(ComponentsCommand::Download(args)) => download(args, session),
        Some(ComponentsCommand::Activate(args)) => activate(args, session),
    }
}

fn list(session: &Session) -> Result<Exit> {
    let answer = session.client.send(&Call::own("GET", "/components"))?;
    session.output.answer(&answer.text(), || Ok(view::components(&answer.json::<Vec<_>>()?)))?;
    Ok(Exit::Done)
}

fn download(args: &Download, session: &Session) -> Result<Exit> {
    let answer = session.client.send(&Call::own("GET", &format!("/components/{}", segment(&args.digest))))?;
    let file = args.file.clone().unwrap_or_else(|| format!("{}.wasm", segment(&args.digest)).into());
    std::fs::write(&file, &answer.body).with_context(|| format!("writing {}", file.display()))?;
    let bytes = answer.body.len() as u64;
    let json = json!({"file": file.display().to_string(), "bytes": bytes}).to_string();
    session.output.answer(&json, || Ok(format!("{}: {}", file.display(), brief_bytes(bytes))))?;
    Ok(Exit::Done)
}

fn activate(args: &Activate, session: &Session) -> Result<Exit> {
    let call = Call::own("POST", &format!("/components/{}/activate", segment(&args.digest)));
    let answer = session.client.send(&call)?;
    session.output.answer(&answer.text(), || Ok(deploy::describe(&answer.json()?)))?;
    Ok(Exit::Done)
}
