//! The commands, one file for each.

pub(crate) mod build;
pub(crate) mod compile;
pub(crate) mod components;
pub(crate) mod deploy;
pub(crate) mod dev;
pub(crate) mod history;
pub(crate) mod hub;
pub(crate) mod inspect;
pub(crate) mod list;
pub(crate) mod migrate;
pub(crate) mod new;
pub(crate) mod purge;
pub(crate) mod raise_event;
pub(crate) mod restart;
pub(crate) mod resume;
pub(crate) mod rewind;
pub(crate) mod serve;
pub(crate) mod start;
pub(crate) mod status;
pub(crate) mod suspend;
pub(crate) mod terminate;
pub(crate) mod wait;

use anyhow::Result;
use serde_json::json;

use crate::args::{Cli, Command, Global};
use crate::client::{Call, Client};
use crate::exit::Exit;
use crate::output::Output;

/// What a command works with.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) client: Client,
    pub(crate) output: Output,
}

impl Session {
    pub(crate) fn new(global: &Global) -> Result<Self> {
        Ok(Self { client: Client::new(global)?, output: Output { form: global.output } })
    }

    /// Sends a request that the server only takes note of, and says so.
    fn request(&self, id: &str, verb: &str, done: &str, call: &Call<'_>) -> Result<Exit> {
        self.client.send(call)?;
        let json = json!({"instanceId": id, "requested": verb}).to_string();
        self.output.answer(&json, || Ok(format!("{id}: {done}")))?;
        Ok(Exit::Done)
    }
}

/// Runs the command of a command line.
pub(crate) fn run(cli: Cli) -> Result<Exit> {
    let Cli { global, command } = cli;
    let output = Output { form: global.output };
    // Only for commands that talk to a server: others need neither its key nor a warning about it.
    let session = || Session::new(&global);
    match command {
        Command::New(args) => new::run(&args, output),
        Command::Build(args) => build::run(&args, output),
        Command::Serve(args) => serve::run(args, &global),
        Command::Dev(args) => dev::run(args, &global),
        Command::Inspect(args) => inspect::run(&args, output),
        Command::Compile(args) => compile::run(&args),
        Command::Deploy(args) => deploy::run(&args, &session()?),
        Command::Components(args) => components::run(&args, &session()?),
        Command::Start(args) => start::run(&args, &session()?),
        Command::Wait(args) => wait::run(&args, &session()?),
        Command::Status(args) => status::run(&args, &session()?),
        Command::History(args) => history::run(&args, &session()?),
        Command::List(args) => list::run(&args, &session()?),
        Command::RaiseEvent(args) => raise_event::run(&args, &session()?),
        Command::Suspend(args) => suspend::run(&args, &session()?),
        Command::Resume(args) => resume::run(&args, &session()?),
        Command::Terminate(args) => terminate::run(&args, &session()?),
        Command::Rewind(args) => rewind::run(&args, &session()?),
        Command::Restart(args) => restart::run(&args, &session()?),
        Command::Migrate(args) => migrate::run(&args, &session()?),
        Command::Purge(args) => purge::run(&args, &session()?),
        Command::Hub(args) => hub::run(&args, output),
    }
}
