//! Write durable orchestrations and activities in Rust.
//!
//! An **orchestration** is an `async fn` that says what has to happen: call this, wait for that, then the next. It can
//! be interrupted anywhere, by a crash or for a year, because the host records what happened and replays it. An
//! **activity** is a function that does the work.
//!
//! ```
//! use rondo::prelude::*;
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Serialize, Deserialize)]
//! struct Order {
//!     id: String,
//!     amount: u32,
//! }
//!
//! async fn order(ctx: Context, order: Order) -> Result<String> {
//!     let payment = ctx.call(charge, &order).retry(Retry::attempts(5).first_interval(secs(1)).backoff(2.0)).await?;
//!     info!(ctx, "order {} is paid", order.id);
//!     let approved = ctx.timeout(days(3), ctx.event::<bool>("approval")).await.unwrap_or(Ok(false))?;
//!     if approved { Ok(payment) } else { ctx.activity("billing/refund", &order).await }
//! }
//!
//! async fn charge(ctx: ActivityContext, order: Order) -> Result<String> {
//!     Ok(format!("charged {} for {} ({})", order.amount, order.id, ctx.idempotency_key()))
//! }
//!
//! rondo::export! {
//!     orchestrations: [order],
//!     activities: [charge],
//! }
//! # fn main() {}
//! ```
//!
//! Inputs, results and the data of events are anything that serde can turn into JSON and back.
//!
//! # What an orchestration may do
//!
//! Everything it decides must follow from its input and from what it awaited. The [`Context`] offers what code would
//! otherwise get elsewhere: [`now`](Context::now), [`random`](Context::random), [`uuid`](Context::uuid),
//! [`timer`](Context::timer). On `wasm32-unknown-unknown` there is nothing else to be had, so an orchestration that
//! compiles can hardly go wrong; tests on [`testing`] find what is left, such as a `static` that counts.
//!
//! # Calls are lazy
//!
//! As with any future, building a call does nothing. It is scheduled when it is first polled, or by its `start` method.
//! [`join!`], [`join_all`] and the other ways to wait for several things poll all of them at once, so a fan-out is
//! scheduled in one turn. Dropping a call that is scheduled and not done cancels it: that is what becomes of the loser
//! of a [`select`].
//!
//! # Failures
//!
//! A failed activity or child is an [`Error`] with a [`kind`](Error::kind) to branch on. Any error of the standard
//! library's kind becomes one with `?`. A panic is another matter: it traps, which fails an orchestration for good and
//! an activity with kind `guest-trapped`; its message is lost, as the target has nowhere to print it.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may panic"))]

mod activity;
#[cfg(all(feature = "allocator", target_arch = "wasm32"))]
mod allocator;
mod application;
mod bindings;
mod call;
mod context;
mod error;
mod export;
pub mod future;
mod guest;
#[cfg(feature = "http")]
pub mod http;
mod log;
mod payload;
pub mod prelude;
mod random;
mod retry;
mod state;
#[cfg(not(target_family = "wasm"))]
pub mod testing;
mod time;
mod wake;

pub use activity::ActivityContext;
pub use application::Application;
pub use call::{ActivityCall, ChildCall, EventWait, Timer};
pub use context::{Context, ContinueAsNew, Level, Parent};
pub use error::{Error, Result, kind};
pub use future::{Either, Elapsed, join_all, race, select, try_join_all};
pub use retry::Retry;
pub use time::{Timestamp, days, hours, millis, minutes, secs};

/// What the macros of this crate expand to. Not for use by hand.
#[doc(hidden)]
pub mod __private {
    pub use crate::bindings::{activities, orchestrations, types};
    pub use crate::export::{describe_activities, describe_orchestrations, name, run, run_activity, start};
}

/// Compiles the code in the manual.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
