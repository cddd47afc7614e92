//! One run: load and faults, the end of both, the checks.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use fastrand::Rng;

use crate::checks::{self, Components};
use crate::cluster::{Account, Cluster, Storage};
use crate::faults::Chaos;
use crate::leftovers;
use crate::load::Load;
use crate::net::Net;
use crate::report::{Faults, Report};
use crate::violations::Violations;

/// How long everything may take to end once nothing is wrong any more.
const CONVERGES_WITHIN: Duration = Duration::from_mins(4);

/// Between two looks at whether somebody has panicked, and two lines of progress.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What to run.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where orchestrations are kept.
    pub storage: Storage,
    /// How long there are faults.
    pub lasts: Duration,
    /// What they are drawn from.
    pub seed: u64,
    /// Clients at the same time, each with one orchestration.
    pub clients: usize,
    /// Where hosts keep their files; they stay there if a promise was broken.
    pub folder: PathBuf,
}

impl Settings {
    /// As many clients as the storage can bear.
    pub fn new(storage: Storage, lasts: Duration, seed: u64, folder: PathBuf) -> Self {
        let clients = match storage {
            Storage::Sqlite => 32,
            // The emulator is one thread.
            Storage::Azurite => 14,
        };
        Self { storage, lasts, seed, clients, folder }
    }
}

/// Runs it, with a line for `progress` every second.
///
/// # Errors
/// A promise was broken, or a host does not come back, or the run itself failed. The message says which.
pub fn run(settings: &Settings, progress: &dyn Fn(&str)) -> Result<Report> {
    let mut cluster = Cluster::new(settings.storage, settings.lasts, &settings.folder)?;
    let ran = run_on(&mut cluster, settings, progress);
    if ran.is_err() {
        cluster.keep(&settings.folder)?;
    }
    ran
}

fn run_on(cluster: &mut Cluster, settings: &Settings, progress: &dyn Fn(&str)) -> Result<Report> {
    let components = Components::load()?;
    let net = Net::new(cluster.hosts.len());
    cluster.start(&net)?;
    let violations = Violations::default();
    let faults = Mutex::new(Faults::default());
    let look_every = match settings.storage {
        Storage::Sqlite => Duration::from_millis(200),
        Storage::Azurite => Duration::from_millis(800),
    };
    let begun = Instant::now();
    let load = Load::new(&net, &violations, look_every, begun + settings.lasts + CONVERGES_WITHIN);
    net.begin();

    let no_more_faults = AtomicBool::new(false);
    let runtime = cluster.runtime.handle().clone();
    let chaos = &Chaos { net: &net, runtime, is_over: &no_more_faults, faults: &faults };
    let ended = thread::scope(|scope| -> Result<Duration> {
        let clients: Vec<_> = (0..settings.clients).map(|_| scope.spawn(|| load.client())).collect();
        let mut around = Vec::new();
        for (number, host) in (1..).zip(&mut cluster.hosts) {
            let random = Rng::with_seed(settings.seed.wrapping_add(number));
            around.push(scope.spawn(move || chaos.around(host, random)));
        }
        if let Some(account) = &cluster.account {
            let random = Rng::with_seed(settings.seed);
            around.push(scope.spawn(|| stall_storage(account, random, &no_more_faults, &faults)));
        }
        while begun.elapsed() < settings.lasts
            && violations.count() == 0
            && !around.iter().any(thread::ScopedJoinHandle::is_finished)
        {
            thread::sleep(LOOK_EVERY);
            progress(&line(begun.elapsed(), &load, &faults, &net));
        }
        no_more_faults.store(true, Ordering::SeqCst);
        let broken = around.into_iter().map(joined).collect::<Result<Vec<()>>>();
        let calm = Instant::now();
        load.end(calm + if broken.is_ok() { CONVERGES_WITHIN } else { Duration::ZERO });
        clients.into_iter().try_for_each(|client| joined_plain(client.join()))?;
        broken?;
        Ok(calm.elapsed())
    });
    let faults = *faults.lock().unwrap_or_else(PoisonError::into_inner);
    note_panics(cluster, &violations);
    let convergence = ended.and_then(|ended| if violations.count() == 0 { Ok(ended) } else { failed(&violations) })?;
    let longest_outage = net.longest_outage();
    progress("everything has ended; reading what is stored");

    leftovers::check_queues(cluster, &violations)?;
    cluster.stop(&net)?;
    leftovers::check_file(cluster, &violations)?;
    let stored = leftovers::instances(cluster)?;
    let accepted = load.accepted();
    checks::check(&accepted, &stored, &components, &violations);
    let report = Report {
        seed: settings.seed,
        faults,
        disk: cluster.hosts[0].disk.as_ref().map(e2e::SmallDisk::means),
        orchestrations: accepted.len() as u64,
        with_children: stored.len() as u64,
        turns: checks::turns(&stored),
        longest_outage,
        convergence,
    };
    if violations.count() == 0 {
        progress("everything is as it must be; purging it");
        for host in &mut cluster.hosts {
            host.start(&net)?;
            host.until_ready(&net)?;
        }
        leftovers::check_purged(cluster, &net, &stored, &violations)?;
    }
    note_panics(cluster, &violations);
    if violations.count() == 0 { Ok(report) } else { failed(&violations) }
}

