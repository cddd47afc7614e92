//! Child orchestrations.

use rondo::prelude::*;

use super::calls::chain;
use crate::activities;

pub(crate) async fn child(ctx: Context, n: i64) -> Result<i64> {
    ctx.call_child(chain, n).await
}

pub(crate) async fn child_options(ctx: Context, n: i64) -> Result<i64> {
    ctx.call_child(chain, n)
        .instance_id(format!("{}-kid", ctx.instance_id()))
        .version("2.0")
        .tag("zeta", "1")
        .tag("alpha", "ä")
        .retry(Retry::attempts(3))
        .await
}

pub(crate) async fn catch_child(ctx: Context, n: i64) -> Result<Option<String>> {
    Ok(ctx.call_child(chain, n).await.err().map(|error| error.kind().to_owned()))
}

pub(crate) async fn detached(ctx: Context, n: i64) -> Result<i64> {
    ctx.call_child(chain, n).instance_id("free-1").detach()?;
    ctx.call_child(chain, n).detach()?;
    ctx.call(activities::add_one, 1).await
}
