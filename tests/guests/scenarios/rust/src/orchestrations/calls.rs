//! Activities, one after another and side by side.

use rondo::prelude::*;

use crate::activities::{self, Flaky};

pub(crate) async fn chain(ctx: Context, n: i64) -> Result<i64> {
    let sum = ctx.call(activities::add_one, n).await?;
    ctx.call(activities::square, sum).await
}

pub(crate) async fn sequential(ctx: Context, count: u32) -> Result<i64> {
    let mut last = 0;
    for _ in 0..count {
        last = ctx.call(activities::add_one, last).await?;
    }
    Ok(last)
}

pub(crate) async fn fan_out(ctx: Context, count: i64) -> Result<i64> {
    let squares = try_join_all((0..count).map(|n| ctx.call(activities::square, n))).await?;
    Ok(squares.into_iter().sum())
}

pub(crate) async fn parallel(ctx: Context, (): ()) -> Result<(i64, i64)> {
    try_join!(chain(ctx.clone(), 1), chain(ctx, 10))
}

pub(crate) async fn start_then_await(ctx: Context, (): ()) -> Result<(i64, i64)> {
    let first = ctx.call(activities::add_one, 1).start();
    let second = ctx.call(activities::add_one, 2).start();
    let second = second.await?;
    Ok((first.await?, second))
}

pub(crate) async fn retry(ctx: Context, input: Flaky) -> Result<u32> {
    let policy = Retry::attempts(5)
        .first_interval(millis(250))
        .backoff(1.5)
        .max_interval(secs(2))
        .timeout(secs(60))
        .unless("fatal")
        .unless("bad-input");
    ctx.call(activities::flaky, input).retry(policy).await
}

pub(crate) async fn retry_default(ctx: Context, input: Flaky) -> Result<u32> {
    ctx.call(activities::flaky, input).retry(Retry::attempts(3)).await
}
