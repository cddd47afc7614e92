//! One run: everything that a seed stands for, from an empty hub to an empty hub.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use engine::{InstanceId, Message, RuntimeStatus};
use fastrand::Rng;
use tokio::task::JoinSet;

use crate::check::{children, ending};
use crate::figures::Figures;
use crate::hosts::Hosts;
use crate::hub::Hub;
use crate::plan::{Backend, Plan};
use crate::program::BROKEN;
use crate::program::guest::ROOT;
use crate::sabotage::Sabotage;
use crate::world::{Rule, Violation, World};
use crate::{chaos, client, time};

/// How long no activity may run, once faults have ended, before everything has: messages may be put aside for minutes,
/// several times.
const PATIENCE: Duration = Duration::from_hours(12);
/// The same where it is known that it will not end.
const SABOTAGED_PATIENCE: Duration = Duration::from_mins(10);
/// How often is looked whether everything has ended.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Lines of a trace that are shown of a violation.
const TAIL_LINES: usize = 120;

/// What to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scenario {
    /// Everything is drawn from it.
    pub seed: u64,
    /// What keeps the state.
    pub backend: Backend,
    /// What is broken on purpose.
    pub sabotage: Option<Sabotage>,
    /// Whether there are clients, ids and programs that are not as Rondo's own would be.
    pub strangers: bool,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// What it amounted to.
    pub figures: Figures,
    /// The first promise that was broken.
    pub violation: Option<Violation>,
    /// Everything that happened, if it was asked for.
    pub trace: Vec<String>,
    /// The last of it that concerns the violation.
    pub tail: Vec<String>,
}

/// Runs a scenario. The same one has the same end and the same trace, always.
///
/// # Errors
/// The simulation itself could not be set up.
pub fn run(scenario: Scenario, is_traced: bool) -> Result<Ended> {
    let Scenario { seed, backend, sabotage, strangers } = scenario;
    let plan = Plan::draw(seed, backend, strangers);
    time::in_virtual_time(seed, async {
        let mut rng = Rng::with_seed(seed ^ 0x5eed);
        let world = Arc::new(World::new(plan, sabotage, is_traced));
        let (hub, observer) = match backend {
            Backend::Memory => Hub::new_memory(&world),
            Backend::Azure => Hub::new_azure(&world, &mut rng).await.context("preparing the hub")?,
        };
        let hosts = Hosts::start(&world, hub, observer, rng);
        tokio::select! {
            biased;
            _ = world.violated() => {}
            ended = live(&hosts) => ended?,
        }
        hosts.stop();
        world.count(|figures| {
            figures.seeds = 1;
            figures.virtual_time = world.clock.elapsed();
            figures.instances = world.checks().ended();
        });
        let violation = world.violation();
        let tail = violation.as_ref().map(|violation| world.trace.tail(&violation.instance, TAIL_LINES));
        Ok(Ended { figures: world.figures(), violation, trace: world.trace.render(), tail: tail.unwrap_or_default() })
    })
}

async fn live(hosts: &Rc<Hosts>) -> Result<()> {
    let world = &hosts.world;
    let patience = if world.sabotage.is_some() { SABOTAGED_PATIENCE } else { PATIENCE };
    let mut clients = JoinSet::new();
    for (number, script) in world.plan.scripts.clone().into_iter().enumerate() {
        clients.spawn_local(client::play(Rc::clone(hosts), number, script));
    }
    chaos::rage(hosts).await;
    hosts.check_health();
    let violation = |rule, text: String| world.checked(Err(Violation::new(rule, "", text)));
    let clients_end = async {
        while let Some(ended) = clients.join_next().await {
            if let Err(error) = ended {
                violation(Rule::NobodyPanics, format!("a client: {error}"));
            }
        }
    };
    if !patiently(world, patience, clients_end).await {
        stuck(hosts);
        // Rows alone do not tell: a client may wait for an answer about an instance that has ended, or has none.
        violation(Rule::EverythingEnds, "a client still waits, long after the last fault".to_owned());
        return Ok(());
    }
    if !patiently(world, patience, until_quiet(hosts)).await {
        stuck(hosts);
        let messages = hosts.hub.messages().await?;
        violation(Rule::NothingIsLeft, format!("{messages} messages, {:?}", hosts.in_hand()));
        return Ok(());
    }
    check_all(hosts);
    hosts.check_health();
    clean_up(hosts).await
}

