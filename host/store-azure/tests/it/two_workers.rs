//! The same scenario with two real workers, threads and all, in real time, and what the log of the host says: over an
//! account in this process, and over the emulator.

use std::io;
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::time::Duration;

use azure::fake::FakeMedium;
use azure::{Cloud, ConnectOptions, HubName, Medium};
use azurite::Azurite;
use engine::{InstanceId, RuntimeStatus, Timestamp};
use store::{Client as _, Clock, CreateInstance, ExistingInstance, ManualClock, SystemClock};
use store_azure::{Always, AzureBackend, Options, hub};
use worker::Worker;

use crate::faulty::{Fault, Faulty, When};
use crate::fixture::{self, Account};
use crate::programs::{Do, Programs, steps};

/// How long anything may take before a test gives up. Nothing waits for this time to pass.
const PATIENCE: Duration = Duration::from_secs(30);

static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Log;

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOG.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What this process has logged so far about that instance.
fn log_of(instance: &str) -> Vec<String> {
    let log = LOG.lock().unwrap_or_else(PoisonError::into_inner);
    let field = format!("instance_id={instance} ");
    String::from_utf8_lossy(&log).lines().filter(|line| line.contains(&field)).map(str::to_owned).collect()
}

fn capture_log() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let log = tracing_subscriber::fmt().with_writer(|| Log).with_ansi(false);
        log.with_max_level(tracing::Level::WARN).init();
    });
}

/// Where it is played: a hub of one partition in some account.
trait Stage {
    type Medium: Medium + Clone + 'static;

    fn medium(&self) -> Self::Medium;

    fn clock(&self) -> Arc<dyn Clock>;

    fn hub(&self) -> &HubName;

    fn options(&self) -> Options;

    /// What a host has in hand that stands still will be seen by others.
    fn let_messages_lapse(&self);
}

impl Stage for Account {
    type Medium = FakeMedium;

    fn medium(&self) -> FakeMedium {
        self.medium()
    }

    fn clock(&self) -> Arc<dyn Clock> {
        self.clock.clone()
    }

    fn hub(&self) -> &HubName {
        &self.hub
    }

    fn options(&self) -> Options {
        fixture::options()
    }

    fn let_messages_lapse(&self) {
        self.let_messages_lapse();
    }
}

/// The emulator, where time is the machine's.
struct Emulator {
    hub: HubName,
    azurite: Azurite,
}

impl Stage for Emulator {
    type Medium = Cloud;

    fn medium(&self) -> Cloud {
        let account = azure::Account::parse(&self.azurite.connection_string()).unwrap();
        azure::connect(&account, &self.hub, &ConnectOptions::default()).unwrap()
    }

    fn clock(&self) -> Arc<dyn Clock> {
        Arc::new(SystemClock)
    }

    fn hub(&self) -> &HubName {
        &self.hub
    }

    fn options(&self) -> Options {
        Options { message_visibility: Duration::from_secs(1), ..fixture::options() }
    }

    fn let_messages_lapse(&self) {
        // They do so by themselves.
    }
}

async fn in_this_process() -> Account {
    let account = Account::new(Arc::new(ManualClock::new(Timestamp::from_millis(1_700_000_000_000))));
    account.create_hub(1).await;
    account
}

async fn on_the_emulator() -> Emulator {
    let azurite = tokio::task::spawn_blocking(azurite::shared).await.unwrap().unwrap();
    let stage = Emulator { hub: HubName::new(&azurite::unique_hub()).unwrap(), azurite };
    hub::create(&stage.medium(), &stage.hub, 1).await.unwrap();
    stage
}

struct Host<M> {
    worker: Worker,
    backend: Arc<AzureBackend>,
    medium: Faulty<M>,
}

