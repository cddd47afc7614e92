//! `rondo serve`.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use api::PublicUrl;
use serde_json::json;

use crate::args::Global;
use crate::exit::Exit;
use crate::host::{Access, Host, HostArgs};
use crate::key::KeySource;
use crate::listen::{EdgeArgs, TlsArgs};
use crate::output::{self, Output};
use crate::signals::Signals;
use crate::telemetry::{self, LogArgs};

const KEYS: &str = "Keys for less than everything";

/// Run a server: storage, orchestrations, activities and the HTTP API
///
/// Everything is durable in DIR. Stops on SIGINT or SIGTERM, finishing what it has begun; a second signal ends it at
/// once, and so may kill -9: it goes on where it was when it is started again.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    host: HostArgs,
    /// A second key, which is enough for looking on; --key is the one for everything
    #[arg(long, value_name = "KEY", help_heading = KEYS)]
    read_key: Option<String>,
    /// A file that holds it [env: RONDO_READ_KEY_FILE, or RONDO_READ_KEY for the key itself]
    #[arg(long, value_name = "FILE", conflicts_with = "read_key", help_heading = KEYS)]
    read_key_file: Option<PathBuf>,
    /// A key that is enough for GET /metrics and nothing else, for a monitoring system
    #[arg(long, value_name = "KEY", help_heading = KEYS)]
    metrics_key: Option<String>,
    /// A file that holds it [env: RONDO_METRICS_KEY_FILE, or RONDO_METRICS_KEY for the key itself]
    #[arg(long, value_name = "FILE", conflicts_with = "metrics_key", help_heading = KEYS)]
    metrics_key_file: Option<PathBuf>,
    #[command(flatten)]
    tls: TlsArgs,
    #[command(flatten)]
    edge: EdgeArgs,
    /// Where clients reach the server when a proxy stands before it, for the addresses in answers
    #[arg(long, env = "RONDO_PUBLIC_URL", value_name = "URL")]
    public_url: Option<PublicUrl>,
    #[command(flatten)]
    telemetry: LogArgs,
}

pub(crate) fn run(args: Args, global: &Global) -> Result<Exit> {
    let _logging = telemetry::begin(&args.telemetry)?;
    let output = Output { form: global.output };
    let read_key = KeySource {
        flag: "--read-key",
        variable: "RONDO_READ_KEY",
        argument: args.read_key.as_deref(),
        file: args.read_key_file.as_deref(),
    };
    let metrics_key = KeySource {
        flag: "--metrics-key",
        variable: "RONDO_METRICS_KEY",
        argument: args.metrics_key.as_deref(),
        file: args.metrics_key_file.as_deref(),
    };
    let access = Access {
        key: global.key()?,
        read_key: read_key.resolve()?,
        metrics_key: metrics_key.resolve()?,
        tls: args.tls,
        edge: args.edge,
        public_url: args.public_url,
    };
    on_runtime(async move {
        let mut signals = Signals::listen()?;
        let mut host = tokio::select! {
            host = Host::start(&args.host, &access) => host?,
            signal = signals.next() => bail!("stopped by {signal} before the server was ready"),
        };
        let ready = json!({"ready": host.url}).to_string();
        output.answer(&ready, || Ok(format!("rondo is ready: {}", host.url)))?;
        tokio::select! {
            error = host.failed() => return Err(error),
            signal = signals.next() => output::say(&format!("{signal}: finishing what has begun; once more to stop now")),
        }
        stop(host, &mut signals).await
    })
}

/// Stops a host; a further signal ends the wait.
pub(crate) async fn stop(host: Host, signals: &mut Signals) -> Result<Exit> {
    tokio::select! {
        stopped = host.stop() => stopped.map(|()| Exit::Done),
        signal = signals.next() => bail!("stopped by {signal} before everything was finished; it goes on after the next start"),
    }
}

/// Runs a host's future to its end.
pub(crate) fn on_runtime(future: impl Future<Output = Result<Exit>>) -> Result<Exit> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("starting the threads of the host")?;
    let exit = runtime.block_on(future);
    // Activities that were cut off may block a thread; the process ends without them.
    runtime.shutdown_background();
    exit
}
