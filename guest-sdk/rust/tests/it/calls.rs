use std::cell::Cell;
use std::rc::Rc;

use crate::*;

#[test]
fn an_activity_returns_its_result() {
    let run = run(|ctx, ()| async move { ctx.activity::<u64>("double", 21).await });
    assert_eq!(run.result().unwrap(), &42);
    assert_eq!(run.log(), ["activity 0 double 21", "completed 0 42", "complete 42"]);
}

#[test]
fn a_failed_activity_shows_its_kind_and_fails_the_orchestration_when_passed_on() {
    let run = run(|ctx, ()| async move { ctx.activity::<()>("fail", "card-declined").await });
    let error = run.result().unwrap_err();
    assert_eq!((error.kind(), error.message()), ("card-declined", "as asked"));
    assert_eq!(run.log().last().unwrap(), "fail card-declined: as asked");
}

#[test]
fn a_failed_activity_can_be_handled() {
    let run = run(|ctx, ()| async move {
        match ctx.activity::<()>("fail", "card-declined").await {
            Err(error) if error.kind() == "card-declined" => Ok("ask for another card".to_owned()),
            other => other.map(|()| String::new()),
        }
    });
    assert_eq!(run.result().unwrap(), "ask for another card");
}

#[test]
fn an_activity_that_nobody_has_is_a_failure() {
    let run = run(|ctx, ()| async move { ctx.activity::<()>("unheard-of", ()).await });
    assert_eq!(run.result().unwrap_err().kind(), "activity-not-found");
}

#[test]
fn a_result_of_another_type_is_a_failure_that_says_so() {
    let run = run(|ctx, ()| async move { ctx.activity::<String>("double", 21).await });
    let error = run.result().unwrap_err();
    assert_eq!(error.kind(), "invalid-output");
    assert!(error.message().starts_with("expected String: invalid type: integer `42`"), "{error}");
}

#[test]
fn a_wrong_input_of_an_activity_is_a_final_failure() {
    let run = run(|ctx, ()| async move { ctx.activity::<u64>("double", "x").retry(Retry::attempts(9)).await });
    assert_eq!(run.result().unwrap_err().kind(), "invalid-input");
    assert_eq!(run.elapsed(), secs(0));
}

#[test]
fn an_input_without_a_json_form_fails_the_call_and_schedules_nothing() {
    let run = run(|ctx, ()| async move {
        let input = std::collections::BTreeMap::from([((1, 2), 3)]);
        let error = ctx.activity::<()>("double", input).await.unwrap_err();
        Ok(error.kind().to_owned())
    });
    assert_eq!(run.result().unwrap(), "not-serializable");
    assert_eq!(run.log(), [r#"complete "not-serializable""#]);
}

#[test]
fn retries_follow_the_policy() {
    let calls = Rc::new(Cell::new(0));
    let counter = Rc::clone(&calls);
    let run = stage(|ctx, ()| async move {
        let patient = Retry::attempts(10).first_interval(secs(1)).backoff(2.0).max_interval(secs(3));
        ctx.activity::<u32>("flaky", ()).retry(patient).await
    })
    .activity("flaky", move |()| {
        counter.set(counter.get() + 1);
        if counter.get() < 5 { Err(Error::msg("not yet")) } else { Ok(counter.get()) }
    })
    .run::<u32>("it", ());
    assert_eq!(run.result().unwrap(), &5);
    // 1 + 2 + 3 + 3
    assert_eq!(run.elapsed(), secs(9));
}

#[test]
fn retries_end_at_kinds_that_are_excluded() {
    let run = run(|ctx, ()| async move {
        ctx.activity::<()>("fail", "card-declined").retry(Retry::attempts(9).unless("card-declined")).await
    });
    assert_eq!(run.result().unwrap_err().kind(), "card-declined");
    assert_eq!(run.elapsed(), secs(0));
}

#[test]
fn nothing_is_scheduled_before_the_first_poll_or_start() {
    let run = run(|ctx, ()| async move {
        let lazy = ctx.activity::<u64>("double", 1);
        let eager = ctx.activity::<u64>("double", 2).start();
        let unused = ctx.activity::<u64>("double", 3);
        drop(unused);
        Ok(lazy.await? + eager.await?)
    });
    assert_eq!(run.result().unwrap(), &6);
    assert_eq!(run.log()[..2], ["activity 0 double 2", "activity 1 double 1"]);
}

#[test]
fn a_dropped_call_is_canceled_once_and_only_while_it_is_open() {
    let run = run(|ctx, ()| async move {
        let open = ctx.activity::<u64>("double", 1).start();
        let settled = ctx.activity::<u64>("double", 2).start();
        drop(open);
        timer(&ctx, 1).await;
        drop(settled);
        Ok(())
    });
    assert_eq!(
        run.log(),
        [
            "activity 0 double 1",
            "activity 1 double 2",
            "cancel 0",
            "timer 2 at 1000ms",
            "completed 1 4",
            "fired 2",
            "complete"
        ]
    );
}

#[test]
fn a_timer_counts_from_the_call_and_not_from_the_first_poll() {
    let run = run(|ctx, ()| async move {
        let early = timer(&ctx, 10);
        timer(&ctx, 4).await;
        early.await;
        Ok(())
    });
    assert_eq!(run.elapsed(), secs(10));
}

#[test]
fn activities_know_their_attempt_and_keep_their_idempotency_key() {
    let keys = Rc::new(std::cell::RefCell::new(Vec::new()));
    let seen = Rc::clone(&keys);
    let application = Application::new()
        .orchestration("it", "", |ctx: Context, ()| async move {
            join!(ctx.activity::<()>("work", ()).retry(Retry::attempts(2)), ctx.activity::<()>("work", ())).0
        })
        .activity("work", "", move |ctx: ActivityContext, ()| {
            seen.borrow_mut().push((ctx.idempotency_key(), ctx.attempt()));
            async { Err::<(), _>(Error::msg("never works")) }
        });
    assert!(Harness::new(application).run::<()>("it", ()).result().is_err());
    let keys = keys.borrow();
    let [(first, 1), (other, 1), (again, 2)] = keys.as_slice() else { panic!("{keys:?}") };
    assert_eq!(first, again);
    assert_ne!(first, other);
}
