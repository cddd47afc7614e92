//! What goes wrong, drawn from a seed.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use azurite::Times;
use fastrand::Rng;
use tokio::runtime::Handle;

use crate::cluster::{Host, LEASE};
use crate::net::Net;
use crate::report::Faults;

/// Between two faults of one host.
const REST_MS: std::ops::Range<u64> = 200..2_500;

/// One fault of one host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// SIGKILL, and it is started again after a while.
    Kill,
    /// SIGSTOP, and SIGCONT after less or more than a lease.
    Stall,
    /// No connection to storage.
    Cut,
    /// Connections, but nothing gets through; what was sent arrives when it is over, be it long given up.
    BlackHole,
    /// What is sent arrives; no answer does.
    LostReplies,
    /// Everything takes longer.
    Slow,
    /// No room on the disk.
    DiskFull,
    /// No room on the disk, and it is killed meanwhile.
    DiskFullAndKill,
}

const ANYWHERE: [Fault; 3] = [Fault::Kill, Fault::Stall, Fault::Kill];
const NETWORK: [Fault; 4] = [Fault::Cut, Fault::BlackHole, Fault::LostReplies, Fault::Slow];
const DISK: [Fault; 3] = [Fault::DiskFull, Fault::DiskFull, Fault::DiskFullAndKill];

/// What the chaos around one host shares with the rest of the run.
#[derive(Debug)]
pub(crate) struct Chaos<'a> {
    pub(crate) net: &'a Net,
    pub(crate) runtime: Handle,
    pub(crate) is_over: &'a AtomicBool,
    pub(crate) faults: &'a Mutex<Faults>,
}

impl Chaos<'_> {
    /// Gives a host one fault after the other until it is over; leaves it running and without a fault.
    pub(crate) fn around(&self, host: &mut Host, mut random: Rng) -> Result<()> {
        let possible: Vec<Fault> = ANYWHERE
            .into_iter()
            .chain(host.proxy.iter().flat_map(|_| NETWORK))
            .chain(host.disk.iter().flat_map(|_| DISK))
            .collect();
        while self.rest(&mut random) {
            let fault = possible[random.usize(..possible.len())];
            let lasts = lasting(fault, &mut random);
            self.strike(host, fault, lasts).with_context(|| format!("{fault:?} of host {}", host.index))?;
            let begun = Instant::now();
            host.until_ready(self.net).with_context(|| format!("after {fault:?}"))?;
            self.count(|faults| {
                faults.recoveries += 1;
                faults.slowest_recovery = faults.slowest_recovery.max(begun.elapsed());
            });
        }
        Ok(())
    }

    /// Waits a moment; answers whether there is to be another fault.
    fn rest(&self, random: &mut Rng) -> bool {
        let until = Instant::now() + Duration::from_millis(random.u64(REST_MS));
        while Instant::now() < until && !self.is_over.load(Ordering::SeqCst) {
            thread::sleep(Duration::from_millis(20));
        }
        !self.is_over.load(Ordering::SeqCst)
    }

    fn strike(&self, host: &mut Host, fault: Fault, lasts: Duration) -> Result<()> {
        match fault {
            Fault::Kill => {
                host.kill(self.net)?;
                self.count(|faults| faults.kills += 1);
                thread::sleep(lasts);
                host.restart(self.net)
            }
            Fault::Stall => {
                let server = host.server.as_ref().context("it was not started")?;
                server.stall()?;
                thread::sleep(lasts);
                self.count(|faults| faults.stalls += 1);
                server.go_on()
            }
            Fault::Cut | Fault::BlackHole | Fault::LostReplies | Fault::Slow => self.disturb(host, fault, lasts),
            Fault::DiskFull | Fault::DiskFullAndKill => self.fill(host, fault, lasts),
        }
    }

    fn disturb(&self, host: &Host, fault: Fault, lasts: Duration) -> Result<()> {
        let proxy = host.proxy.as_ref().context("it has no network")?;
        match fault {
            Fault::Cut => {
                self.runtime.block_on(proxy.down())?;
                thread::sleep(lasts);
                self.runtime.block_on(proxy.up())?;
            }
            Fault::BlackHole => {
                let held = proxy.hold(|_| true);
                thread::sleep(lasts);
                held.release();
            }
            Fault::LostReplies => {
                let lost = proxy.drop_reply(|_| true, Times::UntilRemoved);
                thread::sleep(lasts);
                lost.remove();
            }
            _ => {
                let slow = proxy.slow(|_| true, Duration::from_millis(300));
                thread::sleep(lasts);
                slow.remove();
            }
        }
        self.count(|faults| faults.cuts += 1);
        Ok(())
    }

    fn fill(&self, host: &mut Host, fault: Fault, lasts: Duration) -> Result<()> {
        let disk = host.disk.as_ref().context("its disk is large")?;
        let server = host.server.as_ref().context("it was not started")?;
        let pid = server.pid();
        disk.fill(pid)?;
        self.count(|faults| faults.disk_full += 1);
        thread::sleep(lasts);
        if fault == Fault::DiskFullAndKill {
            host.kill(self.net)?;
            self.count(|faults| faults.kills += 1);
        }
        host.disk.as_ref().context("its disk is large")?.free(pid)?;
        if host.server.is_none() { host.restart(self.net) } else { Ok(()) }
    }

    fn count(&self, count: impl FnOnce(&mut Faults)) {
        count(&mut self.faults.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
    }
}

/// For how long.
fn lasting(fault: Fault, random: &mut Rng) -> Duration {
    let lease_ms = u64::try_from(LEASE.as_millis()).unwrap_or_default();
    Duration::from_millis(match fault {
        // At once, or when others have taken over.
        Fault::Kill => random.u64(0..lease_ms * 3 / 2),
        Fault::Stall | Fault::Cut | Fault::BlackHole => random.u64(200..lease_ms * 5 / 2),
        Fault::LostReplies | Fault::Slow => random.u64(200..lease_ms),
        Fault::DiskFull | Fault::DiskFullAndKill => random.u64(500..4_000),
    })
}
