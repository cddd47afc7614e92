use std::task::Poll;

use crate::*;

#[test]
fn join_schedules_everything_in_the_same_turn() {
    let run = run(|ctx, ()| async move {
        let (a, b, c) = join!(ctx.activity::<u64>("double", 1), ctx.activity::<u64>("double", 2), timer(&ctx, 5));
        let () = c;
        Ok(a? + b?)
    });
    assert_eq!(run.result().unwrap(), &6);
    assert_eq!(run.log()[..3], ["activity 0 double 1", "activity 1 double 2", "timer 2 at 5000ms"]);
}

#[test]
fn try_join_ends_at_the_first_failure_and_cancels_the_rest() {
    let run = run(|ctx, ()| async move {
        try_join!(
            async {
                timer(&ctx, 60).await;
                Ok(())
            },
            ctx.activity::<()>("fail", "out-of-stock"),
        )
        .map(|_| ())
    });
    assert_eq!(run.result().unwrap_err().kind(), "out-of-stock");
    assert_eq!(run.log()[3..], ["cancel 0", "fail out-of-stock: as asked"]);
    assert_eq!(run.elapsed(), secs(0));
}

#[test]
fn join_all_keeps_the_order_of_the_futures_and_not_of_the_results() {
    let run = run(|ctx, ()| async move {
        let waits = [3, 1, 2].map(|s| {
            let ctx = ctx.clone();
            async move {
                timer(&ctx, s).await;
                s
            }
        });
        Ok(join_all(waits).await)
    });
    assert_eq!(run.result().unwrap(), &[3, 1, 2]);
    assert_eq!(run.elapsed(), secs(3));
}

#[test]
fn join_all_of_nothing_is_nothing() {
    let run = run(|_, ()| async move { Ok(join_all(std::iter::empty::<Timer>()).await.len()) });
    assert_eq!(run.result().unwrap(), &0);
}

#[test]
fn a_result_in_a_large_join_polls_only_the_future_it_belongs_to() {
    const N: usize = 300;
    thread_local!(static POLLS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) });
    let run = run(|ctx, ()| async move {
        POLLS.set(0);
        let calls = (0..N).map(|n| {
            let mut call = ctx.activity::<u64>("double", n);
            std::future::poll_fn(move |cx| {
                POLLS.set(POLLS.get() + 1);
                std::pin::Pin::new(&mut call).poll(cx)
            })
        });
        let sum: u64 = try_join_all(calls).await?.into_iter().sum();
        Ok((sum, POLLS.get()))
    });
    let n = u64::try_from(N).unwrap();
    assert_eq!(run.result().unwrap(), &(n * (n - 1), 2 * N));
}

#[test]
fn try_join_all_ends_at_the_first_failure_and_cancels_the_rest() {
    let run = run(|ctx, ()| async move {
        let calls = ["a", "b", "c"].map(|kind| ctx.activity::<()>("fail", kind));
        try_join_all(calls).await.map(|_| ())
    });
    assert_eq!(run.result().unwrap_err().kind(), "a");
    assert_eq!(run.log()[3..], ["failed 0 a: as asked", "cancel 1", "cancel 2", "fail a: as asked"]);
}

#[test]
fn race_tells_who_was_first_and_cancels_the_rest() {
    let run = run(|ctx, ()| async move {
        let (index, ()) = race([3, 1, 2].map(|s| timer(&ctx, s))).await;
        Ok(index)
    });
    assert_eq!(run.result().unwrap(), &1);
    assert_eq!(run.log()[3..], ["fired 1", "cancel 0", "cancel 2", "complete 1"]);
}

#[test]
fn select_cancels_the_loser() {
    let run = run(|ctx, ()| async move { Ok(select(timer(&ctx, 2), timer(&ctx, 1)).await == Either::Right(())) });
    assert!(run.result().unwrap());
    assert_eq!(run.log()[2..], ["fired 1", "cancel 0", "complete true"]);
}

#[test]
fn select_by_reference_lets_the_loser_go_on() {
    let run = run(|ctx, ()| async move {
        let mut call = timer(&ctx, 10);
        let mut reminders = 0;
        while let Either::Right(()) = select(&mut call, timer(&ctx, 3)).await {
            reminders += 1;
        }
        Ok(reminders)
    });
    assert_eq!(run.result().unwrap(), &3);
    assert_eq!(run.elapsed(), secs(10));
}

#[test]
fn of_two_that_are_ready_select_takes_the_left() {
    let run = run(|_, ()| async move {
        let ready = || std::future::poll_fn(|_| Poll::Ready(1));
        Ok(select(ready(), ready()).await == Either::Left(1))
    });
    assert!(run.result().unwrap());
}

#[test]
fn a_timeout_cancels_what_it_limits() {
    let run = run(|ctx, ()| async move { ctx.timeout(days(2), ctx.event::<bool>("approval")).await? });
    assert_eq!(run.result().unwrap_err().kind(), "timeout");
    assert_eq!(run.elapsed(), days(2));
    assert_eq!(run.log()[3], "cancel 0");
}

#[test]
fn within_its_time_a_timeout_is_invisible() {
    let run = run(|ctx, ()| async move { ctx.timeout(days(2), ctx.activity::<u64>("double", 4)).await? });
    assert_eq!(run.result().unwrap(), &8);
    assert_eq!(run.log()[3], "cancel 1");
}
