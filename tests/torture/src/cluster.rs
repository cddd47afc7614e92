//! The hosts of a run, their storage, and what lies between the two.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use azurite::{Azurite, Proxy};
use e2e::{Server, SmallDisk};
use tokio::runtime::Runtime;

use crate::load;
use crate::net::Net;

/// Where orchestrations are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Storage {
    /// One host on one file, on a small disk.
    Sqlite,
    /// Three hosts on the emulator of Azure Storage, each behind a proxy.
    Azurite,
}

/// How long a host that was started may take to be ready, be the machine as busy as it may.
const READY_MAX: Duration = Duration::from_mins(2);

/// Room for the beginning and the end of a run, and more than a machine stores in a minute of load, its log included.
const DISK_MEBIBYTES: u32 = 1_024;
/// See [`DISK_MEBIBYTES`].
const DISK_MEBIBYTES_PER_MINUTE: u64 = 256;

/// How long a host keeps what it has while nobody hears of it.
pub(crate) const LEASE: Duration = Duration::from_secs(3);

const HOSTS: [&str; 3] = ["a", "b", "c"];

/// The account, where there is one.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) azurite: Azurite,
    pub(crate) hub: String,
}

/// One host and what is its own.
#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) index: usize,
    pub(crate) server: Option<Server>,
    pub(crate) proxy: Option<Proxy>,
    pub(crate) disk: Option<SmallDisk>,
    folder: PathBuf,
    flags: Vec<String>,
}

/// All hosts, not started.
#[derive(Debug)]
pub(crate) struct Cluster {
    pub(crate) hosts: Vec<Host>,
    pub(crate) account: Option<Account>,
    /// Where proxies run.
    pub(crate) runtime: Runtime,
}

impl Cluster {
    /// Makes what they need for so long, in a folder.
    pub(crate) fn new(storage: Storage, lasts: Duration, folder: &Path) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.context("starting threads")?;
        match storage {
            Storage::Sqlite => {
                let load = DISK_MEBIBYTES_PER_MINUTE.saturating_mul(lasts.as_secs().div_ceil(60));
                let mebibytes = DISK_MEBIBYTES.saturating_add(u32::try_from(load).unwrap_or(u32::MAX));
                let disk = SmallDisk::new(&folder.join("data"), mebibytes)?;
                let host = Host {
                    index: 0,
                    server: None,
                    proxy: None,
                    folder: disk.folder().to_owned(),
                    disk: Some(disk),
                    flags: Vec::new(),
                };
                Ok(Self { hosts: vec![host], account: None, runtime })
            }
            Storage::Azurite => {
                let azurite = Azurite::start()?;
                let hub = azurite::unique_hub();
                let mut hosts = Vec::new();
                for (index, name) in HOSTS.iter().enumerate() {
                    let proxy = runtime.block_on(Proxy::start(azurite.endpoints()))?;
                    let lease = format!("{}s", LEASE.as_secs());
                    let flags = [
                        "--store",
                        "azure",
                        "--hub",
                        &hub,
                        "--host-name",
                        name,
                        "--partitions",
                        "4",
                        "--lease",
                        &lease,
                    ];
                    let flags = flags.into_iter().chain(["--poll-max", "300ms"]).map(str::to_owned).collect();
                    let folder = folder.join(name);
                    hosts.push(Host { index, server: None, proxy: Some(proxy), disk: None, folder, flags });
                }
                Ok(Self { hosts, account: Some(Account { azurite, hub }), runtime })
            }
        }
    }

    /// Starts all and deploys what the load needs.
    pub(crate) fn start(&mut self, net: &Net) -> Result<()> {
        for host in &mut self.hosts {
            host.start(net)?;
        }
        let server = self.hosts[0].server.as_ref().context("the first host has just been started")?;
        for component in load::components()? {
            server.ok(&["deploy", component.to_str().context("a component's path is not text")?])?;
        }
        Ok(())
    }

    /// Stops all in good order.
    pub(crate) fn stop(&mut self, net: &Net) -> Result<()> {
        for host in &mut self.hosts {
            net.set(host.index, None);
            if let Some(server) = host.server.take() {
                server.stop()?;
            }
        }
        Ok(())
    }

    /// Copies what is on small disks into the folder of the run: they are gone with this value.
    pub(crate) fn keep(&mut self, folder: &Path) -> Result<()> {
        for host in &mut self.hosts {
            host.server = None;
            let Some(disk) = &host.disk else { continue };
            let kept = folder.join("kept");
            std::fs::create_dir_all(&kept).context("making the folder of what is kept")?;
            for entry in std::fs::read_dir(disk.folder()).context("listing a small disk")? {
                let entry = entry.context("listing a small disk")?;
                let is_of_host = entry.file_name() != SmallDisk::BALLAST;
                if is_of_host && entry.file_type().is_ok_and(|kind| kind.is_file()) {
                    std::fs::copy(entry.path(), kept.join(entry.file_name())).context("keeping a file")?;
                }
            }
        }
        Ok(())
    }

    /// What all hosts have logged, by the name of the log's file.
    pub(crate) fn logs(&self) -> Vec<(PathBuf, String)> {
        let read = |host: &Host| {
            let path = host.log();
            let text = std::fs::read(&path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
            (path, text.unwrap_or_default())
        };
        self.hosts.iter().map(read).collect()
    }
}

impl Host {
    /// Starts it, where it was before, and tells clients.
    pub(crate) fn start(&mut self, net: &Net) -> Result<()> {
        let flags: Vec<&str> = self.flags.iter().map(String::as_str).collect();
        let account = self.proxy.as_ref().map(Proxy::connection_string);
        let environment: Vec<(&str, &str)> =
            account.iter().map(|account| ("AZURE_STORAGE_CONNECTION_STRING", account.as_str())).collect();
        let server = Server::start_in(&self.folder, &flags, &environment)?;
        net.set(self.index, Some(server.url().to_owned()));
        self.server = Some(server);
        Ok(())
    }

    /// The same as a supervisor does it: again and again until it runs.
    pub(crate) fn restart(&mut self, net: &Net) -> Result<()> {
        let deadline = Instant::now() + READY_MAX;
        loop {
            match self.start(net) {
                Err(error) if Instant::now() >= deadline => return Err(error.context("a host does not start again")),
                Err(_) => std::thread::sleep(Duration::from_millis(200)),
                Ok(()) => return Ok(()),
            }
        }
    }

    /// Ends it as a power cut would.
    pub(crate) fn kill(&mut self, net: &Net) -> Result<()> {
        net.set(self.index, None);
        self.server.take().map_or(Ok(()), Server::kill)
    }

    /// Waits until it says that it takes work.
    pub(crate) fn until_ready(&mut self, net: &Net) -> Result<()> {
        let deadline = Instant::now() + READY_MAX;
        loop {
            let server = self.server.as_mut().context("the host was not started")?;
            let url = format!("{}/rondo/health/ready", server.url());
            let answer = net.once("GET", &url, None);
            if matches!(answer, Ok((200, _))) {
                return Ok(());
            }
            if let Some(status) = server.ended() {
                bail!("host {} has ended by itself with {status}", self.index);
            }
            ensure!(Instant::now() < deadline, "host {} is not ready after {READY_MAX:?}: {answer:?}", self.index);
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Where its files are.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    fn log(&self) -> PathBuf {
        self.folder.join("serve.log")
    }
}
