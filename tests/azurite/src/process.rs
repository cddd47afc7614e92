//! A running emulator, from its start to the point where all services accept connections.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::net::TcpStream;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde::{Deserialize, Serialize};

use crate::{Endpoints, install};

/// 3 seconds as a rule; 45 were seen on a busy machine.
const READY_LIMIT: Duration = Duration::from_mins(1);

/// How often to look whether it is ready.
const READY_POLL: Duration = Duration::from_millis(50);

/// Longer than [`READY_LIMIT`]: nobody is left who could take the first lease.
const FIRST_LEASE_LIMIT: Duration = Duration::from_secs(90);

/// The emulator answers a new lease from its only thread, which may be busy.
const LEASE_ANSWER_LIMIT: Duration = Duration::from_secs(20);

/// As much of the log as an error message shows.
const LOG_SHOWN_BYTES_MAX: u64 = 16 * 1024;

/// How to find an emulator, also from another process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Address {
    /// Its services.
    pub(crate) endpoints: Endpoints,
    /// The port of its keeper, see keeper.cjs.
    pub(crate) keeper: u16,
    /// What the keeper answers.
    pub(crate) token: String,
}

/// Keeps an emulator running. Ends with this value or this process, whichever is first.
#[derive(Debug)]
pub(crate) struct Lease {
    _connection: TcpStream,
}

impl Address {
    /// Takes a lease, unless the emulator is gone or somebody else has its port.
    pub(crate) fn lease(&self) -> Result<Lease> {
        let stream = TcpStream::connect(("127.0.0.1", self.keeper)).context("connecting to the emulator's keeper")?;
        stream.set_read_timeout(Some(LEASE_ANSWER_LIMIT))?;
        let mut answer = String::new();
        BufReader::new(&stream).read_line(&mut answer).context("waiting for the emulator's keeper")?;
        ensure!(answer.trim_end() == self.token, "the port of the emulator's keeper is somebody else's now");
        Ok(Lease { _connection: stream })
    }
}

/// Starts an emulator that ends itself when it has been without a lease for `idle`. Its output goes to `log`, which
/// must be empty and readable.
///
/// # Errors
/// It is not installed and cannot be, it ends, or it is not ready in time; the message shows its output.
pub(crate) fn spawn(log: &File, idle: Duration, own_group: bool) -> Result<(Child, Address, Lease)> {
    let script = install()?;
    let token = format!("{:016x}{:016x}", fastrand::u64(..), fastrand::u64(..));
    let mut command = command(&script, log, idle, &token)?;
    if own_group {
        // Whoever stops the tests from the keyboard, or by their group, does not stop what others share.
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
    }
    let child = command.spawn().context("starting the Azure Storage emulator with `node`: is Node.js installed?")?;
    started(child, log, token)
}

/// Waits for a process that was just started, and ends it if it does not become ready.
fn started(mut child: Child, log: &File, token: String) -> Result<(Child, Address, Lease)> {
    match wait_until_ready(&mut child, log, token) {
        Ok((address, lease)) => Ok((child, address, lease)),
        Err(error) => {
            let _ = child.kill();
            let _ = child.wait();
            Err(error.context(format!("the Azure Storage emulator did not start; it said:\n{}", tail(log))))
        }
    }
}

fn command(script: &Path, log: &File, idle: Duration, token: &str) -> Result<Command> {
    let mut command = Command::new("node");
    command
        .arg("--require")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/src/keeper.cjs"))
        .arg(script)
        .args(["--inMemoryPersistence", "--disableTelemetry", "--silent"])
        // Ports are chosen as they are bound: a port that was free a second ago may not be.
        .args(["--blobPort", "0", "--queuePort", "0", "--tablePort", "0"])
        .current_dir(script.parent().context("the emulator's script has no folder")?)
        .env("KEEPER_TOKEN", token)
        .env("KEEPER_IDLE_MS", idle.as_millis().to_string())
        .env("KEEPER_FIRST_MS", FIRST_LEASE_LIMIT.as_millis().to_string())
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log.try_clone()?);
    Ok(command)
}

fn wait_until_ready(child: &mut Child, log: &File, token: String) -> Result<(Address, Lease)> {
    let deadline = Instant::now() + READY_LIMIT;
    loop {
        if let Some(status) = child.try_wait()? {
            bail!("it ended with {status}");
        }
        if let Some((endpoints, keeper)) = ports(&tail(log)) {
            let address = Address { endpoints, keeper, token };
            let lease = address.lease()?;
            for port in [endpoints.blob, endpoints.queue, endpoints.table] {
                TcpStream::connect(("127.0.0.1", port)).with_context(|| format!("connecting to port {port}"))?;
            }
            return Ok((address, lease));
        }
        if Instant::now() > deadline {
            bail!("it was not ready after {READY_LIMIT:?}");
        }
        std::thread::sleep(READY_POLL);
    }
}

/// The ports in the emulator's output, once all are there.
fn ports(log: &str) -> Option<(Endpoints, u16)> {
    // The last line might still be being written.
    let (complete, _) = log.rsplit_once('\n')?;
    let port_of = |who: &str| {
        let said = format!("{who} listening at http://127.0.0.1:");
        complete.lines().find_map(|line| line.strip_prefix(&said))?.parse().ok()
    };
    let endpoints = Endpoints {
        blob: port_of("Azurite Blob service is successfully")?,
        queue: port_of("Azurite Queue service is successfully")?,
        table: port_of("Azurite Table service is successfully")?,
    };
    Some((endpoints, port_of("Keeper is")?))
}

/// The end of the log. The file's position is the writer's, and left alone.
fn tail(log: &File) -> String {
    let length = log.metadata().map_or(0, |metadata| metadata.len());
    let shown = length.min(LOG_SHOWN_BYTES_MAX);
    let mut bytes = vec![0; usize::try_from(shown).expect("16 KiB fit into memory")];
    match log.read_exact_at(&mut bytes, length - shown) {
        Ok(()) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) => format!("(its log cannot be read: {error})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "Keeper is listening at http://127.0.0.1:4\n\
        Azurite Blob service is starting at http://127.0.0.1:0\n\
        Azurite Blob service is successfully listening at http://127.0.0.1:10\n\
        Azurite Queue service is successfully listening at http://127.0.0.1:200\n\
        Azurite Table service is successfully listening at http://127.0.0.1:3000\n";

    #[test]
    fn ports_are_read_from_what_the_emulator_says() {
        assert_eq!(ports(SAID), Some((Endpoints { blob: 10, queue: 200, table: 3000 }, 4)));
    }

    #[test]
    fn ports_are_not_there_before_the_last_line_is_complete() {
        for length in 0..SAID.len() {
            assert_eq!(ports(&SAID[..length]), None, "{}", &SAID[..length]);
        }
    }

    #[test]
    fn an_emulator_that_ends_at_once_is_an_error_that_shows_what_it_said() -> Result<()> {
        let log = tempfile::tempfile()?;
        let mut shell = Command::new("sh");
        let child = shell.args(["-c", "echo no such flag >&2; exit 3"]).stderr(log.try_clone()?).spawn()?;
        let error = format!("{:#}", started(child, &log, String::new()).unwrap_err());
        assert!(error.contains("it said:\nno such flag"), "{error}");
        assert!(error.contains("exit status: 3"), "{error}");
        Ok(())
    }
}
