//! More work than can be done at once.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::sync::mpsc;

use engine::RuntimeStatus;
use worker::Options;

use crate::guests::{complete, immediate};
use crate::world::{World, eventually, options, patiently};

#[tokio::test]
async fn a_stuck_backend_stops_the_fetching() {
    let world = World::new();
    world.runtime.orchestration("immediate", immediate("done"));
    let commits = world.source.gate_commits();
    for n in 0..1_000 {
        world.create(&format!("i{n}"), "immediate").await;
    }
    let worker = world.start(Options { shards: 1, instances_busy_per_shard_max: 2, ..options() });
    eventually("the inbox to be full", || worker.stats().inbox_depth == 256 && worker.stats().instances_busy == 2)
        .await;
    // Two in hand, the inbox, and the rest of the fetch that waits in front of it.
    assert!(world.source.fetched.load(Ordering::SeqCst) <= 512);
    commits.add_permits(1_000);
    for n in 0..1_000 {
        world.until_completed(&format!("i{n}")).await;
    }
    assert!(worker.stats().instances_busy <= 2);
}

#[tokio::test]
async fn a_slow_guest_delays_only_its_shard() {
    let world = World::new();
    let (release, released) = mpsc::channel::<()>();
    let released = Arc::new(Mutex::new(Some(released)));
    world.runtime.orchestration("slow", move |_| {
        let released = Arc::clone(&released);
        Box::new(move |_| {
            let _ = released.lock().unwrap().take().unwrap().recv();
            vec![complete("slow")]
        })
    });
    world.runtime.orchestration("quick", immediate("quick"));
    let _worker = world.start(options());
    world.create("slow", "slow").await;
    eventually("the slow one", || !world.runtime.starts.lock().unwrap().is_empty()).await;
    for n in 0..50 {
        world.create(&format!("i{n}"), "quick").await;
    }
    // Which ones share the shard of the slow one is a matter of the hash; about half of them do.
    let others = ["i0", "i1", "i2", "i3"];
    let mut quick = Vec::new();
    patiently("a quick one", async {
        while quick.is_empty() {
            for instance in others {
                if world.row(instance).await.state.status == RuntimeStatus::Completed {
                    quick.push(instance);
                }
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
    release.send(()).unwrap();
    for n in 0..50 {
        world.until_completed(&format!("i{n}")).await;
    }
    assert_eq!(world.until_completed("slow").await, "slow");
}
