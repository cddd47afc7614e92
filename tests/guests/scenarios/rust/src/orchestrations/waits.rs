//! Timers and events; who is first, and what becomes of the others.

use std::pin::Pin;

use rondo::prelude::*;
use serde::Deserialize;
use serde_json::Value;

use crate::activities;

#[derive(Deserialize)]
pub(crate) struct SendEvent {
    data: Value,
    instance_id: String,
    name: String,
}

#[derive(Deserialize)]
pub(crate) struct EventTimeout {
    ms: u64,
    name: String,
}

#[derive(Deserialize)]
pub(crate) struct ActivityTimeout {
    ms: u64,
}

pub(crate) async fn timer(ctx: Context, ms: u64) -> Result<Timestamp> {
    ctx.timer(millis(ms)).await;
    Ok(ctx.now())
}

pub(crate) async fn timer_at(ctx: Context, ms: u64) -> Result<Timestamp> {
    ctx.timer_at(Timestamp::from_millis(ms)).await;
    Ok(ctx.now())
}

pub(crate) async fn wait_event(ctx: Context, name: String) -> Result<Value> {
    ctx.event(name).await
}

pub(crate) async fn wait_twice(ctx: Context, (): ()) -> Result<(Value, Value)> {
    let (first, second) = (ctx.event("go").start(), ctx.event("go").start());
    Ok((first.await?, second.await?))
}

pub(crate) async fn send_event(ctx: Context, input: SendEvent) -> Result<i64> {
    ctx.send_event(input.instance_id, input.name, input.data)?;
    ctx.call(activities::add_one, 1).await
}

pub(crate) async fn timeout_event(ctx: Context, input: EventTimeout) -> Result<Value> {
    match ctx.timeout(millis(input.ms), ctx.event(input.name)).await {
        Ok(data) => data,
        Err(_) => Ok("too late".into()),
    }
}

pub(crate) async fn timeout_activity(ctx: Context, input: ActivityTimeout) -> Result<i64> {
    ctx.timeout(millis(input.ms), ctx.call(activities::add_one, 1)).await?
}

pub(crate) async fn race(ctx: Context, ms: Vec<u64>) -> Result<Value> {
    let (winner, ()) = rondo::race(ms.into_iter().map(|ms| ctx.timer(millis(ms)))).await;
    ctx.activity("echo", winner).await
}

pub(crate) async fn race_mixed(ctx: Context, (): ()) -> Result<usize> {
    let racers: [Pin<Box<dyn Future<Output = Result<Value>>>>; 4] = [
        Box::pin(ctx.event("go")),
        Box::pin(ctx.activity("add_one", 1)),
        Box::pin(ctx.child("chain", 1)),
        Box::pin(async move {
            ctx.timer(secs(60)).await;
            Ok(Value::Null)
        }),
    ];
    let (winner, result) = rondo::race(racers).await;
    result.map(|_| winner)
}

pub(crate) async fn races(ctx: Context, (): ()) -> Result<Vec<Value>> {
    let mut taken = Vec::new();
    for _ in 0..2 {
        let (_, data) = rondo::race(["a", "b"].map(|name| ctx.event::<Value>(name))).await;
        taken.push(data?);
    }
    Ok(taken)
}

pub(crate) async fn hand_over(ctx: Context, (): ()) -> Result<()> {
    let _untaken = ctx.event::<Value>("a").start();
    ctx.event::<Value>("b").await?;
    ctx.continue_as_new(())
}

pub(crate) async fn cancel(ctx: Context, (): ()) -> Result<()> {
    let square = ctx.call(activities::square, 2).start();
    let timer = ctx.timer(secs(60)).start();
    let event = ctx.event::<Value>("x").start();
    let child = ctx.child::<Value>("chain", 1).start();
    let settled = ctx.call(activities::add_one, 7).start();
    ctx.call(activities::add_one, 0).await?;
    drop(settled);
    drop(child);
    drop(event);
    drop(timer);
    drop(square);
    Ok(())
}
