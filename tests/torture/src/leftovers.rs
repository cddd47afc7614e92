//! What may be left in storage: nothing that only a live instance needs; and after a purge of all, nothing.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use crate::cluster::Cluster;
use crate::net::{DURABLE, Net};
use crate::stored::{AzureStored, Instances, SqliteLeftovers, sqlite, sqlite_leftovers};
use crate::violations::Violations;

/// As many partitions as hosts are told to make.
const PARTITIONS: u8 = 4;

/// How long messages that were consumed while storage was out of reach may take until they are deleted: they show up
/// once more after their lease, and are thrown away.
const QUEUES_EMPTY_WITHIN: Duration = Duration::from_mins(2);

/// Every instance that is stored. The hosts do not run, or do nothing.
pub(crate) fn instances(cluster: &Cluster) -> Result<Instances> {
    match &cluster.account {
        None => sqlite(&cluster.runtime, cluster.hosts[0].folder()),
        Some(account) => {
            let connection = account.azurite.connection_string();
            AzureStored::new(&cluster.runtime, &connection, &account.hub)?.instances()
        }
    }
}

/// Waits until no message is left; the hosts run. Notes those that stay.
pub(crate) fn check_queues(cluster: &Cluster, violations: &Violations) -> Result<()> {
    let Some(account) = &cluster.account else { return Ok(()) };
    let stored = AzureStored::new(&cluster.runtime, &account.azurite.connection_string(), &account.hub)?;
    let deadline = Instant::now() + QUEUES_EMPTY_WITHIN;
    loop {
        let left = stored.leftovers(PARTITIONS)?;
        if left.messages == 0 {
            return Ok(());
        }
        if Instant::now() > deadline {
            violations.note(&format!("everything has ended, and after {QUEUES_EMPTY_WITHIN:?} there are {left:?}"));
            return Ok(());
        }
        thread::sleep(Duration::from_millis(500));
    }
}

/// Notes what is left of live instances in the file of a host that does not run.
pub(crate) fn check_file(cluster: &Cluster, violations: &Violations) -> Result<()> {
    if cluster.account.is_none() {
        let left = sqlite_leftovers(cluster.hosts[0].folder())?;
        if left.messages > 0 || left.waiting > 0 {
            violations.note(&format!("everything has ended, and there are {left:?}"));
        }
    }
    Ok(())
}

/// Purges everything through the hosts, which run, and notes what is left then. Stops them.
pub(crate) fn check_purged(
    cluster: &mut Cluster,
    net: &Net,
    stored: &Instances,
    violations: &Violations,
) -> Result<()> {
    for id in stored.keys() {
        let path = format!("{DURABLE}/instances/{}", id.replace(':', "%3A"));
        let deadline = Instant::now() + Duration::from_mins(1);
        let answer = net.ask("DELETE", &path, None, || deadline).context("a purge was not answered")?;
        if answer.status != 200 && !(answer.status == 404 && answer.is_repeated) {
            violations.note(&format!("{id}: its purge was answered with {answer:?}"));
        }
    }
    let account = cluster.account.as_ref().map(|account| (account.azurite.connection_string(), account.hub.clone()));
    cluster.stop(net)?;
    match account {
        None => {
            let left = sqlite_leftovers(cluster.hosts[0].folder())?;
            if left != SqliteLeftovers::default() {
                violations.note(&format!("everything was purged, and there are {left:?}"));
            }
        }
        Some((connection, hub)) => {
            let left = AzureStored::new(&cluster.runtime, &connection, &hub)?.leftovers(PARTITIONS)?;
            if left != crate::stored::AzureLeftovers::default() {
                violations.note(&format!("everything was purged, and there are {left:?}"));
            }
        }
    }
    Ok(())
}
