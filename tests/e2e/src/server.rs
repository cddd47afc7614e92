//! One `rondo serve`, and the commands typed at it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use crate::command::{Answer, rondo};
use crate::files::rondo_binary;
use crate::metrics::Metrics;

/// How many descriptors the shell lets a server have, if not as many as the test itself.
const DESCRIPTORS: &str = "RONDO_TEST_DESCRIPTORS";

/// How long a server may take until it answers.
const READY_TIMEOUT: Duration = Duration::from_mins(1);

/// How long a server may take to stop when it is asked to.
const STOP_TIMEOUT: Duration = Duration::from_secs(30);

/// A running `rondo serve`. Killed when dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    data: PathBuf,
    url: String,
}

impl Server {
    /// Starts a server on a data folder and waits until it is ready. Its log goes to `serve.log` there.
    pub fn start(data: &Path) -> Result<Self> {
        Self::start_with(data, &[])
    }

    /// The same, with more flags.
    pub fn start_with(data: &Path, flags: &[&str]) -> Result<Self> {
        Self::start_in(data, flags, &[])
    }

    /// The same, with variables added to its environment.
    pub fn start_in(data: &Path, flags: &[&str], environment: &[(&str, &str)]) -> Result<Self> {
        Self::spawn(data, &[&["serve"], flags].concat(), environment)
    }

    /// Starts a server where an earlier one was, on its data folder and at its address.
    pub fn start_again(data: &Path, url: &str) -> Result<Self> {
        let address = url.split_once("://").map_or(url, |(_, address)| address);
        Self::spawn_at(address, data, &["serve"], &[])
    }

    /// Starts a server that may have at most so many files and connections open.
    pub fn start_with_descriptors(data: &Path, descriptors: usize, flags: &[&str]) -> Result<Self> {
        Self::start_in(data, flags, &[(DESCRIPTORS, &descriptors.to_string())])
    }

    /// Starts `rondo dev` on a folder of components.
    pub fn dev(data: &Path, components: &Path) -> Result<Self> {
        Self::spawn(data, &["dev", components.to_str().context("the folder's path is not text")?], &[])
    }

    fn spawn(data: &Path, command: &[&str], environment: &[(&str, &str)]) -> Result<Self> {
        Self::spawn_at("127.0.0.1:0", data, command, environment)
    }

    fn spawn_at(listen: &str, data: &Path, command: &[&str], environment: &[(&str, &str)]) -> Result<Self> {
        fs::create_dir_all(data).context("creating the data folder")?;
        let endpoint = data.join("endpoint");
        if endpoint.exists() {
            fs::remove_file(&endpoint).context("removing the address of an earlier server")?;
        }
        let log = File::options().create(true).append(true).open(data.join("serve.log")).context("opening the log")?;
        // A write that a file-size limit forbids is to be an error, as on a full disk, and not the signal XFSZ.
        let child = Command::new("sh")
            .args(["-c", "trap '' XFSZ; ulimit -n ${RONDO_TEST_DESCRIPTORS:-$(ulimit -n)}; exec \"$0\" \"$@\""])
            .arg(rondo_binary()?)
            .args(command)
            .args(["--listen", listen, "--data"])
            .arg(data)
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .context("starting `rondo serve`")?;
        let mut server = Self { child, data: data.to_owned(), url: String::new() };
        server.url = server.await_endpoint(&endpoint)?;
        Ok(server)
    }

    fn await_endpoint(&mut self, endpoint: &Path) -> Result<String> {
        let deadline = Instant::now() + READY_TIMEOUT;
        loop {
            if let Ok(text) = fs::read_to_string(endpoint)
                && let Some(url) = text.strip_suffix('\n')
            {
                return Ok(url.to_owned());
            }
            if let Some(status) = self.child.try_wait().context("looking after the server")? {
                bail!("`rondo serve` ended with {status}:\n{}", self.log());
            }
            ensure!(Instant::now() < deadline, "`rondo serve` is not ready after {READY_TIMEOUT:?}:\n{}", self.log());
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Where it listens.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What it counts.
    pub fn metrics(&self) -> Result<Metrics> {
        let mut answer = ureq::get(format!("{}/metrics", self.url)).call().context("asking for the metrics")?;
        let format = answer.headers().get("content-type").and_then(|format| format.to_str().ok()).unwrap_or_default();
        ensure!(format == "application/openmetrics-text; version=1.0.0; charset=utf-8", "not the format: {format}");
        Metrics::parse(&answer.body_mut().read_to_string().context("reading the metrics")?)
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has in memory, as the system counts it.
    pub fn resident_bytes(&self) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).context("reading its memory")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("its memory is not told")?;
        let kibibytes: u64 = line.trim().trim_end_matches(" kB").trim().parse().context("reading its memory")?;
        Ok(kibibytes * 1024)
    }

    /// All it has logged, over all servers of this folder.
    pub fn log(&self) -> String {
        fs::read_to_string(self.data.join("serve.log")).unwrap_or_default()
    }

    /// Ends it as a power cut would: SIGKILL, no warning.
    pub fn kill(mut self) -> Result<()> {
        self.child.kill().context("killing the server")?;
        self.child.wait().context("burying the server")?;
        Ok(())
    }

    /// Stalls it where it is: SIGSTOP, as a machine that is paused or swaps itself to death.
    pub fn stall(&self) -> Result<()> {
        self.signal("STOP")
    }

    /// Lets it go on after [`stall`](Self::stall), as if no time had passed: SIGCONT.
    pub fn go_on(&self) -> Result<()> {
        self.signal("CONT")
    }

    fn signal(&self, name: &str) -> Result<()> {
        let sent = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status();
        ensure!(sent.with_context(|| format!("sending SIG{name}"))?.success(), "sending SIG{name} failed");
        Ok(())
    }

    /// Whether the process runs.
    pub fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// How the process has ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Ends it as an operator would: SIGTERM, and it finishes what it has begun.
    pub fn stop(mut self) -> Result<()> {
        self.signal("TERM")?;
        let deadline = Instant::now() + STOP_TIMEOUT;
        loop {
            if let Some(status) = self.child.try_wait().context("looking after the server")? {
                ensure!(status.success(), "`rondo serve` ended with {status}:\n{}", self.log());
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "`rondo serve` does not stop within {STOP_TIMEOUT:?}");
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Types a command at it: `rondo ARGS --server URL`.
    pub fn rondo(&self, args: &[&str]) -> Result<Answer> {
        rondo(&[args, &["--server", &self.url]].concat(), &[])
    }

    /// Begins a command at it, whose output is to be read.
    pub fn begin(&self, args: &[&str]) -> Result<Child> {
        let mut command = Command::new(rondo_binary()?);
        command.args(args).args(["--server", &self.url]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().context("starting `rondo`")
    }

    /// The same for a command that must succeed; answers with what it printed.
    pub fn ok(&self, args: &[&str]) -> Result<String> {
        let answer = self.rondo(args)?;
        ensure!(answer.code == 0, "`rondo {}` ended with {}:\n{}", args.join(" "), answer.code, answer.stderr);
        Ok(answer.stdout)
    }

    /// The same with `--output json`, parsed.
    pub fn json(&self, args: &[&str]) -> Result<Value> {
        let text = self.ok(&[args, &["--output", "json"]].concat())?;
        serde_json::from_str(&text).with_context(|| format!("`rondo {}` printed no JSON:\n{text}", args.join(" ")))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A test that failed must not leave its server behind; one that was killed already answers with an error.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
