//! A crash after every step of a life.

use engine::{Digest, Message, RuntimeStatus};
use store::{ComponentRecord, InstanceFilter, InstanceRow, Snapshot};

use crate::{Setup, World, child_start, execution, id, raised};

const STEPS: usize = 12;

async fn step(world: &mut World, number: usize) {
    world.advance_ms(1);
    match number {
        0 => world.create("a").await,
        1 => {
            let work = world.fetch_of("a").await;
            let child = Message::Start(Box::new(child_start(execution(2), world.now())));
            let turn = world.turn("a").await.append(1, 3).status(RuntimeStatus::Running);
            world.commit(turn.consume(&work.messages).send("child", child).open_activities()).await;
        }
        2 => world.send("a", raised(1)).await,
        3 => drop(world.commit(world.turn("a").await.append(4, 6).wake_at(world.in_ms(1_000_000))).await),
        4 => drop(world.hold("a").await),
        5 => world.backend().release(&id("a"), Some(Digest::of(b"new"))).await.unwrap(),
        6 => drop(world.commit(world.turn("a").await.replace(2).send("child", raised(2))).await),
        7 => drop(world.commit(world.turn("a").await.append(3, 3).status(RuntimeStatus::Failed)).await),
        8 => {
            let digest = Digest::of(b"component");
            let record = ComponentRecord {
                digest,
                name: "c".to_owned(),
                bytes: 9,
                deployed_at: world.now(),
                orchestrations: Vec::new(),
                activities: Vec::new(),
                grants: String::new(),
            };
            world.backend().deploy(record, b"component".to_vec()).await.unwrap();
        }
        9 => world.create_as("a", 3).await,
        10 => drop(world.commit(world.turn("a").await.replace(1).status(RuntimeStatus::Completed)).await),
        _ => world.backend().purge(&id("a")).await.unwrap(),
    }
}

/// All that is stored, once everything that was sent has arrived.
async fn seen(world: &mut World) -> (Vec<InstanceRow>, Vec<Option<Snapshot>>, Vec<ComponentRecord>) {
    world.ready().await;
    let rows = world.backend().list(&InstanceFilter::default()).await.unwrap().rows;
    let rows = rows.iter().map(|row| world.without_lag(row)).collect();
    let mut snapshots = Vec::new();
    for instance in ["a", "child"] {
        let snapshot = world.backend().load(&id(instance)).await.unwrap();
        // Messages that show up again say nothing of the instance.
        snapshots.push(snapshot.map(|snapshot| Snapshot { taken_in: Vec::new(), is_unfinished: false, ..snapshot }));
    }
    (rows, snapshots, world.backend().components().await.unwrap())
}

pub async fn whatever_was_answered_is_there_after_a_crash(world: &mut World) {
    for crash_after in 0..STEPS {
        world.begin_anew(Setup::default()).await;
        for number in 0..=crash_after {
            step(world, number).await;
        }
        let before = seen(world).await;
        world.crash().await;
        assert_eq!(seen(world).await, before, "after step {crash_after}");
    }
}

pub async fn a_life_with_a_crash_after_every_step_is_the_same_life(world: &mut World) {
    async fn live(world: &mut World, crashes: bool) -> Vec<Option<RuntimeStatus>> {
        world.begin_anew(Setup::default()).await;
        let mut lived = Vec::new();
        for number in 0..STEPS {
            step(world, number).await;
            if crashes {
                world.crash().await;
            }
            let row = world.backend().get(&id("a")).await.unwrap();
            lived.push(row.map(|row| row.state.status));
        }
        lived
    }
    let undisturbed = live(world, false).await;
    assert_eq!(live(world, true).await, undisturbed);
}
