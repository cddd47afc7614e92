//! The log: to standard error, for people or for machines.

use std::io::IsTerminal as _;

use anyhow::{Context as _, Result};
use clap::ValueEnum;
use tracing_subscriber::EnvFilter;

use crate::log_queue::{LogQueue, Logging};
use crate::panics;

/// What to log and how.
#[derive(Debug, clap::Args)]
pub(crate) struct LogArgs {
    /// What to log: a level, or levels by module as in info,worker=debug
    #[arg(long, env = "RONDO_LOG", default_value = "info", value_name = "FILTER")]
    log: String,
    /// How to log
    #[arg(long, env = "RONDO_LOG_FORMAT", default_value = "text", value_name = "FORM")]
    log_format: Format,
}

/// How to log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One line for people each
    Text,
    /// One JSON object each
    Json,
}

/// Begins logging, once for the process, for as long as the answer is kept.
pub(crate) fn begin(args: &LogArgs) -> Result<Logging> {
    let mut filter =
        EnvFilter::try_new(&args.log).with_context(|| format!("reading the log filter \"{}\"", args.log))?;
    // These would write signatures into the log.
    for target in azure::QUIET_LOG_TARGETS {
        filter = filter.add_directive(format!("{target}=info").parse().context("a directive of our own")?);
    }
    // A line that cannot be written, to a full disk for example, is lost. To say so where it could not be written would
    // panic, and take the host with it.
    let queue = LogQueue::start(std::io::stderr(), |lines| {
        tracing::warn!(lines, "lines were dropped from the log: more was logged than could be written");
    })
    .context("starting the thread that writes the log")?;
    let builder =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(queue.clone()).log_internal_errors(false);
    match args.log_format {
        Format::Text => builder.with_ansi(std::io::stderr().is_terminal()).init(),
        // Every field at the top of its object, where a search looks for it; of spans the innermost.
        Format::Json => builder.json().flatten_event(true).with_span_list(false).init(),
    }
    panics::begin();
    Ok(Logging(queue))
}