fn failed<T>(violations: &Violations) -> Result<T> {
    bail!("{} promises were broken:\n  {}", violations.count(), violations.texts().join("\n  "))
}

/// Stalls the storage service now and then: it keeps its data in memory, so this is the most that can be done to it.
fn stall_storage(account: &Account, mut random: Rng, is_over: &AtomicBool, faults: &Mutex<Faults>) -> Result<()> {
    let pid = account.azurite.pid().context("the emulator is shared")?;
    loop {
        let until = Instant::now() + Duration::from_millis(random.u64(5_000..20_000));
        while Instant::now() < until {
            if is_over.load(Ordering::SeqCst) {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(50));
        }
        signal(pid, "STOP")?;
        thread::sleep(Duration::from_millis(random.u64(500..6_000)));
        signal(pid, "CONT")?;
        faults.lock().unwrap_or_else(PoisonError::into_inner).storage_stalls += 1;
    }
}

fn signal(pid: u32, name: &str) -> Result<()> {
    let sent = std::process::Command::new("kill").args(["-s", name, &pid.to_string()]).status();
    anyhow::ensure!(sent.context("starting `kill`")?.success(), "sending SIG{name} to the emulator failed");
    Ok(())
}

/// A host that panics has lost something, even if it goes on.
fn note_panics(cluster: &Cluster, violations: &Violations) {
    for (path, log) in cluster.logs() {
        if let Some(line) = log.lines().find(|line| line.contains("panicked at")) {
            violations.note(&format!("{}: {line}", path.display()));
        }
    }
}

fn line(elapsed: Duration, load: &Load<'_>, faults: &Mutex<Faults>, net: &Net) -> String {
    let Faults { kills, stalls, cuts, disk_full, storage_stalls, recoveries, .. } =
        *faults.lock().unwrap_or_else(PoisonError::into_inner);
    format!(
        "{:4} s  {} started, {} ended  {kills} kills  {stalls} stalls  {cuts} cuts  {storage_stalls} storage stalls  \
         {disk_full} disk full  {recoveries} recoveries  longest outage {:.1} s",
        elapsed.as_secs(),
        load.accepted_count(),
        load.ended(),
        net.longest_outage().as_secs_f64(),
    )
}

fn joined(thread: thread::ScopedJoinHandle<'_, Result<()>>) -> Result<()> {
    thread.join().unwrap_or_else(|_| bail!("a thread of the run panicked"))
}

fn joined_plain(ended: thread::Result<()>) -> Result<()> {
    ended.or_else(|_| bail!("a client panicked"))
}
