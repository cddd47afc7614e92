//! What the instance shows, and how it goes on.

use std::collections::HashMap;

use rondo::prelude::*;
use serde_json::json;

use crate::activities;

pub(crate) async fn custom_status(ctx: Context, (): ()) -> Result<()> {
    ctx.set_custom_status(json!({ "step": 1 }))?;
    ctx.call(activities::add_one, 0).await?;
    ctx.set_custom_status("grün")?;
    ctx.set_custom_status("")?;
    ctx.set_custom_status(())
}

pub(crate) async fn logs(ctx: Context, (): ()) -> Result<()> {
    rondo::trace!(ctx, "a trace");
    rondo::debug!(ctx, "a debug");
    rondo::info!(ctx, "an info");
    rondo::warn!(ctx, "a warning");
    rondo::error!(ctx, "an error: {}", '🦀');
    Ok(())
}

pub(crate) async fn countdown(ctx: Context, n: i64) -> Result<String> {
    if n == 0 {
        return Ok("done".to_owned());
    }
    ctx.call(activities::add_one, n).await?;
    ctx.continue_as_new(n - 1)
}

pub(crate) async fn continue_options(ctx: Context, (): ()) -> Result<()> {
    ctx.continue_as_new_with((), ContinueAsNew::new().drop_events().version("2"))
}

/// The target has no clock and nothing random, so the order of a hash map is all there is.
pub(crate) async fn own_sources(ctx: Context, (): ()) -> Result<String> {
    for _ in 0..2 {
        ctx.activity::<String>("echo", hash_order()).await?;
    }
    Ok(hash_order())
}

fn hash_order() -> String {
    let words = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];
    let map: HashMap<_, _> = words.into_iter().zip(1..).collect();
    map.into_keys().collect::<Vec<_>>().join(" ")
}
