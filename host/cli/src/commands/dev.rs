//! `rondo dev`.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use notify::{RecursiveMode, Watcher as _};
use tokio::sync::mpsc;
use wasm::Grants;

use super::{Session, deploy, serve};
use crate::args::{Form, Global};
use crate::client::Client;
use crate::exit::Exit;
use crate::folder::Folder;
use crate::host::{Access, Host, HostArgs};
use crate::limits::WATCH_QUIET;
use crate::output::{self, Output};
use crate::signals::Signals;
use crate::telemetry::{self, LogArgs};
use crate::{units, view};

/// Run a server that deploys every .wasm file of a folder, and again whenever one changes
///
/// Build into the folder, or point it at your compiler's output.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The folder to watch; folders in it are not looked into
    folder: PathBuf,
    #[command(flatten)]
    host: HostArgs,
    /// Let activities reach this host: NAME, NAME:PORT or *.NAME; may be repeated
    #[arg(long = "allow-http", value_name = "HOST")]
    http: Vec<String>,
    /// Give activities an environment variable; may be repeated
    #[arg(long = "env", value_parser = units::pair, value_name = "KEY=VALUE")]
    env: Vec<(String, String)>,
    #[command(flatten)]
    telemetry: LogArgs,
}

pub(crate) fn run(args: Args, global: &Global) -> Result<Exit> {
    let _logging = telemetry::begin(&args.telemetry)?;
    if !args.folder.is_dir() {
        bail!("{} is not a folder", args.folder.display());
    }
    let grants = Grants { http: args.http, env: args.env.into_iter().collect(), ..Grants::default() };
    let key = global.key()?;
    serve::on_runtime(async move {
        let mut signals = Signals::listen()?;
        // Watched before it is read for the first time, so that no change is missed.
        let (_watcher, mut changes) = watch(&args.folder)?;
        let access = Access { key: key.clone(), ..Access::default() };
        let mut host = Host::start(&args.host, &access).await?;
        let client = Client::of(&host.url, key, None)?;
        let deployer = Deployer { session: Session { client, output: Output { form: Form::Table } }, grants };
        output::print(&format!("rondo is ready: {}, watching {}", host.url, args.folder.display()))?;
        let mut folder = Folder::new(&args.folder);
        loop {
            folder = deployer.deploy_changes(folder).await?;
            tokio::select! {
                () = quiet_after_change(&mut changes) => {}
                error = host.failed() => return Err(error),
                _ = signals.next() => break,
            }
        }
        serve::stop(host, &mut signals).await
    })
}

/// Something in the folder has changed; what, is found by reading it.
fn watch(folder: &Path) -> Result<(notify::RecommendedWatcher, mpsc::Receiver<()>)> {
    // One place is enough: whoever reads after the first change sees the later ones, too.
    let (changed, changes) = mpsc::channel(1);
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| match event {
        Ok(event) if event.kind.is_access() => {}
        Ok(_) => {
            let _ = changed.try_send(());
        }
        Err(error) => tracing::warn!(%error, "watching the folder"),
    })
    .context("watching the folder")?;
    watcher.watch(folder, RecursiveMode::NonRecursive).with_context(|| format!("watching {}", folder.display()))?;
    Ok((watcher, changes))
}

/// Waits for a change, and until no more follow for a while.
async fn quiet_after_change(changes: &mut mpsc::Receiver<()>) {
    if changes.recv().await.is_none() {
        // The watcher lives as long as the loop.
        std::future::pending::<()>().await;
    }
    while let Ok(Some(())) = tokio::time::timeout(WATCH_QUIET, changes.recv()).await {}
}

/// Deploys what has changed, and tells of each file in a line.
#[derive(Debug, Clone)]
struct Deployer {
    session: Session,
    grants: Grants,
}

impl Deployer {
    /// Reading, compiling and the client block, so this happens off the async threads.
    async fn deploy_changes(&self, mut folder: Folder) -> Result<Folder> {
        let deployer = self.clone();
        let done = tokio::task::spawn_blocking(move || {
            for change in folder.changes() {
                let (path, line) = match change {
                    Ok((path, bytes)) => {
                        let line = deployer.deploy(&path, &bytes);
                        (path, line)
                    }
                    Err((path, error)) => (path, format!("cannot be read: {error}")),
                };
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                output::print(&format!("{name}: {line}"))?;
            }
            anyhow::Ok(folder)
        });
        done.await.context("deploying")?
    }

    fn deploy(&self, path: &Path, bytes: &[u8]) -> String {
        let sent = deploy::send(&self.session, &deploy::stem(path), bytes, &self.grants);
        match sent.and_then(|answer| answer.json::<api::dto::Deployment>()) {
            Ok(deployment) => {
                let component = &deployment.component;
                let offered = [component.orchestrations.as_slice(), &component.activities].concat().join(", ");
                let digest = view::short_digest(&component.digest);
                let released = match deployment.released.count {
                    0 => String::new(),
                    count => format!("; {count} held instances go on"),
                };
                format!("deployed as {digest} with {offered}{released}")
            }
            Err(failure) => match failure.remedy {
                Some(remedy) => format!("{}\n  {remedy}", failure.message),
                None => failure.message,
            },
        }
    }
}