/// Waits for something; false when it does not come, and no activity has run for all of `patience`. Some programs
/// are just long.
async fn patiently(world: &World, patience: Duration, awaited: impl Future<Output = ()>) -> bool {
    let mut awaited = std::pin::pin!(awaited);
    let mut activities = world.figures().activities;
    while tokio::time::timeout(patience, &mut awaited).await.is_err() {
        let before = std::mem::replace(&mut activities, world.figures().activities);
        if before == activities {
            return false;
        }
    }
    true
}

/// Says which instance has not ended.
fn stuck(hosts: &Hosts) {
    let rows = hosts.observer.rows().unwrap_or_default();
    for row in rows.iter().filter(|row| !row.state.status.is_terminal()) {
        let instance_id = &row.state.instance_id;
        let Some((_, history)) = hosts.observer.read(instance_id) else { continue };
        hosts.world.checked(children::check(instance_id, &history, &rows));
    }
    for row in rows {
        let state = &row.state;
        if !state.status.is_terminal() {
            let text = format!("it is {:?} long after the last fault", state.status);
            hosts.world.checked(Err(Violation::new(Rule::EverythingEnds, &state.instance_id, text)));
        }
    }
}

/// Waits until every instance has ended and nothing is under way any more.
async fn until_quiet(hosts: &Hosts) {
    loop {
        let mut is_quiet = hosts.hub.messages().await.is_ok_and(|count| count == 0) && hosts.in_hand().is_empty();
        for row in hosts.observer.rows().unwrap_or_default() {
            let state = &row.state;
            is_quiet &= state.status.is_terminal();
            // Detached children have nobody else who rewinds them.
            if state.failure.as_ref().is_some_and(|failure| failure.kind == BROKEN) {
                is_quiet = false;
                let root = state.tags.get(ROOT).cloned().unwrap_or_default();
                hosts.world.mend(&root);
                hosts.world.checks().allowed.rewound.insert(root);
                // Tried again until it has come to something.
                let _ = hosts
                    .client(None)
                    .send(
                        &state.instance_id,
                        Message::Rewind { reason: None, execution_id: None, asker: None, to_event: None },
                    )
                    .await;
            } else if state.status == RuntimeStatus::Suspended {
                let _ = hosts
                    .client(None)
                    .send(&state.instance_id, Message::Resume { reason: None, execution_id: None })
                    .await;
            }
        }
        if is_quiet {
            return;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Checks every instance that there is.
fn check_all(hosts: &Hosts) {
    let rows = hosts.observer.rows().unwrap_or_default();
    hosts.world.checked(hosts.world.checks().check_detached());
    let is_there = |id: &InstanceId| rows.iter().any(|row| row.state.instance_id == *id);
    let missing = hosts.world.checks().must_exist().find(|id| !is_there(id)).cloned();
    if let Some(missing) = missing {
        let text = "nobody has purged it, and it is gone".to_owned();
        hosts.world.checked(Err(Violation::new(Rule::PurgesSpareOthers, &missing, text)));
    }
    for row in rows {
        let instance_id = &row.state.instance_id;
        let Some((Some(row), history)) = hosts.observer.read(instance_id) else {
            let text = "it cannot be read, and nothing is under way".to_owned();
            hosts.world.checked(Err(Violation::new(Rule::PurgesSpareOthers, instance_id, text)));
            continue;
        };
        let script = hosts.world.plan.scripts.iter().find(|script| script.instance == instance_id.as_str());
        let bytes = script.and_then(|script| script.lives.last()).map_or(0, |life| life.input_bytes);
        hosts.world.checked(ending::check(&hosts.world, &row, history, bytes));
    }
}

/// Purges everything, after which nothing may be left.
async fn clean_up(hosts: &Hosts) -> Result<()> {
    let purged = hosts.world.checks().allowed.purged.clone();
    for row in hosts.observer.rows().unwrap_or_default() {
        let instance_id = &row.state.instance_id;
        hosts.world.checks().allowed.purged.insert(instance_id.clone());
        if let Err(error) = hosts.client(None).purge(instance_id).await {
            let text = format!("it cannot be purged: {error}");
            hosts.world.checked(Err(Violation::new(Rule::NothingIsLeft, instance_id, text)));
        }
    }
    let left = hosts.hub.leftovers(&purged).await?;
    if !left.is_empty() {
        let text = format!("after everything was purged: {left:?}");
        hosts.world.checked(Err(Violation::new(Rule::NothingIsLeft, "", text)));
    }
    Ok(())
}
