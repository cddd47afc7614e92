//! `rondo serve`.

use anyhow::{Context as _, Result, bail};
use api::PublicUrl;
use serde_json::json;

use crate::args::Global;
use crate::exit::Exit;
use crate::host::{Access, Host, HostArgs};
use crate::listen::TlsArgs;
use crate::output::{self, Output};
use crate::signals::Signals;
use crate::telemetry::{self, LogArgs};

/// Run a server: storage, orchestrations, activities and the HTTP API
///
/// Everything is durable in DIR. Stops on SIGINT or SIGTERM, finishing what it has begun; a second signal ends it at
/// once, and so may kill -9: it goes on where it was when it is started again.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    host: HostArgs,
    /// A second key, which is enough for looking on; --key is the one for everything
    #[arg(long, env = "RONDO_READ_KEY", hide_env_values = true, value_name = "KEY")]
    read_key: Option<String>,
    #[command(flatten)]
    tls: TlsArgs,
    /// Where clients reach the server when a proxy stands before it, for the addresses in answers
    #[arg(long, env = "RONDO_PUBLIC_URL", value_name = "URL")]
    public_url: Option<PublicUrl>,
    #[command(flatten)]
    telemetry: LogArgs,
}

pub(crate) fn run(args: Args, global: &Global) -> Result<Exit> {
    telemetry::begin(&args.telemetry)?;
    let output = Output { form: global.output };
    let access =
        Access { key: global.key.clone(), read_key: args.read_key, tls: args.tls, public_url: args.public_url };
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
