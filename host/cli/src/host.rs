//! One host: storage, guests, worker and API, put together; started, and stopped in the reverse order.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use api::{Api, Guard, Keys, Phase, PublicUrl, RandomIds, Readiness, Scheme};
use store::{Clock, SystemClock};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};
use wasm::{Ceiling, Engines};
use worker::{UnknownOrchestrations, Worker};

use crate::activity_threads::ActivityThreads;
use crate::ceiling::CeilingArgs;
use crate::compiling::CompilingArgs;
use crate::hub_facts::LocalHub;
use crate::limits::REQUESTS_GRACE;
use crate::listen::{self, Edge, EdgeArgs, TlsArgs};
use crate::registry::Registry;
use crate::storage::{Storage, StorageArgs};
use crate::traces::{Exporting, Settings, Traces};
use crate::units;
use crate::waiting::{self, Watch};

/// What a host is made from.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct HostArgs {
    /// Where this host keeps its files; with --store sqlite that is everything there is
    #[arg(long, default_value = "rondo-data", value_name = "DIR")]
    pub(crate) data: PathBuf,
    #[command(flatten)]
    storage: StorageArgs,
    /// Where to listen; with port 0 on any free port, written to DIR/endpoint
    #[arg(long, default_value = "127.0.0.1:7070", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// Threads that run orchestrations; without it one for each core
    #[arg(long)]
    shards: Option<usize>,
    /// Memory for orchestrations that wait, for example 512MiB, by default half of what there is; without room they are
    /// replayed when they go on
    #[arg(long, value_parser = units::bytes, value_name = "SIZE")]
    warm_memory: Option<usize>,
    /// Activities that run at the same time
    #[arg(long)]
    activities: Option<usize>,
    /// What becomes of a start for an orchestration that no component offers: wait until one is deployed that does; fail;
    /// or, as in 10m, fail after that time. Instances that have begun are never failed
    #[arg(long, default_value = "wait", value_parser = waiting::policy, value_name = "wait|fail|TIME")]
    unknown_orchestrations: UnknownOrchestrations,
    /// How long an orchestrator may compute in one call before its instance fails, for example 5s
    #[arg(long, value_parser = units::duration, value_name = "TIME")]
    turn_deadline: Option<Duration>,
    #[command(flatten)]
    compiling: CompilingArgs,
    #[command(flatten)]
    ceiling: CeilingArgs,
}

/// Who may ask a host, and how.
#[derive(Debug, Clone, Default)]
pub(crate) struct Access {
    /// What everything needs; none for whoever is on this machine.
    pub(crate) key: Option<String>,
    /// What is enough for looking on.
    pub(crate) read_key: Option<String>,
    /// What is enough for the metrics.
    pub(crate) metrics_key: Option<String>,
    /// Without it in the clear.
    pub(crate) tls: TlsArgs,
    /// How it deals with connections.
    pub(crate) edge: EdgeArgs,
    /// Where clients reach it, if not at the host that their requests name.
    pub(crate) public_url: Option<PublicUrl>,
}

