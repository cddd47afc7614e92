//! Activities: how many, how they fail, how they are interrupted.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use engine::{Action, Event, EventKind, TaskId, kind};
use tokio::sync::Semaphore;
use worker::Options;

use crate::guests::{activity, complete, fan_out};
use crate::world::{World, eventually, options};

#[tokio::test]
async fn no_more_activities_run_than_the_options_say() {
    for (options, most) in
        [(Options { activities_max: 3, ..options() }, 3), (Options { activities_per_name_max: 2, ..options() }, 2)]
    {
        let world = World::new();
        let gate = Arc::new(Semaphore::new(0));
        let (running, peak) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (opened, begun, highest) = (Arc::clone(&gate), Arc::clone(&running), Arc::clone(&peak));
        world.runtime.activity("a", move |_| {
            let (gate, running, peak) = (Arc::clone(&opened), Arc::clone(&begun), Arc::clone(&highest));
            async move {
                peak.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                gate.acquire().await.unwrap().forget();
                running.fetch_sub(1, Ordering::SeqCst);
                Ok(None)
            }
        });
        world.runtime.orchestration("fan", fan_out("a", 10));
        let worker = world.start(options);
        world.create("i", "fan").await;
        eventually("the limit", || {
            let stats = worker.stats();
            let begun = running.load(Ordering::SeqCst);
            (begun, stats.activities_running, stats.activities_waiting) == (most, most, 10 - most)
        })
        .await;
        gate.add_permits(10);
        assert_eq!(world.until_completed("i").await, "10");
        assert_eq!(peak.load(Ordering::SeqCst), most);
    }
}

#[tokio::test]
async fn a_panicking_activity_fails() {
    let world = World::new();
    world.runtime.activity("a", |_| async { panic!("on purpose") });
    world.runtime.orchestration("fan", fan_out("a", 1));
    let worker = world.start(options());
    world.create("i", "fan").await;
    assert_eq!(world.until_completed("i").await, "0");
    let events = world.events("i").await;
    let failed = events.iter().find_map(|event| match event {
        EventKind::TaskFailed { failure, .. } => Some(failure.kind.as_str()),
        _ => None,
    });
    assert_eq!(failed, Some(kind::HOST_PANICKED));
    assert_eq!(worker.stats().activities_failed, 1);
    let distributions = worker.monitor().distributions();
    assert_eq!(distributions.activity_failed_seconds.count(), 1);
    assert_eq!(distributions.activity_completed_seconds.count(), 0);
}

#[tokio::test]
async fn a_canceled_activity_is_interrupted() {
    struct Interrupted(Arc<AtomicBool>);
    impl Drop for Interrupted {
        fn drop(&mut self) {
            self.0.store(true, Ordering::SeqCst);
        }
    }

    let world = World::new();
    let interrupted = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&interrupted);
    world.runtime.activity("endless", move |_| {
        let guard = Interrupted(Arc::clone(&flag));
        async move {
            let _guard = guard;
            std::future::pending().await
        }
    });
    let gate = world.runtime.gated("b");
    world.runtime.orchestration("race", |_| {
        Box::new(|turn| match turn.events.first() {
            None => vec![activity(0, "endless"), activity(1, "b")],
            Some(Event::ActivityCompleted { .. }) => {
                vec![Action::Cancel { task: TaskId(0) }, Action::WaitEvent { task: TaskId(2), name: "go".to_owned() }]
            }
            Some(_) => vec![complete("")],
        })
    });
    let worker = world.start(options());
    world.create("i", "race").await;
    eventually("both to run", || worker.stats().activities_running == 2).await;
    gate.add_permits(1);
    eventually("the interruption", || interrupted.load(Ordering::SeqCst)).await;
    eventually("its place", || worker.stats().activities_running == 0).await;
    assert_eq!(worker.stats().activities_run, 1, "an interrupted attempt has no result");
}

#[test]
fn a_runtime_that_goes_down_begins_nothing_in_the_places_that_become_free() {
    let tokio = tokio::runtime::Runtime::new().unwrap();
    let world = World::new();
    let _gate = world.runtime.gated("a");
    // Each beginning what comes next would be as many calls on one stack.
    world.runtime.orchestration("fan", fan_out("a", 10_000));
    let worker = tokio.block_on(async {
        let worker = world.start(Options { activities_max: 1, ..options() });
        world.create("i", "fan").await;
        eventually("all but one to wait", || worker.stats().activities_waiting == 9_999).await;
        worker
    });
    drop(tokio);
    assert_eq!((world.runtime.attempts(), worker.stats().activities_running), (1, 0));
}
