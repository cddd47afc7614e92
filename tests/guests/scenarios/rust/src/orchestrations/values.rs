//! What goes in and comes out.

use std::collections::BTreeMap;

use rondo::prelude::*;
use serde::Serialize;
use serde_json::Value;

use crate::activities;

#[derive(Serialize)]
pub(crate) struct Identity {
    execution_id: String,
    instance_id: String,
    name: String,
    parent: Option<Parent>,
    tags: BTreeMap<String, String>,
    version: Option<String>,
}

#[derive(Serialize)]
struct Parent {
    execution_id: String,
    instance_id: String,
    name: String,
}

pub(crate) async fn echo(_: Context, value: Value) -> Result<Value> {
    Ok(value)
}

pub(crate) async fn call_echo(ctx: Context, value: Value) -> Result<Value> {
    ctx.call(activities::echo, value).await
}

pub(crate) async fn identity(ctx: Context, (): ()) -> Result<Identity> {
    Ok(Identity {
        execution_id: ctx.execution_id().to_owned(),
        instance_id: ctx.instance_id().to_owned(),
        name: ctx.name().to_owned(),
        parent: ctx.parent().map(|parent| Parent {
            execution_id: parent.execution_id.to_owned(),
            instance_id: parent.instance_id.to_owned(),
            name: parent.name.to_owned(),
        }),
        tags: ctx.tags().iter().cloned().collect(),
        version: ctx.version().map(str::to_owned),
    })
}

pub(crate) async fn now(ctx: Context, (): ()) -> Result<(Timestamp, Timestamp)> {
    let before = ctx.now();
    ctx.call(activities::add_one, 0).await?;
    Ok((before, ctx.now()))
}

pub(crate) async fn random(ctx: Context, (): ()) -> Result<(u64, String, u64, String, u64)> {
    let before = (ctx.random_below(6), ctx.uuid(), ctx.random_below(1_000_000), ctx.uuid());
    ctx.call(activities::add_one, 0).await?;
    let (dice, first, number, second) = before;
    Ok((dice, first, number, second, ctx.random_below((1 << 53) - 1)))
}

pub(crate) async fn not_serializable(ctx: Context, (): ()) -> Result<Value> {
    let no_json = BTreeMap::from([(vec![1], "only texts are keys")]);
    ctx.activity("echo", no_json).await
}
