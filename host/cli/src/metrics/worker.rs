//! Of the worker: turns, commits, activities, and what waits.

use std::fmt::Error;

use prometheus_client::registry::Unit;
use worker::{Distributions, Stats};

use super::WorkerNumbers;
use super::exposition::Exposition;

/// Writes down what is known.
pub(super) fn encode(numbers: &WorkerNumbers, to: &mut Exposition<'_>) -> Result<(), Error> {
    let WorkerNumbers { stats, distributions, waiting, storage_available, oldest_wait_seconds } = numbers;
    turns(stats, distributions, to)?;
    instances(stats, to)?;
    let help = "Instances that wait for an orchestration that no component offers.";
    let series = waiting.iter().map(|(orchestration, count)| ([("orchestration", orchestration.as_str())], *count));
    to.levels("instances_waiting", help, series)?;
    activities(stats, distributions, to)?;
    to.level("work_items_queued", "Work items in front of shards.", None, stats.inbox_depth)?;
    to.level("messages_in_hand", "Messages that shards keep in memory.", None, stats.messages_in_hand)?;
    let help = "How long the oldest message has waited whose instance could run.";
    to.gauge("oldest_wait", help, Some(&Unit::Seconds), *oldest_wait_seconds)?;
    let help = "Whether the storage hands out work: 1 or 0.";
    to.level("storage_available", help, None, usize::from(*storage_available))
}

fn turns(stats: &Stats, distributions: &Distributions, to: &mut Exposition<'_>) -> Result<(), Error> {
    let messages = Unit::Other("messages".to_owned());
    let events = Unit::Other("events".to_owned());
    to.counter("turns", "Turns that were run.", stats.turns)?;
    to.histogram("turn", "Time that a turn ran.", &Unit::Seconds, &distributions.turn_seconds)?;
    to.histogram("turn", "Messages that a turn took in.", &messages, &distributions.turn_messages)?;
    let help = "Time that the first message of a turn was in front of it.";
    to.histogram("turn_wait", help, &Unit::Seconds, &distributions.wait_seconds)?;
    let outcomes = [
        ("ok", stats.commits),
        ("stale", stats.commits_stale),
        ("not_owned", stats.commits_not_owned),
        ("not_done", stats.commits_not_done),
        ("unknown", stats.commits_unknown),
        ("refused", stats.commits_refused),
    ];
    let series = outcomes.map(|(outcome, count)| ([("outcome", outcome)], count));
    to.counters("commits", "Commits by what became of them.", series)?;
    let help = "Time from handing a commit to the storage until its answer.";
    to.histogram("commit", help, &Unit::Seconds, &distributions.commit_seconds)?;
    let help = "Commits and holds that were refused because somebody else had moved the instance on.";
    to.counter("split_brains", help, stats.split_brains)?;
    let help = "Events of a history that was replayed because its instance was not warm.";
    to.histogram("replay", help, &events, &distributions.replay_events)
}

fn instances(stats: &Stats, to: &mut Exposition<'_>) -> Result<(), Error> {
    to.counter("warm_hits", "Work that found its instance warm.", stats.warm_hits)?;
    to.counter("cold_loads", "Work whose instance had to be loaded.", stats.cold_loads)?;
    to.counter("evictions", "Instances dropped to stay within the memory for warm guests.", stats.evictions)?;
    to.counter("instances_held", "Instances that were held.", stats.held)?;
    to.level("instances_warm", "Instances in memory.", None, stats.instances_warm)?;
    to.level("instances_busy", "Instances that load, run or commit.", None, stats.instances_busy)?;
    to.level("warm_guests", "Memory of the guests that are kept warm.", Some(&Unit::Bytes), stats.warm_bytes)
}

fn activities(stats: &Stats, distributions: &Distributions, to: &mut Exposition<'_>) -> Result<(), Error> {
    let completed = stats.activities_run.saturating_sub(stats.activities_failed);
    let series = [("completed", completed), ("failed", stats.activities_failed)];
    let series = series.map(|(outcome, count)| ([("outcome", outcome)], count));
    to.counters("activities", "Attempts of activities that have ended.", series)?;
    let series = [
        (("outcome", "completed"), &distributions.activity_completed_seconds),
        (("outcome", "failed"), &distributions.activity_failed_seconds),
    ];
    to.histograms("activity", "Time that an attempt of an activity ran.", &Unit::Seconds, series)?;
    let help = "Attempts that failed because no component has the activity.";
    to.counter("activities_not_found", help, stats.activities_not_found)?;
    let help = "Attempts that were left to other hosts.";
    to.counter("activities_offered", help, stats.activities_offered)?;
    let help = "Attempts that were taken from the queue that hosts share.";
    to.counter("activities_taken", help, stats.activities_taken)?;
    to.level("activities_running", "Attempts that run.", None, stats.activities_running)?;
    to.level("activities_waiting", "Attempts that wait for a place.", None, stats.activities_waiting)
}