fn start<S: Stage>(stage: &S, programs: &Arc<Programs>, is_guarded: bool) -> Host<S::Medium> {
    let mut medium = Faulty::new(stage.medium(), Duration::ZERO);
    if !is_guarded {
        medium = medium.without_if_match();
    }
    let (wrapped, hub, owner) = (Arc::new(medium.clone()), stage.hub().clone(), Arc::new(Always::new(1)));
    let backend = Arc::new(AzureBackend::start(wrapped, hub, 1, owner, stage.clock(), stage.options()));
    let options = worker::Options { shards: 2, shutdown_grace: Duration::ZERO, ..worker::Options::default() };
    let worker = Worker::start(options, backend.clone(), programs.clone(), stage.clock()).unwrap();
    Host { worker, backend, medium }
}

async fn create<M>(host: &Host<M>, instance: &str, program: &str) {
    let start = conformance::start(conformance::execution(instance.len().try_into().unwrap()), Timestamp::default());
    let start = engine::ExecutionStarted { name: program.to_owned(), input: None, ..start };
    let instance_id = InstanceId::new(instance).unwrap();
    let new = CreateInstance { instance_id, start, existing: ExistingInstance::Refuse };
    host.backend.create(new).await.unwrap();
}

/// Status and output; none where there is no row.
async fn ending<M>(host: &Host<M>, instance: &str) -> Option<(RuntimeStatus, String)> {
    let row = host.backend.get(&InstanceId::new(instance).unwrap()).await.unwrap()?;
    Some((row.state.status, row.state.output.map(|output| output.to_string()).unwrap_or_default()))
}

fn completed(output: &str) -> (RuntimeStatus, String) {
    (RuntimeStatus::Completed, output.to_owned())
}

