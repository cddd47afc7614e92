use crate::*;

#[test]
fn events_are_taken_oldest_first_and_without_regard_to_case() {
    let run = stage(|ctx, ()| async move { Ok([ctx.event::<u8>("number").await?, ctx.event("NUMBER").await?]) })
        .event("Number", 1)
        .event("nUMBER", 2)
        .run::<[u8; 2]>("it", ());
    assert_eq!(run.result().unwrap(), &[1, 2]);
}

#[test]
fn an_event_may_come_before_or_after_the_wait() {
    let stage = |delay| {
        stage(|ctx, ()| async move {
            timer(&ctx, 10).await;
            ctx.event::<String>("approval").await
        })
        .event_after(delay, "approval", "yes")
        .run::<String>("it", ())
    };
    assert_eq!(stage(secs(1)).elapsed(), secs(10));
    assert_eq!(stage(secs(30)).elapsed(), secs(30));
}

#[test]
fn a_canceled_wait_takes_no_event() {
    let run = stage(|ctx, ()| async move {
        drop(ctx.event::<u8>("number").start());
        ctx.event::<u8>("number").await
    })
    .event_after(secs(1), "number", 5)
    .run::<u8>("it", ());
    assert_eq!(run.result().unwrap(), &5);
    assert_eq!(run.log()[..3], ["wait 0 number", "cancel 0", "wait 1 number"]);
}

#[test]
fn an_event_without_data_is_a_unit() {
    let run = stage(|ctx, ()| async move { ctx.event::<()>("go").await }).event("go", ()).run::<()>("it", ());
    run.result().unwrap();
}

#[test]
fn data_of_another_type_is_a_failure() {
    let run = stage(|ctx, ()| async move { ctx.event::<u8>("n").await }).event("n", "x").run::<u8>("it", ());
    assert_eq!(run.result().unwrap_err().kind(), "invalid-output");
}

#[test]
fn an_event_that_nobody_has_taken_goes_back_to_its_place() {
    let run = stage(|ctx, ()| async move {
        let first = ctx.event::<u8>("number").start();
        timer(&ctx, 10).await;
        drop(first);
        Ok([ctx.event::<u8>("number").await?, ctx.event("number").await?])
    })
    .event_after(secs(1), "number", 5)
    .event_after(secs(2), "number", 6)
    .run::<[u8; 2]>("it", ());
    assert_eq!(run.result().unwrap(), &[5, 6]);
    assert_eq!(run.log()[2..6], ["raised 0 5", "fired 1", "cancel 0", "wait 2 number"]);
}

#[test]
fn an_event_that_was_handed_out_never_goes_back() {
    let run = stage(|ctx, ()| async move {
        let mut wait = ctx.event::<u8>("number").start();
        let number = (&mut wait).await;
        drop(wait);
        number
    })
    .event("number", 5)
    .run::<u8>("it", ());
    assert_eq!(run.log()[2..], ["complete 5"]);
}

#[test]
fn before_continue_as_new_an_event_goes_back_that_nobody_has_taken() {
    let run = stage(|ctx, ()| async move {
        if ctx.version().is_some() {
            return ctx.event::<u8>("number").await;
        }
        let _untaken = ctx.event::<u8>("number").start();
        timer(&ctx, 10).await;
        ctx.continue_as_new_with((), ContinueAsNew::new().version("2"))
    })
    .event_after(secs(1), "number", 5)
    .run::<u8>("it", ());
    assert_eq!(run.result().unwrap(), &5);
}
