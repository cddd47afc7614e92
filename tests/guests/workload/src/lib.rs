//! An orchestration that uses every feature at once, and says beforehand what must come out.
//!
//! Beside it are the plain shapes that benchmarks run: activities side by side, or one after another; a child; a timer; a
//! long wait.
//!
//! Crash tests run many of these, interrupt the host as they please, and compare the results with [`expected`].
//! Every step folds what it got into one number, so that a step lost, repeated or mixed up with another changes the end.

use rondo::prelude::*;
use serde::{Deserialize, Serialize};

/// What one run is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Where the number starts.
    pub seed: u64,
    /// Rounds to go; each begins with continue-as-new.
    pub rounds: u32,
    /// How long each round sleeps.
    pub pause_ms: u64,
}

/// Activities one after another, in each round.
const CHAIN: u64 = 3;

/// Activities side by side, in each round.
const FAN_OUT: u64 = 5;

/// The number that `mixed` must end with.
pub fn expected(plan: Plan) -> u64 {
    (0..plan.rounds).fold(plan.seed, |number, _| {
        let number = (0..CHAIN).fold(number, fold);
        let number = (0..FAN_OUT).map(|index| fold(number, index)).fold(number, fold);
        let number = fold(number, fold(number, 1_000));
        fold(number, number)
    })
}

/// Mixes one number into another; the order matters.
fn fold(number: u64, next: u64) -> u64 {
    (number ^ next.wrapping_mul(0x9E37_79B9_7F4A_7C15)).rotate_left(23).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 12
}

async fn mixed(ctx: Context, plan: Plan) -> Result<u64> {
    if plan.rounds == 0 {
        return Ok(plan.seed);
    }
    let mut number = plan.seed;
    for index in 0..CHAIN {
        number = ctx.call(mix, (number, index)).retry(Retry::attempts(3)).await?;
    }
    let side_by_side = (0..FAN_OUT).map(|index| ctx.call(mix, (number, index)));
    number = try_join_all(side_by_side).await?.into_iter().fold(number, fold);
    number = fold(number, ctx.call_child(leaf, number).await?);
    ctx.set_custom_status(plan.rounds)?;

    // An event to oneself, and a race that the event may or may not lose; either way it is taken exactly once.
    ctx.send_event(ctx.instance_id(), "note", number)?;
    let note: u64 = match ctx.timeout(millis(plan.pause_ms), ctx.event("NOTE")).await {
        Ok(note) => {
            ctx.timer(millis(plan.pause_ms)).await;
            note?
        }
        Err(_) => ctx.event("Note").await?,
    };
    number = fold(number, note);
    ctx.continue_as_new(Plan { seed: number, rounds: plan.rounds - 1, ..plan })
}

async fn leaf(ctx: Context, number: u64) -> Result<u64> {
    ctx.call(mix, (number, 1_000)).await
}

async fn fan_out(ctx: Context, activities: u32) -> Result<usize> {
    let results: Vec<u32> = try_join_all((0..activities).map(|number| ctx.call(echo, number))).await?;
    Ok(results.len())
}

async fn sequence(ctx: Context, activities: u32) -> Result<u32> {
    let mut done = 0;
    while done < activities {
        done = ctx.call(echo, done).await? + 1;
    }
    Ok(done)
}

async fn parent(ctx: Context, activities: u32) -> Result<u32> {
    ctx.call_child(sequence, activities).await
}

async fn nap(ctx: Context, ms: u64) -> Result<u64> {
    ctx.timer(millis(ms)).await;
    Ok(ms)
}

async fn vigil(ctx: Context, activities: u32) -> Result<u32> {
    let done = sequence(ctx.clone(), activities).await?;
    while ctx.event("wake").await? {}
    Ok(done)
}

async fn mix(_: ActivityContext, (number, next): (u64, u64)) -> Result<u64> {
    Ok(fold(number, next))
}

async fn echo(_: ActivityContext, number: u32) -> Result<u32> {
    Ok(number)
}

rondo::export! {
    orchestrations: [
        /// Uses every feature in each of its rounds.
        mixed,
        /// A child of `mixed`.
        leaf,
        /// Runs so many activities side by side.
        fan_out,
        /// Runs so many activities one after another.
        sequence,
        /// Has a child run so many activities one after another.
        parent,
        /// Sleeps for so many milliseconds.
        nap,
        /// Runs so many activities one after another, and then waits for events until one is false.
        vigil,
    ],
    activities: [
        /// Mixes a number into another.
        mix,
        /// Returns its input.
        echo,
    ],
}
