//! The figures of a run.

use std::fmt;
use std::time::Duration;

/// What went wrong on purpose, and how the hosts took it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Faults {
    pub(crate) kills: u64,
    pub(crate) stalls: u64,
    /// Of the network, of whichever kind.
    pub(crate) cuts: u64,
    pub(crate) disk_full: u64,
    /// Stalls of the storage itself.
    pub(crate) storage_stalls: u64,
    /// Hosts that were ready again.
    pub(crate) recoveries: u64,
    /// From the end of a fault until its host was ready.
    pub(crate) slowest_recovery: Duration,
}

/// The figures of a run.
#[derive(Debug, Clone)]
pub struct Report {
    /// What reproduces the faults; when they hit, the machine decides.
    pub seed: u64,
    pub(crate) faults: Faults,
    /// How a disk becomes full here, where one does.
    pub(crate) disk: Option<&'static str>,
    /// Orchestrations that clients started, and those with their children.
    pub(crate) orchestrations: u64,
    pub(crate) with_children: u64,
    /// Turns in the histories that are stored at the end: of the last generation of each instance.
    pub(crate) turns: u64,
    pub(crate) longest_outage: Duration,
    /// From the end of all faults until everything had ended.
    pub(crate) convergence: Duration,
}

impl Report {
    /// How many faults there were.
    pub fn faults(&self) -> u64 {
        let Faults { kills, stalls, cuts, disk_full, storage_stalls, .. } = self.faults;
        kills + stalls + cuts + disk_full + storage_stalls
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, faults, disk, orchestrations, with_children, turns, longest_outage, convergence } = self;
        let Faults { kills, stalls, cuts, disk_full, storage_stalls, recoveries, slowest_recovery } = faults;
        writeln!(f, "seed                {seed}")?;
        writeln!(f, "kills               {kills}")?;
        writeln!(f, "stalls              {stalls}")?;
        writeln!(f, "network cuts        {cuts}")?;
        writeln!(f, "storage stalls      {storage_stalls}")?;
        match disk {
            Some(disk) => writeln!(f, "disk full           {disk_full} ({disk})")?,
            None => writeln!(f, "disk full           {disk_full}")?,
        }
        writeln!(f, "recoveries          {recoveries}, the slowest {:.1} s", slowest_recovery.as_secs_f64())?;
        writeln!(f, "orchestrations      {orchestrations}, with children {with_children}")?;
        writeln!(f, "turns at the end    {turns}")?;
        writeln!(f, "longest outage      {:.1} s", longest_outage.as_secs_f64())?;
        write!(f, "ended after faults  {:.1} s", convergence.as_secs_f64())
    }
}
