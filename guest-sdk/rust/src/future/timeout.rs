//! A future with a deadline.

use std::fmt;

use super::{Either, select};
use crate::Timer;

/// The time was over. As a [`rondo::Error`](crate::Error) its kind is `timeout`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Elapsed {}

impl Elapsed {
    pub(crate) fn new() -> Self {
        Self {}
    }
}

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the time was over before it was done")
    }
}

impl std::error::Error for Elapsed {}

/// The future first: when both happen in the same turn, its result counts.
pub(crate) async fn timeout<F: Future>(timer: Timer, future: F) -> Result<F::Output, Elapsed> {
    match select(future, timer).await {
        Either::Left(output) => Ok(output),
        Either::Right(()) => Err(Elapsed::new()),
    }
}
