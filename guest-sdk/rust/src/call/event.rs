//! External events, as an orchestration waits for them.

use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use serde::de::DeserializeOwned;

use super::poll_json;
use crate::Result;
use crate::state::Call;

/// A wait for one external event; await it for the event's data. Made by [`Context::event`](crate::Context::event).
///
/// Events are kept until somebody waits, oldest first, so none is missed. The wait begins when this is first polled, or
/// by [`start`](Self::start). Dropping it after that withdraws the wait, and it takes no event: one that has arrived in
/// the meantime, such as that of a loser in [`select`](crate::select), is there for the next wait.
#[must_use = "nothing waits until it is awaited or started"]
pub struct EventWait<T> {
    call: Call,
    data: PhantomData<fn() -> T>,
}

impl<T> EventWait<T> {
    pub(crate) fn new(call: Call) -> Self {
        Self { call, data: PhantomData }
    }

    /// Begins to wait now, to be awaited later.
    pub fn start(mut self) -> Self {
        self.call.schedule();
        self
    }
}

impl<T: DeserializeOwned> Future for EventWait<T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        poll_json(&mut self.call, cx)
    }
}
