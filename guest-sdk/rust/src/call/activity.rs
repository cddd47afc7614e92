//! Activities, as an orchestration calls them.

use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use serde::de::DeserializeOwned;

use super::poll_json;
use crate::bindings::types::Action;
use crate::state::Call;
use crate::{Result, Retry};

/// A call of an activity; await it for the result. Made by [`Context::activity`](crate::Context::activity).
///
/// It is scheduled when it is first polled, or by [`start`](Self::start). Dropping it after that cancels it: its
/// result is no longer wanted, and a running attempt is interrupted where possible.
#[must_use = "nothing is scheduled until it is awaited or started"]
pub struct ActivityCall<T> {
    call: Call,
    output: PhantomData<fn() -> T>,
}

impl<T> ActivityCall<T> {
    pub(crate) fn new(call: Call) -> Self {
        Self { call, output: PhantomData }
    }

    /// How the host retries it. Without this there is one attempt. No effect once it is started.
    pub fn retry(mut self, retry: Retry) -> Self {
        if let Some(Action::ScheduleActivity(action)) = self.call.action() {
            action.retry = Some(retry.into_policy());
        }
        self
    }

    /// Schedules it now, to be awaited later.
    pub fn start(mut self) -> Self {
        self.call.schedule();
        self
    }
}

impl<T: DeserializeOwned> Future for ActivityCall<T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        poll_json(&mut self.call, cx)
    }
}
