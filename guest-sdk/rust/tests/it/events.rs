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
