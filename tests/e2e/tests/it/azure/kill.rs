//! One of three hosts is killed while all are busy.

use std::collections::{BTreeMap, HashMap};
use std::thread;

use e2e::{Server, guest};
use engine::{EventKind, RuntimeStatus, Timestamp};
use store::{Clock as _, SystemClock};
use wasm::{Engines, LoadedComponent};

use super::load::{COMPONENTS, Job, deploy_components, jobs};
use super::rows::{Reader, Stored};
use super::world::{World, until_or_tell};
use crate::stored::assert_replays;

const HOSTS: [&str; 3] = ["a", "b", "c"];

/// Instances of each of the five shapes.
const OF_EACH: u64 = 60;

const FLAGS: [&str; 4] = ["--partitions", "4", "--lease", "3s"];

/// The story: 300 orchestrations run on three hosts. The host with most partitions is killed, the two others take over
/// what it had, and every result is the one that was computed beforehand, recorded once.
#[test]
fn killing_one_of_three_hosts_under_load_loses_nothing_and_repeats_nothing() {
    let world = World::new();
    let mut hosts: BTreeMap<&str, Server> = HOSTS.map(|name| (name, world.host(name, &FLAGS))).into();
    deploy_components(&hosts["a"]);
    world
        .until_owners("all three have work", |owners| HOSTS.iter().all(|host| !partitions_of(owners, host).is_empty()));

    let jobs = jobs(OF_EACH);
    start_all(&jobs, &hosts);
    let owners = world.owners();
    let victim = HOSTS.into_iter().max_by_key(|host| partitions_of(&owners, host).len()).unwrap();
    let orphaned = partitions_of(&owners, victim);
    let reader = Reader::new(&world);
    let was_open = reader.open();
    let died_at = SystemClock.now();
    hosts.remove(victim).unwrap().kill().unwrap();
    let orphans: Vec<&String> = was_open.iter().filter(|id| orphaned.contains(&partition_of(id))).collect();
    let unfinished = |prefix: &str| orphans.iter().filter(|id| id.starts_with(prefix)).count();
    assert!(unfinished("mixed-") > 0 && unfinished("greet-") > 0, "{victim} was not busy: {orphans:?}");

    for (job, host) in jobs.iter().zip(hosts.values().cycle()) {
        job.raise(host);
    }
    until_or_tell(
        "everything is completed",
        || reader.open().is_empty(),
        || {
            let logs: Vec<String> = hosts.values().map(Server::log).collect();
            format!("open: {:#?}\n{:#}\n{}", reader.open(), world.status(), logs.join("\n"))
        },
    );
    world.until_owners("the survivors have everything", |owners| {
        owners.iter().all(|owner| owner.as_deref().is_some_and(|owner| hosts.contains_key(owner)))
    });

    let stored = reader.all();
    check(&jobs, &stored);
    let recovered: Vec<Timestamp> = stored
        .iter()
        .filter(|(id, _)| orphaned.contains(&partition_of(id)))
        .filter_map(|(_, stored)| stored.row.state.completed_at.filter(|at| *at > died_at))
        .collect();
    let after = |at: Option<&Timestamp>| at.map(|at| at.saturating_since(died_at));
    println!(
        "{victim} had partitions {orphaned:?} and {} of {} open instances; of its instances the first was completed {:?} \
         after the kill, the last after {:?}",
        orphans.len(),
        was_open.len(),
        after(recovered.iter().min()).unwrap(),
        after(recovered.iter().max()).unwrap(),
    );
    for host in hosts.into_values() {
        host.stop().unwrap();
    }
}

/// Starts them through all hosts at the same time.
fn start_all(jobs: &[Job], hosts: &BTreeMap<&str, Server>) {
    thread::scope(|scope| {
        for (index, host) in hosts.values().enumerate() {
            scope.spawn(move || jobs.iter().skip(index).step_by(hosts.len()).for_each(|job| job.start(host)));
        }
    });
}

/// Every job has the result it must have, and every history ends once and is what its component decides again.
fn check(jobs: &[Job], stored: &HashMap<String, Stored>) {
    for Job { id, output, .. } in jobs {
        let state = &stored[id].row.state;
        assert_eq!(state.status, RuntimeStatus::Completed, "{id}: {:?}", state.failure);
        let found: serde_json::Value = serde_json::from_str(state.output.as_ref().unwrap().as_str()).unwrap();
        assert_eq!(found, *output, "{id}");
    }
    let engines = Engines::new(wasm::Options::default()).unwrap();
    let components: Vec<LoadedComponent> =
        COMPONENTS.iter().map(|name| engines.load(&std::fs::read(guest(name).unwrap()).unwrap()).unwrap()).collect();
    let mut children_agreeing = 0;
    for (id, Stored { row, history }) in stored {
        let state = &row.state;
        let outputs = history.iter().filter_map(|event| match &event.kind {
            EventKind::ExecutionCompleted { output } => Some(output),
            _ => None,
        });
        assert_eq!(outputs.collect::<Vec<_>>(), [&state.output], "{id} ends once, as its row says");
        let digest = state.component.unwrap();
        let component = components.iter().find(|component| component.digest() == digest).unwrap();
        assert_replays(&state.instance_id, history, component);

        let mut children = HashMap::new();
        for event in history {
            match &event.kind {
                EventKind::SubOrchestrationCreated { task, instance_id, .. } => {
                    children.insert(*task, instance_id.as_str());
                }
                EventKind::SubOrchestrationCompleted { task, output } => {
                    let child = children.remove(task).unwrap();
                    assert_eq!(*output, stored[child].row.state.output, "{id} has the result of {child}, once");
                    children_agreeing += 1;
                }
                _ => {}
            }
        }
    }
    let parents = jobs.iter().filter(|job| job.id.starts_with("fulfil-")).count();
    assert_eq!(children_agreeing, 2 * parents, "each of them has two children");
}

/// Which of four partitions an instance belongs to, as DurableTask places it: 32-bit FNV-1a of its id.
fn partition_of(id: &str) -> usize {
    let hash = id.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(16_777_619));
    hash as usize % 4
}

/// The partitions that a host serves.
fn partitions_of(owners: &[Option<String>], host: &str) -> Vec<usize> {
    owners.iter().enumerate().filter(|(_, owner)| owner.as_deref() == Some(host)).map(|(index, _)| index).collect()
}
