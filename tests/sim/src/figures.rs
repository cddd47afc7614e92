//! What runs add up to.

use std::fmt;
use std::ops::AddAssign;
use std::time::Duration;

/// Counts over one run or many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Figures {
    /// Runs.
    pub seeds: u64,
    /// Time that passed in them.
    pub virtual_time: Duration,
    /// Instances that ended, children included.
    pub instances: u64,
    /// Work items that were run through the engine.
    pub turns: u64,
    /// Commits that succeeded.
    pub commits: u64,
    /// Activity attempts that ended.
    pub activities: u64,
    /// Requests to storage.
    pub requests: u64,
    /// Hosts that died.
    pub crashes: u64,
    /// Hosts that stood still.
    pub stalls: u64,
    /// Hosts that left in good order and came back.
    pub restarts: u64,
    /// Requests that were carried out and not answered.
    pub lost_replies: u64,
    /// Requests that were carried out long after their sender had given up.
    pub late_requests: u64,
    /// Requests that were refused or throttled.
    pub refusals: u64,
    /// Messages put twice, or late.
    pub message_faults: u64,
    /// Leases stolen, and partitions lost for a while.
    pub thefts: u64,
    /// Turns that came too late: somebody else had moved the instance on.
    pub split_brains: u64,
    /// Turns that came after their instance had moved to another host in good order.
    pub not_owned: u64,
}

impl AddAssign for Figures {
    fn add_assign(&mut self, other: Self) {
        let Self {
            seeds,
            virtual_time,
            instances,
            turns,
            commits,
            activities,
            requests,
            crashes,
            stalls,
            restarts,
            lost_replies,
            late_requests,
            refusals,
            message_faults,
            thefts,
            split_brains,
            not_owned,
        } = other;
        self.seeds += seeds;
        self.virtual_time += virtual_time;
        self.instances += instances;
        self.turns += turns;
        self.commits += commits;
        self.activities += activities;
        self.requests += requests;
        self.crashes += crashes;
        self.stalls += stalls;
        self.restarts += restarts;
        self.lost_replies += lost_replies;
        self.late_requests += late_requests;
        self.refusals += refusals;
        self.message_faults += message_faults;
        self.thefts += thefts;
        self.split_brains += split_brains;
        self.not_owned += not_owned;
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows: [(&str, String); 17] = [
            ("seeds", self.seeds.to_string()),
            ("virtual hours", format!("{:.1}", self.virtual_time.as_secs_f64() / 3_600.0)),
            ("instances", self.instances.to_string()),
            ("turns", self.turns.to_string()),
            ("commits", self.commits.to_string()),
            ("activities", self.activities.to_string()),
            ("requests", self.requests.to_string()),
            ("crashes", self.crashes.to_string()),
            ("stalls", self.stalls.to_string()),
            ("restarts", self.restarts.to_string()),
            ("lost replies", self.lost_replies.to_string()),
            ("late requests", self.late_requests.to_string()),
            ("refusals", self.refusals.to_string()),
            ("message faults", self.message_faults.to_string()),
            ("lost partitions", self.thefts.to_string()),
            ("split brains", self.split_brains.to_string()),
            ("moved in order", self.not_owned.to_string()),
        ];
        for (name, value) in rows {
            writeln!(f, "{name:<16}{value:>12}")?;
        }
        Ok(())
    }
}