async fn until(what: &str, is_true: impl AsyncFn() -> bool) {
    let waiting = async {
        while !is_true().await {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("waited in vain for {what}"));
}

async fn until_completed<M>(host: &Host<M>, instance: &str) {
    until(instance, async || {
        let row = host.backend.get(&InstanceId::new(instance).unwrap()).await.unwrap();
        row.is_some_and(|row| row.state.status == RuntimeStatus::Completed)
    })
    .await;
}

/// The first host stalls before it writes the row of `victim`, the second completes everything, the first goes on.
async fn play<S: Stage>(stage: &S, Play { root, program, victim, before }: Play, is_guarded: bool) -> Host<S::Medium> {
    capture_log();
    let programs = Programs::new([
        ("single", steps([&[Do::Run("a", 0)], &[Do::Run("b", 0)]])),
        ("parent", steps([&[Do::Child("single", "stalled-child")], &[Do::Run("c", 0)]])),
        ("emulated-parent", steps([&[Do::Child("single", "emulated-child")], &[Do::Run("c", 0)]])),
        ("unguarded-parent", steps([&[Do::Child("single", "unguarded-child")], &[Do::Run("c", 0)]])),
    ]);
    let stalled = start(stage, &programs, is_guarded);
    stalled.medium.arm(When::Says(before, 1), Fault::StopBefore);
    create(&stalled, root, program).await;
    stalled.medium.fired().await;

    let other = start(stage, &programs, is_guarded);
    stage.let_messages_lapse();
    until_completed(&other, victim).await;
    until_completed(&other, root).await;
    other.worker.shutdown().await.unwrap();

    let commits = stalled.worker.stats().commits;
    stalled.medium.let_go();
    if !is_guarded {
        until("the late write to be the last word", async || ending(&stalled, victim).await != Some(completed("a,b")))
            .await;
    }
    // The turn that was stalled, and whatever follows from it.
    until("the stalled turn to end", async || {
        let stats = stalled.worker.stats();
        stats.commits_stale > 0 || stats.commits > commits
    })
    .await;
    create(&stalled, &format!("{root}-next"), "single").await;
    until_completed(&stalled, &format!("{root}-next")).await;
    stalled
}

/// The one line that says it all.
fn assert_reported(victim: &str) {
    let lines: Vec<_> = log_of(victim).into_iter().filter(|line| line.contains("split_brain_detected")).collect();
    assert_eq!(lines.len(), 1, "{lines:?}");
    let token = |name: &str| lines[0].split_once(name).map(|(_, token)| token.split('}').next().unwrap().to_owned());
    let (held, stored) = (token("held_token={").unwrap(), token("stored_token={").unwrap());
    assert!(held.contains("\"history\":") && stored.contains("\"history\":\""), "{lines:?}");
    assert_ne!(held, stored);
}

/// A stalled turn: of an instance of its own, or of another's child.
#[derive(Debug, Clone, Copy)]
struct Play {
    root: &'static str,
    program: &'static str,
    victim: &'static str,
    before: &'static str,
}

/// The host that stalled in the first turn of an orchestration says so, and its row is what the other has made of it.
async fn assert_survives<S: Stage>(stage: &S, told: Play) {
    let stalled = play(stage, told, true).await;
    assert_eq!(ending(&stalled, told.victim).await, Some(completed("a,b")));
    if told.root != told.victim {
        assert_eq!(ending(&stalled, told.root).await, Some(completed("a,b,c")));
    }
    assert_eq!(stalled.worker.stats().commits_stale, 1);
    assert_reported(told.victim);
}

/// Without the guard the stale host has the last word, which `play` waits for: the row says Running, or is gone where
/// that host knows that it has been out of hand and takes back what it believes to have inserted. So it stays, unless
/// somebody has a reason to load the instance.
async fn assert_breaks<S: Stage>(stage: &S, told: Play) {
    play(stage, told, false).await;
}

const fn top(root: &'static str, before: &'static str) -> Play {
    Play { root, program: "single", victim: root, before }
}

#[tokio::test]
async fn a_stalled_host_reports_it_drops_its_turn_and_goes_on_with_other_work() {
    assert_survives(&in_this_process().await, top("stalled-top", "merge Instances stalled-top")).await;
}

#[tokio::test]
async fn the_same_for_a_sub_orchestration() {
    let (before, victim) = ("merge Instances stalled-child", "stalled-child");
    assert_survives(&in_this_process().await, Play { root: "stalled-parent", program: "parent", victim, before }).await;
}

#[tokio::test]
async fn without_the_guard_the_row_is_wrong() {
    assert_breaks(&in_this_process().await, top("unguarded-top", "merge Instances unguarded-top")).await;
}

#[tokio::test]
async fn without_the_guard_the_row_of_a_sub_orchestration_is_wrong() {
    let (before, victim) = ("merge Instances unguarded-child", "unguarded-child");
    let top = Play { root: "unguarded-parent", program: "unguarded-parent", victim, before };
    assert_breaks(&in_this_process().await, top).await;
}

/// The same four on the emulator.
mod emulator {
    use super::*;

    #[tokio::test]
    async fn a_stalled_host_reports_it_drops_its_turn_and_goes_on_with_other_work() {
        assert_survives(&on_the_emulator().await, top("emulated-top", "merge Instances emulated-top")).await;
    }

    #[tokio::test]
    async fn the_same_for_a_sub_orchestration() {
        let (before, victim) = ("merge Instances emulated-child", "emulated-child");
        let top = Play { root: "emulated-parent", program: "emulated-parent", victim, before };
        assert_survives(&on_the_emulator().await, top).await;
    }

    #[tokio::test]
    async fn without_the_guard_the_row_is_wrong() {
        assert_breaks(&on_the_emulator().await, top("unguarded-top", "merge Instances unguarded-top")).await;
    }

    #[tokio::test]
    async fn without_the_guard_the_row_of_a_sub_orchestration_is_wrong() {
        let (before, victim) = ("merge Instances unguarded-child", "unguarded-child");
        let top = Play { root: "unguarded-parent", program: "unguarded-parent", victim, before };
        assert_breaks(&on_the_emulator().await, top).await;
    }
}
