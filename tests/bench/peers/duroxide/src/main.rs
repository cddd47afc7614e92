//! Orchestrations on duroxide, as many as a line of standard input asks for.
//!
//! `duroxide-peer FILE`, then lines of `ORCHESTRATION ACTIVITIES INSTANCES together|in-turn`. Each is answered by a line
//! of JSON: seconds, the milliseconds that each took where one runs at a time, and how many failed. Ends with its input.
//! `RUST_LOG=off` keeps the log of the library out of the answers.

use std::io::{BufRead as _, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use duroxide::providers::sqlite::SqliteProvider;
use duroxide::runtime::registry::ActivityRegistry;
use duroxide::runtime::{Runtime, RuntimeOptions};
use duroxide::{ActivityContext, Client, OrchestrationContext, OrchestrationRegistry, OrchestrationStatus};
use serde_json::json;
use sqlx::Sqlite;
use sqlx::pool::PoolConnection;

/// Longer than this no orchestration may take.
const TIMEOUT: Duration = Duration::from_mins(5);

/// How often to look whether the one that runs alone has ended. Its own way to wait begins at 5 ms, which would add as
/// much to a latency.
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// Its SQLite provider has this many connections.
const CONNECTIONS: usize = 5;

#[tokio::main]
async fn main() -> Result<()> {
    let file = std::env::args().nth(1).context("which file?")?;
    let store = Arc::new(open(Path::new(&file)).await?);
    let client = Client::new(store.clone());
    let mut out = std::io::stdout();
    writeln!(out, "ready")?;
    out.flush()?;
    for (run, line) in std::io::stdin().lock().lines().enumerate() {
        let line = line?;
        let options = options(line.ends_with("in-turn"));
        let runtime = Runtime::start_with_options(store.clone(), activities(), orchestrations(), options).await;
        let answer = serve(&client, run, &line).await?;
        runtime.shutdown(None).await;
        check_durable(&store).await?;
        writeln!(out, "{answer}")?;
        out.flush()?;
    }
    Ok(())
}

/// What it is by itself, which under load was as fast as one dispatcher of each kind instead of two, or shorter waits.
fn options(one_at_a_time: bool) -> RuntimeOptions {
    let default = RuntimeOptions::default();
    RuntimeOptions {
        // By itself it looks for work every 100 ms, which a lone orchestration would wait for.
        dispatcher_min_poll_interval: if one_at_a_time { LOOK_EVERY } else { default.dispatcher_min_poll_interval },
        ..default
    }
}

/// A database whose commits are durable.
async fn open(file: &Path) -> Result<SqliteProvider> {
    std::fs::File::create(file).context("making a file for the database")?;
    let store =
        SqliteProvider::new(&format!("sqlite:{}", file.display()), None).await.context("opening the database")?;
    // It sets `synchronous` to a word that SQLite does not know and takes for NORMAL.
    for mut connection in connections(&store).await? {
        sqlx::query("PRAGMA synchronous = FULL").execute(&mut *connection).await?;
    }
    Ok(store)
}

/// All that its pool may have, opened if they are not yet.
async fn connections(store: &SqliteProvider) -> Result<Vec<PoolConnection<Sqlite>>> {
    let mut connections = Vec::with_capacity(CONNECTIONS);
    for _ in 0..CONNECTIONS {
        connections.push(store.get_pool().acquire().await.context("connecting to the database")?);
    }
    Ok(connections)
}

/// Fails unless all connections sync what they commit: the pool might have replaced one.
async fn check_durable(store: &SqliteProvider) -> Result<()> {
    for mut connection in connections(store).await? {
        let level: i64 = sqlx::query_scalar("PRAGMA synchronous").fetch_one(&mut *connection).await?;
        ensure!(level == 2, "synchronous is {level}, not FULL");
    }
    Ok(())
}

fn activities() -> ActivityRegistry {
    ActivityRegistry::builder().register("echo", |_: ActivityContext, input: String| async move { Ok(input) }).build()
}

fn orchestrations() -> OrchestrationRegistry {
    OrchestrationRegistry::builder().register("fan_out", fan_out).register("sequence", sequence).build()
}

async fn fan_out(ctx: OrchestrationContext, activities: String) -> Result<String, String> {
    let activities: u32 = activities.parse().map_err(|_| "not a number".to_owned())?;
    let calls: Vec<_> = (0..activities).map(|number| ctx.schedule_activity("echo", number.to_string())).collect();
    let results: Vec<_> = ctx.join(calls).await.into_iter().collect::<Result<_, _>>()?;
    Ok(results.len().to_string())
}

async fn sequence(ctx: OrchestrationContext, activities: String) -> Result<String, String> {
    let activities: u32 = activities.parse().map_err(|_| "not a number".to_owned())?;
    let mut done = 0;
    while done < activities {
        let output = ctx.schedule_activity("echo", done.to_string()).await?;
        done = 1 + output.parse::<u32>().map_err(|_| "not a number".to_owned())?;
    }
    Ok(done.to_string())
}

/// Does what a line says.
async fn serve(client: &Client, run: usize, line: &str) -> Result<String> {
    let words: Vec<_> = line.split_whitespace().collect();
    let [orchestration, activities, instances, how] = words[..] else { bail!("not understood: {line}") };
    let instances: usize = instances.parse().context("how many?")?;
    let start = async |number: usize| {
        let id = format!("bench-{run}-{number}");
        client.start_orchestration(&id, orchestration, activities).await.map_err(|error| anyhow!("{error:?}"))?;
        anyhow::Ok(id)
    };
    let mut latencies = Vec::new();
    let mut failed = 0;
    let begun = Instant::now();
    if how == "in-turn" {
        for number in 0..instances {
            let begun = Instant::now();
            let id = start(number).await?;
            failed += usize::from(!completed(client, &id, activities).await?);
            latencies.push(begun.elapsed().as_secs_f64() * 1_000.0);
        }
    } else {
        let mut ids = Vec::with_capacity(instances);
        for number in 0..instances {
            ids.push(start(number).await?);
        }
        // One after another: to look at all of them all the time would be the larger load.
        for id in ids {
            failed += usize::from(!completed(client, &id, activities).await?);
        }
    }
    let seconds = begun.elapsed().as_secs_f64();
    Ok(json!({ "seconds": seconds, "latencies_ms": latencies, "failed": failed }).to_string())
}

/// Waits for the end; a failure is counted, a wrong result is an error.
async fn completed(client: &Client, id: &str, activities: &str) -> Result<bool> {
    let deadline = Instant::now() + TIMEOUT;
    while Instant::now() < deadline {
        match client.get_orchestration_status(id).await.map_err(|error| anyhow!("{error:?}"))? {
            OrchestrationStatus::Completed { output, .. } => {
                ensure!(output == activities, "a wrong result: {output}");
                return Ok(true);
            }
            OrchestrationStatus::Failed { .. } => return Ok(false),
            OrchestrationStatus::NotFound | OrchestrationStatus::Running { .. } => {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        }
    }
    bail!("an orchestration does not end")
}