/// A running host.
pub(crate) struct Host {
    /// Where it answers.
    pub(crate) url: String,
    data: PathBuf,
    readiness: Readiness,
    worker: Worker,
    activity_threads: ActivityThreads,
    /// Looks at instances that wait for an orchestration; ends with the host.
    watching: JoinSet<()>,
    /// None: no traces are wanted.
    exporting: Option<Exporting>,
    stop_serving: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

impl Host {
    /// Starts everything. When this answers, the host is ready and `DIR/endpoint` tells where.
    pub(crate) async fn start(args: &HostArgs, access: &Access) -> Result<Self> {
        let guard = guard(args.listen, access)?;
        let tls = access.tls.acceptor()?;
        if tls.is_none() && !args.listen.ip().is_loopback() && access.public_url.is_none() {
            tracing::warn!(listen = %args.listen, "keys and data of clients on other machines can be read on the way: give --tls-cert and --tls-key, or let a proxy speak TLS and name it with --public-url");
        }
        let traces = Settings::from_env()?.map(Traces::begin).transpose()?;
        let (traces, exporting) = traces.unzip();
        let scheme = if tls.is_some() { Scheme::Https } else { Scheme::Http };
        files::folder(&args.data).context("using the folder of --data")?;
        let ceiling = args.ceiling.ceiling(&args.data)?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        // With SQLite this keeps a second host off the folder, so it comes first.
        let Storage { backend, is_shared, kind, azure, meter } =
            args.storage.open(&args.data, Arc::clone(&clock)).await?;
        // Left behind by a host that was killed.
        let _ = fs::remove_file(args.data.join("endpoint"));
        let listener = TcpListener::bind(args.listen)
            .await
            .with_context(|| format!("listening on {}; --listen chooses another address", args.listen))?;
        let address = listener.local_addr().context("asking for the address")?;
        let url = format!("{}://{address}", scheme.as_str());

        let engines = Engines::new(engine_options(args, ceiling)).context("starting the WebAssembly engine")?;
        let registry = Registry::open(engines, backend.clone(), Arc::clone(&clock), is_shared, traces.clone())
            .await
            .context("reading which components are deployed")?;

        let readiness = Readiness::default();
        let edge = Edge::new(&access.edge);
        let hub = LocalHub {
            store: kind,
            azure,
            meter,
            traces: traces.clone(),
            clock: Arc::clone(&clock),
            guard: guard.clone(),
            room: Arc::clone(&edge.room),
            monitor: OnceLock::new(),
        };
        let hub = Arc::new(hub);
        let router = api::router(Api {
            client: backend.clone(),
            components: backend.clone(),
            deployer: Arc::new(registry.clone()),
            hub: Arc::clone(&hub) as _,
            task_hub: args.storage.task_hub(),
            clock: Arc::clone(&clock),
            ids: Arc::new(RandomIds),
            guard,
            scheme,
            public_url: access.public_url.clone(),
            readiness: readiness.clone(),
        });
        let (stop_serving, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(async move {
            let stopped = async {
                // A host that is dropped stops, too.
                let _ = stopped.await;
            };
            listen::serve(listener, tls, router, edge, stopped).await;
        });

        registry.load_newest().await;
        let activity_threads = ActivityThreads::start()?;
        let options = worker_options(args, traces.as_ref(), &activity_threads);
        let worker = Worker::start(options, backend.clone(), Arc::new(registry.clone()), Arc::clone(&clock))
            .context("starting the worker's threads")?;
        let monitor = worker.monitor();
        let mut watching = JoinSet::new();
        let watch = Watch { waiting: monitor.waiting().clone(), registry, client: backend, clock };
        watching.spawn(watch.keep_on(is_shared));
        let _ = hub.monitor.set(monitor.clone());
        readiness.watch(move || monitor.problem());
        readiness.set(Phase::Ready);
        write_endpoint(&args.data, &url)?;
        Ok(Self {
            url,
            data: args.data.clone(),
            readiness,
            worker,
            activity_threads,
            watching,
            exporting,
            stop_serving,
            serving,
        })
    }

    /// Stops everything, finishing what was begun. What is cut off goes on after the next start.
    pub(crate) async fn stop(self) -> Result<()> {
        let Self { url: _, data, readiness, worker, activity_threads, watching, exporting, stop_serving, serving } =
            self;
        readiness.set(Phase::Stopping);
        drop(watching);
        // Gone already if the folder was cleaned up meanwhile.
        let _ = fs::remove_file(data.join("endpoint"));
        let _ = stop_serving.send(());
        let running = worker.stats().activities_running;
        if running > 0 {
            tracing::info!(activities = running, "waiting for running activities");
        }
        let abort = serving.abort_handle();
        if tokio::time::timeout(REQUESTS_GRACE, serving).await.is_err() {
            tracing::warn!("some requests did not end in time and were cut off");
            abort.abort();
        }
        let stopped = worker.shutdown().await.context("closing the storage");
        drop(activity_threads);
        if let Some(exporting) = exporting {
            exporting.stop().await;
        }
        stopped
    }

    /// Answers when the host cannot go on by itself.
    pub(crate) async fn failed(&mut self) -> anyhow::Error {
        match (&mut self.serving).await {
            Ok(()) => anyhow::anyhow!("the HTTP server ended by itself"),
            Err(error) => anyhow::Error::new(error).context("serving HTTP"),
        }
    }
}

/// Beyond this machine only with a key.
fn guard(listen: SocketAddr, access: &Access) -> Result<Guard> {
    let Access { key, read_key, metrics_key, .. } = access;
    let Some(key) = key else {
        if read_key.is_some() || metrics_key.is_some() {
            bail!(
                "a key for reading or for metrics alone would let nobody change anything; set --key or RONDO_KEY, too"
            )
        }
        if listen.ip().is_loopback() {
            return Ok(Guard::Loopback);
        }
        bail!(
            "{listen} can be reached by other machines, and whoever reaches it can run code here; \
             set --key or RONDO_KEY, or listen on 127.0.0.1"
        )
    };
    let mut keys = Keys::new(key).context("--key or RONDO_KEY cannot be used")?;
    if let Some(key) = read_key {
        keys = keys.with_read_only(key).context("--read-key or RONDO_READ_KEY cannot be used")?;
    }
    if let Some(key) = metrics_key {
        keys = keys.with_metrics_only(key).context("--metrics-key or RONDO_METRICS_KEY cannot be used")?;
    }
    Ok(Guard::Keys(keys))
}

fn engine_options(args: &HostArgs, ceiling: Ceiling) -> wasm::Options {
    let defaults = wasm::Options::default();
    wasm::Options {
        cache_dir: Some(args.data.join("cache")),
        activities_max: args.activities.and_then(|max| u32::try_from(max).ok()).unwrap_or(defaults.activities_max),
        turn_deadline: args.turn_deadline.unwrap_or(defaults.turn_deadline),
        compiler: Some(args.compiling.compiler()),
        ceiling,
        ..defaults
    }
}

fn worker_options(args: &HostArgs, traces: Option<&Traces>, threads: &ActivityThreads) -> worker::Options {
    let defaults = worker::Options::default();
    worker::Options {
        shards: args.shards.unwrap_or(defaults.shards),
        warm_guest_bytes_max: args.warm_memory.unwrap_or(defaults.warm_guest_bytes_max),
        activities_max: args.activities.unwrap_or(defaults.activities_max),
        activities_per_name_max: args.activities.unwrap_or(defaults.activities_per_name_max),
        activities_on: threads.handle(),
        unknown_orchestrations: args.unknown_orchestrations,
        spans: traces.map(Traces::spans).unwrap_or_default(),
        ..defaults
    }
}

fn write_endpoint(data: &Path, url: &str) -> Result<()> {
    files::replace(&data.join("endpoint"), format!("{url}\n").as_bytes()).context("writing where the server answers")
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "a key of the right length";
    const READ: &str = "another one to look on with";
    const METRICS: &str = "a third one for the metrics";

    fn guarded(listen: &str, keys: [Option<&str>; 3]) -> Result<Guard> {
        let [key, read_key, metrics_key] = keys.map(|key| key.map(str::to_owned));
        guard(listen.parse().unwrap(), &Access { key, read_key, metrics_key, ..Access::default() })
    }

    #[test]
    fn other_machines_need_a_key() {
        let anywhere = "0.0.0.0:7070";
        assert!(guarded(anywhere, [None; 3]).unwrap_err().to_string().contains("RONDO_KEY"));
        for weak in ["", "short"] {
            let error = format!("{:#}", guarded(anywhere, [Some(weak), None, None]).unwrap_err());
            assert!(error.contains("RONDO_KEY") && error.contains("16 bytes"), "{error}");
        }
        assert!(matches!(guarded(anywhere, [Some(KEY), None, None]), Ok(Guard::Keys(_))));
        assert!(matches!(guarded("[::1]:0", [None; 3]), Ok(Guard::Loopback)));
    }

    #[test]
    fn keys_for_less_stand_beside_one_for_everything() {
        let here = "127.0.0.1:0";
        assert!(guarded(here, [None, Some(READ), None]).is_err());
        assert!(guarded(here, [None, None, Some(METRICS)]).is_err());
        assert!(guarded(here, [Some(KEY), Some(KEY), None]).is_err());
        assert!(guarded(here, [Some(KEY), Some(""), None]).is_err());
        let error = format!("{:#}", guarded(here, [Some(KEY), Some(READ), Some(READ)]).unwrap_err());
        assert!(error.contains("--metrics-key") && error.contains("differ"), "{error}");
        assert!(matches!(guarded(here, [Some(KEY), Some(READ), Some(METRICS)]), Ok(Guard::Keys(_))));
    }

    #[test]
    fn the_endpoint_file_is_one_line() {
        let data = tempfile::tempdir().unwrap();
        write_endpoint(data.path(), "http://127.0.0.1:1").unwrap();
        write_endpoint(data.path(), "http://127.0.0.1:2").unwrap();
        assert_eq!(fs::read_to_string(data.path().join("endpoint")).unwrap(), "http://127.0.0.1:2\n");
    }
}
