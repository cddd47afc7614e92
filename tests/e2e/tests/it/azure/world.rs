//! A task hub on the emulator, and hosts that share it.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use azurite::{Azurite, Proxy};
use e2e::{Answer, Server, guest, rondo};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// How long anything may take that happens by itself.
pub(crate) const TIMEOUT: Duration = Duration::from_mins(1);

/// Where hosts and commands find the account.
pub(crate) const ACCOUNT: &str = "AZURE_STORAGE_CONNECTION_STRING";

/// A hub of its own for each test.
pub(crate) struct World {
    pub(crate) hub: String,
    azurite: Azurite,
    folder: TempDir,
    /// Where proxies run while the test waits for processes.
    runtime: Runtime,
}

impl World {
    /// A hub that is not there yet; the first host makes it.
    pub(crate) fn new() -> Self {
        Self::on(azurite::shared().unwrap(), azurite::unique_hub())
    }

    /// A hub of that name, in an account that no other test sees.
    pub(crate) fn alone(hub: &str) -> Self {
        Self::on(Azurite::start().unwrap(), hub.to_owned())
    }

    fn on(azurite: Azurite, hub: String) -> Self {
        Self {
            hub,
            azurite,
            folder: tempfile::tempdir().unwrap(),
            runtime: tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap(),
        }
    }

    /// Where hosts have their folders.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A proxy before the emulator.
    pub(crate) fn proxy(&self) -> Proxy {
        self.block_on(Proxy::start(self.azurite.endpoints())).unwrap()
    }

    /// Starts a host of that name.
    pub(crate) fn host(&self, name: &str, flags: &[&str]) -> Server {
        self.host_on(&self.account(), name, flags)
    }

    /// Starts a host that reaches the account through a proxy only.
    pub(crate) fn host_behind(&self, proxy: &Proxy, name: &str, flags: &[&str]) -> Server {
        self.host_on(&proxy.connection_string(), name, flags)
    }

    fn host_on(&self, account: &str, name: &str, flags: &[&str]) -> Server {
        self.host_in(name, flags, &[(ACCOUNT, account)])
    }

    /// Starts a host in an environment that says where the account is.
    pub(crate) fn host_in(&self, name: &str, flags: &[&str], environment: &[(&str, &str)]) -> Server {
        // The longest pause of a reader: nobody waits for more than a moment, and the emulator is not busy with that.
        let own = ["--store", "azure", "--hub", &self.hub, "--host-name", name, "--poll-max", "300ms"];
        Server::start_in(&self.folder.path().join(name), &[&own, flags].concat(), environment).unwrap()
    }

    /// The account, without a proxy.
    pub(crate) fn account(&self) -> String {
        self.azurite.connection_string()
    }

    /// Types `rondo hub VERB --hub HUB ARGS`.
    pub(crate) fn hub(&self, verb: &str, args: &[&str]) -> Answer {
        rondo(&[&["hub", verb, "--hub", &self.hub], args].concat(), &[(ACCOUNT, &self.account())]).unwrap()
    }

    /// What `rondo hub status` says to programs.
    pub(crate) fn status(&self) -> Value {
        let answer = self.hub("status", &["--output", "json"]);
        assert_eq!(answer.code, 0, "{answer:?}");
        serde_json::from_str(&answer.stdout).unwrap()
    }

    /// The name of the host that serves each partition, as it was given to the host.
    pub(crate) fn owners(&self) -> Vec<Option<String>> {
        let owner = |partition: &Value| {
            let owner = partition["owner"].as_str()?;
            // What follows tells this start of the host from others.
            Some(owner.rsplit_once('-').unwrap().0.to_owned())
        };
        self.status()["partitions"].as_array().unwrap().iter().map(owner).collect()
    }

    /// Waits until the owners are as wanted, and answers with how long that took.
    pub(crate) fn until_owners(&self, what: &str, are_wanted: impl Fn(&[Option<String>]) -> bool) -> Duration {
        let begun = Instant::now();
        until(what, || are_wanted(&self.owners()));
        begun.elapsed()
    }

    pub(crate) fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// Waits for something that a proxy is to see.
    pub(crate) fn wait_for<T>(&self, what: &str, future: impl Future<Output = T>) -> T {
        let waited = self.block_on(async { tokio::time::timeout(TIMEOUT, future).await });
        waited.unwrap_or_else(|_| panic!("{what}: not within {TIMEOUT:?}"))
    }
}

/// Waits for a condition.
pub(crate) fn until(what: &str, is_so: impl FnMut() -> bool) {
    until_or_tell(what, is_so, String::new);
}

/// The same, and tells what is the matter when it takes too long.
pub(crate) fn until_or_tell(what: &str, mut is_so: impl FnMut() -> bool, matter: impl Fn() -> String) {
    let deadline = Instant::now() + TIMEOUT;
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}: not within {TIMEOUT:?}\n{}", matter());
        thread::sleep(Duration::from_millis(50));
    }
}

/// Deploys a guest through a host.
pub(crate) fn deploy(host: &Server, name: &str) {
    host.ok(&["deploy", guest(name).unwrap().to_str().unwrap()]).unwrap();
}

/// Waits for an instance to complete, and answers with its output.
pub(crate) fn output_of(host: &Server, id: &str) -> Value {
    let answer = host.rondo(&["wait", id, "--timeout", "120s"]).unwrap();
    assert_eq!(answer.code, 0, "{id}: {answer:?}\n{}", host.log());
    host.json(&["status", id]).unwrap()["output"].take()
}
