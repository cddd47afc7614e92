//! The command line.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::key::KeySource;
use crate::{commands, exit};

/// Runs durable orchestrations that are shipped as WebAssembly components.
#[derive(Debug, Parser)]
#[command(name = "rondo", version, after_help = exit::HELP, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command understands.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct Global {
    /// The server to talk to
    #[arg(long, global = true, env = "RONDO_SERVER", default_value = "http://127.0.0.1:7070", value_name = "URL")]
    pub(crate) server: String,
    /// The server's key, if it has one; other users see it in the list of processes, so prefer --key-file or RONDO_KEY
    #[arg(long, global = true, value_name = "KEY")]
    key: Option<String>,
    /// A file that holds the server's key [env: RONDO_KEY_FILE, or RONDO_KEY for the key itself]
    #[arg(long, global = true, value_name = "FILE", conflicts_with = "key")]
    key_file: Option<PathBuf>,
    /// The certificate authority that vouches for the server, in PEM; without it those that browsers know
    #[arg(long, global = true, env = "RONDO_CA_CERT", value_name = "FILE")]
    pub(crate) ca_cert: Option<PathBuf>,
    /// What to print: text for people, or the server's JSON
    #[arg(long, global = true, default_value = "table", value_name = "FORM")]
    pub(crate) output: Form,
}

impl Global {
    /// The server's key, wherever it was given.
    ///
    /// # Errors
    /// It was given, and cannot be had.
    pub(crate) fn key(&self) -> Result<Option<String>> {
        let Self { key, key_file, .. } = self;
        KeySource { flag: "--key", variable: "RONDO_KEY", argument: key.as_deref(), file: key_file.as_deref() }
            .resolve()
    }
}

/// What to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// Text for people
    Table,
    /// JSON for programs
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    New(commands::new::Args),
    Build(commands::build::Args),
    Serve(commands::serve::Args),
    Dev(commands::dev::Args),
    Inspect(commands::inspect::Args),
    Compile(commands::compile::Args),
    Deploy(commands::deploy::Args),
    Components(commands::components::Args),
    Start(commands::start::Args),
    Wait(commands::wait::Args),
    Status(commands::status::Args),
    History(commands::history::Args),
    List(commands::list::Args),
    RaiseEvent(commands::raise_event::Args),
    Suspend(commands::suspend::Args),
    Resume(commands::resume::Args),
    Terminate(commands::terminate::Args),
    Rewind(commands::rewind::Args),
    Restart(commands::restart::Args),
    Migrate(commands::migrate::Args),
    Purge(commands::purge::Args),
    Hub(commands::hub::Args),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(line.split_whitespace())
    }

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_of_the_manual_is_understood() {
        for line in [
            "rondo new order --lang rust",
            "rondo new order --lang typescript",
            "rondo build",
            "rondo build order --out a.wasm --profile guest",
            "rondo serve",
            "rondo serve --data d --listen 127.0.0.1:0 --shards 2 --warm-memory 64MiB --log debug --log-format json",
            "rondo serve --store azure --hub Orders --partitions 8 --lease 10s --poll-max 1s --host-name north",
            "rondo serve --grant-http * --grant-http a.example:81 --grant-dirs /srv/in --grant-dirs /srv/out:rw",
            "rondo serve --grant-http none",
            "rondo serve --compile-memory 8GiB",
            "rondo serve --unknown-orchestrations wait",
            "rondo serve --unknown-orchestrations fail",
            "rondo serve --unknown-orchestrations 10m",
            "rondo dev .",
            "rondo dev . --grant-dirs /srv",
            "rondo inspect a.wasm",
            "rondo deploy a.wasm --name a --allow-http x.example --env K=V --dir /a:/b --dir /c:/d:rw",
            "rondo serve --listen 0.0.0.0:443 --key k --read-key l --metrics-key m --tls-cert c.pem --tls-key k.pem",
            "rondo serve --key-file k --read-key-file l --metrics-key-file m",
            "rondo serve --peer-connections 100 --trusted-proxy 10.0.0.0/8 --trusted-proxy ::1",
            "rondo list --key-file k",
            "rondo components",
            "rondo components list",
            "rondo components download abcdef shop.wasm",
            "rondo components activate abcdef --server https://rondo.example --ca-cert ca.pem --key k",
            "rondo start order",
            "rondo start order --id 1 --input {} --version 2 --tag a=b --tag c=d --after 5m --component abcdef --wait",
            "rondo start order --input @f --at 2030-01-01T00:00:00Z",
            "rondo start order --input -",
            "rondo wait 1 --timeout 30s --reconnect 10m",
            "rondo status 1 --output json",
            "rondo history 1 --server http://127.0.0.1:1",
            "rondo history 1 --follow --turns --reconnect 0s",
            "rondo history 1 --flat",
            "rondo list --status failed --status running --name order --prefix a --held --top 5",
            "rondo raise-event 1 approved --data true",
            "rondo suspend 1 --reason r",
            "rondo resume 1",
            "rondo terminate 1 --reason r --recurse",
            "rondo rewind 1",
            "rondo restart 1",
            "rondo restart 1 --same-id --wait --timeout 5s --reconnect 1h",
            "rondo migrate 1",
            "rondo migrate 1 --to abcdef",
            "rondo purge 1",
            "rondo purge --status completed --before 2030-01-01T00:00:00Z",
            "rondo purge --older-than 48h",
            "rondo hub create --hub MyHub --partitions 16",
            "rondo hub status --hub MyHub --output json",
            "rondo hub delete --hub MyHub --yes",
        ] {
            parse(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        }
    }

    #[test]
    fn contradictions_are_refused() {
        for line in [
            "rondo start order --at 2030-01-01T00:00:00Z --after 5m",
            "rondo serve --store azure",
            "rondo serve --unknown-orchestrations never",
            "rondo serve --tls-cert c.pem",
            "rondo serve --peer-connections 0",
            "rondo serve --trusted-proxy proxy",
            "rondo list --key k --key-file f",
            "rondo serve --read-key k --read-key-file f",
            "rondo serve --grant-http http://a.example",
            "rondo serve --grant-dirs :rw",
            "rondo serve --tls-key k.pem",
            "rondo history 1 --follow --flat",
            "rondo serve --store azure --hub no",
            "rondo purge",
            "rondo purge 1 --status failed",
            "rondo purge --status failed",
            "rondo purge --before 2030-01-01T00:00:00Z --older-than 1h",
            "rondo start order --tag novalue",
            "rondo start order --after soon",
            "rondo deploy a.wasm --dir onlyhost",
            "rondo list --status asleep",
            "rondo new order",
            "rondo new order --lang cobol",
            "rondo new ../order --lang rust",
            "rondo hub",
            "rondo hub create --hub MyHub --partitions 17",
            "rondo hub create --hub MyHub --partitions 0",
            "rondo hub status --hub my-hub",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
