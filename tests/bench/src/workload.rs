//! What is run, and what is counted meanwhile.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use engine::{InstanceId, InstanceState, RuntimeStatus};
use serde::Serialize;
use store::{Backend, InstanceFilter, InstanceRow};

use crate::client::{self, TIMEOUT};
use crate::host::{Host, Storage};
use crate::process;
use crate::usage::Usage;

/// Activities of each orchestration in the workloads with many.
const ACTIVITIES: u32 = 10;

/// Orchestrations of the workload that runs one at a time.
const ALONE: usize = 300;

/// A number of orchestrations of one kind.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    pub(crate) orchestration: &'static str,
    pub(crate) activities: u32,
    pub(crate) instances: usize,
    /// Whether the next begins only when the one before has ended.
    pub(crate) one_at_a_time: bool,
}

/// What one run came to.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) workload: &'static str,
    pub(crate) storage: Storage,
    pub(crate) orchestrations_per_second: f64,
    pub(crate) turns_per_second: f64,
    pub(crate) commits: u64,
    /// None where nothing is synced.
    pub(crate) turns_per_sync: Option<f64>,
    pub(crate) syncs_per_orchestration: Option<f64>,
    /// Rows of the database that were inserted, changed or deleted, where there is one.
    pub(crate) rows_per_orchestration: Option<f64>,
    /// Requests to storage, those of clients included but not the looks whether all have ended, nor looks into empty
    /// queues. None where storage is no service.
    pub(crate) requests_per_orchestration: Option<f64>,
    /// How much of a core the emulator used, which is one thread. None where there is no emulator.
    pub(crate) emulator_processor: Option<f64>,
    pub(crate) activities: f64,
    pub(crate) cpu_ms_per_orchestration: f64,
    pub(crate) cpu_seconds_per_1000_turns: f64,
    pub(crate) kib_written_per_orchestration: f64,
    pub(crate) bytes_written_per_turn: f64,
    pub(crate) peak_memory_mib: f64,
    /// From start to end: as a client sees it where one runs at a time, else by the rows.
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
}

impl Workload {
    pub(crate) fn all(instances: usize) -> [Self; 3] {
        let many = Self { name: "", orchestration: "", activities: ACTIVITIES, instances, one_at_a_time: false };
        [
            Self { name: "W1 fan-out of 10", orchestration: "fan_out", ..many },
            Self { name: "W2 10 in sequence", orchestration: "sequence", ..many },
            Self {
                name: "W3 one at a time",
                orchestration: "sequence",
                activities: 1,
                instances: ALONE,
                one_at_a_time: true,
            },
        ]
    }

    /// The second of them.
    pub(crate) fn sequence(instances: usize) -> Self {
        let [_, sequence, _] = Self::all(instances);
        sequence
    }

    pub(crate) async fn run(self, host: &Host) -> Result<Row> {
        // Once before anything is counted, so that what is done only once is done.
        self.life(&*host.backend, "warm-up").await?;
        let before = Usage::of(host)?;
        let (looks, lives) =
            if self.one_at_a_time { (0, Some(self.in_turn(host).await?)) } else { (self.together(host).await?, None) };
        let used = Usage::of(host)?.since(&before);
        let mut latencies = if let Some(lives) = lives { lives } else { self.lives(host).await? };

        latencies.sort_unstable();
        let percentile = |percent: usize| ms(latencies[(latencies.len() - 1) * percent / 100]);
        let (seconds, turns, each) = (used.time.as_secs_f64(), used.turns as f64, self.instances as f64);
        Ok(Row {
            workload: self.name,
            storage: host.storage,
            orchestrations_per_second: each / seconds,
            turns_per_second: turns / seconds,
            commits: used.commits,
            turns_per_sync: used.syncs.map(|syncs| turns / (syncs as f64).max(1.0)),
            syncs_per_orchestration: used.syncs.map(|syncs| syncs as f64 / each),
            rows_per_orchestration: used.rows.map(|rows| rows as f64 / each),
            requests_per_orchestration: used.requests.map(|requests| requests.saturating_sub(looks) as f64 / each),
            emulator_processor: used.emulator.map(|cpu| cpu.as_secs_f64() / seconds),
            activities: f64::from(self.activities),
            cpu_ms_per_orchestration: ms(used.cpu) / each,
            cpu_seconds_per_1000_turns: used.cpu.as_secs_f64() * 1_000.0 / turns,
            kib_written_per_orchestration: used.written as f64 / 1024.0 / each,
            bytes_written_per_turn: used.written as f64 / turns,
            peak_memory_mib: process::peak_memory_bytes()? as f64 / 1_048_576.0,
            p50_ms: percentile(50),
            p99_ms: percentile(99),
        })
    }

    async fn in_turn(self, host: &Host) -> Result<Vec<Duration>> {
        let mut latencies = Vec::with_capacity(self.instances);
        for number in 0..self.instances {
            latencies.push(self.life(&*host.backend, &number.to_string()).await?);
        }
        Ok(latencies)
    }

    /// Starts all, and looks from time to time whether one is left: watching each would cost a read for every turn.
    /// Answers how often it has looked.
    async fn together(self, host: &Host) -> Result<u64> {
        let starts: Vec<_> = (0..self.instances)
            .map(|number| {
                let backend = host.backend.clone();
                tokio::spawn(async move { self.start(&*backend, &number.to_string()).await })
            })
            .collect();
        for start in starts {
            start.await.context("an orchestration was not started")??;
        }
        let statuses = vec![RuntimeStatus::Pending, RuntimeStatus::Running];
        let open = InstanceFilter { statuses, top: 1, ..InstanceFilter::default() };
        let deadline = Instant::now() + TIMEOUT;
        let mut looks = 1;
        while !host.backend.list(&open).await?.rows.is_empty() {
            ensure!(Instant::now() < deadline, "an orchestration does not end");
            tokio::time::sleep(host.storage.look_every()).await;
            looks += 1;
        }
        Ok(looks)
    }

    /// How long each has taken, by its row.
    async fn lives(self, host: &Host) -> Result<Vec<Duration>> {
        let mut latencies = Vec::with_capacity(self.instances);
        let mut all = InstanceFilter::default();
        loop {
            let page = host.backend.list(&all).await?;
            for InstanceRow { state, .. } in page.rows {
                let end = state.completed_at.context("an orchestration has no end")?;
                latencies.push(end.saturating_since(state.created_at));
                self.check(state)?;
            }
            all.continuation = page.continuation;
            if all.continuation.is_none() {
                return Ok(latencies);
            }
        }
    }

    fn check(self, state: InstanceState) -> Result<()> {
        ensure!(state.status == RuntimeStatus::Completed, "it failed: {:?}", state.failure);
        let output = state.output.map(|output| output.to_string());
        ensure!(output == Some(self.activities.to_string()), "a wrong result: {output:?}");
        Ok(())
    }

    /// Starts one orchestration and waits for its end.
    async fn life(self, backend: &dyn Backend, id: &str) -> Result<Duration> {
        let begun = Instant::now();
        let instance_id = self.start(backend, id).await?;
        let state = client::end(backend, &instance_id).await?;
        let latency = begun.elapsed();
        self.check(state)?;
        Ok(latency)
    }

    async fn start(self, backend: &dyn Backend, id: &str) -> Result<InstanceId> {
        client::start(backend, id, self.orchestration, self.activities.to_string()).await
    }
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}
