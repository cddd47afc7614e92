//! Activities that misbehave, and those beside them.

use std::time::{Duration, Instant};

use engine::{ActivityTask, Failure, Payload, kind};
use wasm::{Engines, Grants, Options};

use crate::support::*;

async fn run(task: ActivityTask) -> Result<Option<Payload>, Failure> {
    GUESTS.run_activity(&task, &Grants::default()).await
}

async fn failure_of(name: &str) -> Failure {
    run(activity(name, None)).await.unwrap_err()
}

#[tokio::test]
async fn an_activity_returns_its_result() {
    assert_eq!(run(activity("echo", Some("text"))).await, Ok(Some("text".into())));
    assert_eq!(run(activity("echo", None)).await, Ok(None));
    let context = format!("test {} 3 2", "07".repeat(16));
    assert_eq!(run(activity("context", None)).await, Ok(Some(context.as_str().into())));
}

#[tokio::test]
async fn a_failure_of_its_own_is_passed_on() {
    let failure = failure_of("fail").await;
    assert_eq!((failure.kind.as_str(), failure.non_retriable), ("on-purpose", true));
}

#[tokio::test]
async fn whatever_goes_wrong_has_a_kind() {
    assert_eq!(failure_of("trap").await.kind, kind::GUEST_TRAPPED);
    assert_eq!(failure_of("recurse").await.kind, kind::GUEST_TRAPPED);
    assert_eq!(failure_of("allocate").await.kind, kind::GUEST_MEMORY);
    assert_eq!(failure_of("huge").await.kind, kind::GUEST_PROTOCOL);
    let unknown = failure_of("nobody").await;
    assert_eq!((unknown.kind.as_str(), unknown.non_retriable), (kind::ACTIVITY_NOT_FOUND, true));
}

#[tokio::test]
async fn a_busy_activity_runs_out_of_computing_time() {
    let failure = failure_of("loop").await;
    assert_eq!(failure.kind, kind::GUEST_DEADLINE);
    insta::assert_snapshot!(failure.message, @"the guest was interrupted after 1s of computing, which is as long as one attempt may take");
}

/// One thread for everything: whoever keeps it keeps everybody.
#[tokio::test(flavor = "current_thread")]
async fn a_busy_activity_does_not_starve_the_others() {
    let busy = run(activity("loop", None));
    let others = async {
        for _ in 0..5 {
            run(activity("echo", None)).await.unwrap();
        }
    };
    tokio::select! {
        biased;
        result = busy => panic!("the busy one came first: {result:?}"),
        () = others => {}
    }
}

#[tokio::test]
async fn waiting_has_a_deadline_of_its_own() {
    let options = Options { activity_deadline: Some(Duration::from_millis(50)), ..options() };
    let component = Engines::new(options).unwrap().load(&guest_file("http_getter")).unwrap();
    let failure = component.run_activity(&activity("sleep", Some("60000")), &Grants::default()).await.unwrap_err();
    assert_eq!(failure.kind, kind::GUEST_DEADLINE);
    insta::assert_snapshot!(failure.message, @"the activity was interrupted after 50ms, waiting included");
}

#[tokio::test]
async fn waiting_costs_no_computing_time() {
    let component = &*HTTP_GETTER;
    let started = Instant::now();
    let waited = component.run_activity(&activity("sleep", Some("1500")), &Grants::default()).await;
    assert_eq!(waited, Ok(Some("1500".into())));
    assert!(started.elapsed() > options().activity_cpu_max, "longer than it may compute");
}

#[tokio::test]
async fn dropping_an_attempt_ends_it_and_makes_room() {
    let options = Options { activities_max: 1, activity_cpu_max: Duration::from_hours(1), ..options() };
    let component = Engines::new(options).unwrap().load(&guest_file("guests")).unwrap();
    let grants = Grants::default();
    let (endless, echo) = (activity("loop", None), activity("echo", None));
    {
        let attempt = component.run_activity(&endless, &grants);
        let dropped = tokio::time::timeout(Duration::from_millis(50), attempt).await;
        assert!(dropped.is_err(), "it would have gone on");
    }
    component.run_activity(&echo, &grants).await.unwrap();
}

#[tokio::test]
async fn who_finds_no_room_waits_for_it() {
    let component =
        Engines::new(Options { activities_max: 1, ..options() }).unwrap().load(&guest_file("guests")).unwrap();
    let (grants, task) = (Grants::default(), activity("echo", None));
    let all = (0..5).map(|_| component.run_activity(&task, &grants));
    for result in join(all).await {
        result.unwrap();
    }
}

/// All of them at the same time.
async fn join<T>(futures: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut pending: Vec<_> = futures.map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(move |context| {
        for (future, result) in &mut pending {
            if result.is_none()
                && let std::task::Poll::Ready(value) = future.as_mut().poll(context)
            {
                *result = Some(value);
            }
        }
        if pending.iter().any(|(_, result)| result.is_none()) {
            return std::task::Poll::Pending;
        }
        std::task::Poll::Ready(pending.iter_mut().filter_map(|(_, result)| result.take()).collect())
    })
    .await
}
