//! Restate: a server, and a service in Node, both started by `peers/restate/peer.mjs`.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use reqwest::Client;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::child::{Program, Usage};
use super::{Outcome, TIMEOUT, installed};
use crate::workload::Workload;

const PACKAGE: &str = include_str!("../../peers/restate/package.json");

/// Of the partitions tried, the fastest number on two cores. By itself it has 24.
const PARTITIONS: &str = "2";

/// Two seconds as a rule.
const READY_LIMIT: Duration = Duration::from_mins(1);

/// How often to look whether it is ready.
const LOOK_EVERY: Duration = Duration::from_millis(50);

pub(super) struct Restate {
    program: Program,
    http: Client,
    /// Where orchestrations are started.
    ingress: u16,
}

pub(super) fn settings() -> String {
    let package: Value = serde_json::from_str(PACKAGE).unwrap_or_default();
    let version = |name: &str| package["dependencies"][name].as_str().unwrap_or_default().to_owned();
    format!(
        "{}, TypeScript SDK {}: one node, {PARTITIONS} partitions, its log fsynced (rocksdb-disable-wal-fsync=false)",
        version("@restatedev/restate-server"),
        version("@restatedev/restate-sdk")
    )
}

impl Restate {
    pub(super) async fn start(place: &Path) -> Result<Self> {
        let log = place.join("log");
        let mut program = spawn(place, &log)?;
        let begun = ready(&mut program, &log).await;
        let ports = begun.with_context(|| format!("Restate does not start; it said:\n{}", text(&log)))?;
        // It is all on the loopback address, whatever proxies the environment names.
        let http = Client::builder().no_proxy().timeout(TIMEOUT).build().context("making an HTTP client")?;
        let restate = Self { program, http, ingress: ports.ingress };
        let service = json!({ "uri": format!("http://127.0.0.1:{}", ports.service) });
        restate.post(ports.admin, "deployments", service.to_string()).await.context("registering the service")?;
        Ok(restate)
    }

    pub(super) fn usage(&self) -> Result<Usage> {
        self.program.usage()
    }

    /// Calls the handlers of a service and waits for their results.
    pub(super) async fn run(&self, service: &str, workload: Workload) -> Result<Outcome> {
        let path: Arc<str> = format!("{service}/{}", workload.orchestration).into();
        let mut latencies = Vec::new();
        let begun = Instant::now();
        if workload.one_at_a_time {
            for _ in 0..workload.instances {
                latencies.push(life(&self.http, self.ingress, &path, workload.activities).await?);
            }
        } else {
            let mut lives = JoinSet::new();
            for _ in 0..workload.instances {
                let (http, ingress, path) = (self.http.clone(), self.ingress, path.clone());
                lives.spawn(async move { life(&http, ingress, &path, workload.activities).await });
            }
            while let Some(life) = lives.join_next().await {
                life.context("a call has panicked")??;
            }
        }
        Ok(Outcome { elapsed: begun.elapsed(), latencies, failed: 0 })
    }

    async fn post(&self, port: u16, path: &str, body: String) -> Result<String> {
        post(&self.http, port, path, body).await
    }
}

/// One orchestration from start to end, by a request that waits for its result.
async fn life(http: &Client, ingress: u16, path: &str, activities: u32) -> Result<Duration> {
    let begun = Instant::now();
    let output = post(http, ingress, path, activities.to_string()).await?;
    ensure!(output == activities.to_string(), "a wrong result: {output}");
    Ok(begun.elapsed())
}

async fn post(http: &Client, port: u16, path: &str, body: String) -> Result<String> {
    let request = http.post(format!("http://127.0.0.1:{port}/{path}")).header("content-type", "application/json");
    let response = request.body(body).send().await.with_context(|| format!("calling {path}"))?;
    let status = response.status();
    let text = response.text().await.with_context(|| format!("calling {path}"))?;
    ensure!(status.is_success(), "{path} answers {status}: {text}");
    Ok(text)
}

/// Starts both programs with their data in `place`.
fn spawn(place: &Path, log: &Path) -> Result<Program> {
    let out = File::create(log).context("making a file for what Restate says")?;
    let script: PathBuf = installed("restate/peer.mjs")?;
    let mut command = Command::new("node");
    command
        .arg(script)
        .arg(place.join("data"))
        .env("RESTATE_DEFAULT_NUM_PARTITIONS", PARTITIONS)
        .env("RESTATE_LOG_SERVER__ROCKSDB_DISABLE_WAL_FSYNC", "false")
        .env("RESTATE_DISABLE_TELEMETRY", "true")
        // What it says has to hold its ports, whatever is set for others.
        .env_remove("RUST_LOG")
        .env("RESTATE_LOG_FILTER", "warn,restate=info")
        .env("RESTATE_LOG_FORMAT", "json")
        // Of the SDK: no line for each call.
        .env("RESTATE_LOGGING", "ERROR")
        .env("NODE_ENV", "production")
        .stdout(out.try_clone()?)
        .stderr(out);
    Program::start(&mut command).context("Restate's service needs Node.js 18 or newer")
}

/// Where its three parts listen.
#[derive(Debug, PartialEq, Eq)]
struct Ports {
    service: u16,
    admin: u16,
    ingress: u16,
}

async fn ready(program: &mut Program, log: &Path) -> Result<Ports> {
    let deadline = Instant::now() + READY_LIMIT;
    loop {
        program.check()?;
        if let Some(ports) = ports(&text(log)) {
            return Ok(ports);
        }
        if Instant::now() > deadline {
            bail!("it is not ready after {READY_LIMIT:?}");
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// The ports in what both programs say, once all are there.
fn ports(log: &str) -> Option<Ports> {
    let service = log.lines().find_map(|line| line.strip_prefix("service ")?.parse().ok())?;
    let port_of = |server: &str| {
        let said = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let mut spans = said.map(|mut line| line["span"].take());
        let span = spans.find(|span| span["server_name"] == server)?;
        span["server.port"].as_u64()?.try_into().ok()
    };
    Some(Ports { service, admin: port_of("admin-api-server")?, ingress: port_of("http-ingress-server")? })
}

fn text(log: &Path) -> String {
    fs::read_to_string(log).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = concat!(
        "service 1\n",
        r#"{"fields":{"message":"Starting"},"target":"restate_server"}"#,
        "\n",
        r#"{"fields":{},"span":{"server.port":2,"server_name":"message-fabric-server","name":"server"}}"#,
        "\n",
        r#"{"fields":{},"span":{"server.port":3,"server_name":"http-ingress-server","name":"server"}}"#,
        "\n",
        r#"{"fields":{},"span":{"server.port":4,"server_name":"admin-api-server","name":"server"}}"#,
    );

    #[test]
    fn ports_are_read_from_what_both_programs_say_and_only_when_all_are_there() {
        assert_eq!(ports(SAID), Some(Ports { service: 1, admin: 4, ingress: 3 }));
        for length in "service 1\n".len()..SAID.len() {
            assert_eq!(ports(&SAID[..length]), None, "{}", &SAID[..length]);
        }
    }

    #[test]
    fn versions_are_those_that_are_installed() {
        assert!(settings().starts_with("1."), "{}", settings());
        assert!(settings().contains("SDK 1."), "{}", settings());
    }
}
