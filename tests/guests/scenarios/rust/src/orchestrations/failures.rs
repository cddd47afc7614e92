//! What goes wrong.

use rondo::prelude::*;
use serde_json::Value;

use crate::activities::{self, Failure};

pub(crate) async fn call_fail(ctx: Context, failure: Failure) -> Result<()> {
    ctx.call(activities::fail, failure).await
}

pub(crate) async fn catch_fail(ctx: Context, failure: Failure) -> Result<Option<Failure>> {
    Ok(ctx.call(activities::fail, failure).await.as_ref().err().map(Failure::from))
}

pub(crate) async fn fail_with(_: Context, failure: Failure) -> Result<()> {
    Err(failure.into())
}

pub(crate) async fn stalled(_: Context, (): ()) -> Result<()> {
    std::future::pending().await
}

pub(crate) async fn all_fails(ctx: Context, (): ()) -> Result<Value> {
    match try_join_all((0..3).map(|n| ctx.call(activities::add_one, n))).await {
        Ok(results) => Ok(results.into()),
        Err(error) => ctx.activity("echo", error.kind()).await,
    }
}

pub(crate) async fn settle_all(ctx: Context, (): ()) -> Result<Vec<Value>> {
    let settled = join_all((0..3).map(|n| ctx.call(activities::add_one, n))).await;
    Ok(settled.into_iter().map(|result| result.map_or_else(|error| error.kind().into(), Value::from)).collect())
}
