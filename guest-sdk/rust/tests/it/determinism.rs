use std::cell::Cell;
use std::rc::Rc;

use crate::*;

#[test]
fn time_stands_still_between_awaits_and_random_numbers_repeat() {
    // The harness replays every turn; anything that differed would panic.
    let run = stage(|ctx: Context, ()| async move {
        let start = ctx.now();
        ctx.set_custom_status((ctx.random(), ctx.random_below(6), ctx.uuid()))?;
        timer(&ctx, 2).await;
        ctx.set_custom_status(ctx.uuid())?;
        Ok((start, ctx.now()))
    })
    .start_at(Timestamp::from_millis(1_000))
    .run::<(Timestamp, Timestamp)>("it", ());
    assert_eq!(run.result().unwrap(), &(Timestamp::from_millis(1_000), Timestamp::from_millis(3_000)));
}

#[test]
fn every_draw_is_another_one() {
    let run = run(|ctx, ()| async move { Ok((ctx.uuid(), ctx.uuid())) });
    let (first, second) = run.result().unwrap();
    assert_ne!(first, second);
    assert_eq!((first.len(), &first[14..15]), (36, "4"));
}

#[test]
#[should_panic(expected = "it is not deterministic: in turn 0 it decided")]
fn the_harness_catches_what_comes_from_outside_the_context() {
    let outside = Rc::new(Cell::new(0));
    run(move |ctx, ()| {
        let outside = Rc::clone(&outside);
        async move {
            outside.set(outside.get() + 1);
            ctx.activity::<u64>("double", outside.get()).await
        }
    });
}

#[test]
#[should_panic(expected = "it waits for something that the test does not provide:\nwait 0 approval")]
fn the_harness_says_when_nothing_can_happen_any_more() {
    run(|ctx, ()| async move { ctx.event::<()>("approval").await });
}
