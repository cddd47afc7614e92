//! The first of two.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

/// One of two results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Either<L, R> {
    Left(L),
    Right(R),
}

/// Waits for the first of two futures and drops the other one, which cancels what that waited for.
///
/// When both are done in the same turn, `left` wins. To go on with the loser, pass it as `&mut`.
///
/// ```
/// # use rondo::prelude::*;
/// # async fn f(ctx: Context) -> Result<&'static str> {
/// Ok(match select(ctx.event::<bool>("approval"), ctx.timer(days(3))).await {
///     Either::Left(approved) => if approved? { "approved" } else { "rejected" },
///     Either::Right(()) => "escalated",
/// })
/// # }
/// ```
pub async fn select<L: Future, R: Future>(left: L, right: R) -> Either<L::Output, R::Output> {
    let (mut left, mut right) = (pin!(left), pin!(right));
    poll_fn(|cx| {
        if let Poll::Ready(output) = left.as_mut().poll(cx) {
            return Poll::Ready(Either::Left(output));
        }
        right.as_mut().poll(cx).map(Either::Right)
    })
    .await
}
