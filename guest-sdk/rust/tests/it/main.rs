//! The crate as its users see it, on the test harness.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod calls;
mod children;
mod combinators;
mod determinism;
mod endings;
mod events;
mod export;

use rondo::prelude::*;
use rondo::testing::{Harness, Run};
use rondo::{Application, Timer};
use serde::de::DeserializeOwned;

/// Runs one orchestration that needs nothing else.
fn run<F, Fut, O>(orchestration: F) -> Run<O>
where
    F: Fn(Context, ()) -> Fut + 'static,
    Fut: Future<Output = Result<O>> + 'static,
    O: serde::Serialize + DeserializeOwned,
{
    stage(orchestration).run("it", ())
}

/// The same, with more to set up.
fn stage<F, Fut, O>(orchestration: F) -> Harness
where
    F: Fn(Context, ()) -> Fut + 'static,
    Fut: Future<Output = Result<O>> + 'static,
    O: serde::Serialize,
{
    Harness::new(
        Application::new()
            .orchestration("it", "", orchestration)
            .activity("double", "", |_: ActivityContext, n: u64| async move { Ok(2 * n) })
            .activity("fail", "", |_: ActivityContext, kind: String| async move {
                Err::<(), _>(Error::new(kind, "as asked"))
            }),
    )
}

/// A timer of so many seconds.
fn timer(ctx: &Context, s: u64) -> Timer {
    ctx.timer(secs(s))
}
