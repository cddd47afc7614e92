//! How a host and its task hub are.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How a host and its task hub are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HubStatus {
    /// The host's release.
    pub version: String,
    /// `starting`, `ready`, `unhealthy` or `stopping`.
    pub status: String,
    /// The kind of storage: `sqlite` or `azure`.
    pub store: String,
    /// The task hub's name, if the storage has several.
    #[serde(default)]
    pub hub: Option<String>,
    /// What this host's worker does; none before it runs.
    #[serde(default)]
    pub worker: Option<WorkerStatus>,
    /// What only this kind of storage has.
    #[serde(default)]
    pub storage: Option<serde_json::Value>,
}

/// What a host's worker has done since it started, and has in hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorkerStatus {
    /// Work items that were run.
    pub turns: u64,
    /// Commits that succeeded.
    pub commits: u64,
    /// Commits that came too late, because another host had moved the instance on.
    pub commits_stale: u64,
    /// Activity attempts that ended, either way.
    pub activities_run: u64,
    /// Activity attempts that failed.
    pub activities_failed: u64,
    /// Activity attempts running now.
    pub activities_running: u64,
    /// Activity attempts waiting for room now.
    pub activities_waiting: u64,
    /// Instances with their history in memory now.
    pub instances_warm: u64,
    /// Instances loading, running or committing now.
    pub instances_busy: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shortest_status_is_fixed() {
        let status = HubStatus {
            version: "0.1.0".into(),
            status: "ready".into(),
            store: "sqlite".into(),
            hub: None,
            worker: Some(WorkerStatus::default()),
            storage: None,
        };
        insta::assert_snapshot!(serde_json::to_string(&status).unwrap(), @r#"{"version":"0.1.0","status":"ready","store":"sqlite","hub":null,"worker":{"turns":0,"commits":0,"commitsStale":0,"activitiesRun":0,"activitiesFailed":0,"activitiesRunning":0,"activitiesWaiting":0,"instancesWarm":0,"instancesBusy":0},"storage":null}"#);
    }
}
