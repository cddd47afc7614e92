//! Durable timers.

use std::pin::Pin;
use std::task::{Context, Poll};

use crate::state::Call;

/// A durable timer; await it to sleep. Made by [`Context::timer`](crate::Context::timer).
///
/// It survives restarts of the host, and may last for years. It is set when it is first polled, or by
/// [`start`](Self::start). Dropping it after that cancels it.
#[must_use = "no timer is set until it is awaited or started"]
pub struct Timer {
    call: Call,
}

impl Timer {
    pub(crate) fn new(call: Call) -> Self {
        Self { call }
    }

    /// Sets it now, to be awaited later.
    pub fn start(mut self) -> Self {
        self.call.schedule();
        self
    }
}

impl Future for Timer {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // A timer that the host could not fire is not part of the contract.
        self.call.poll(cx).map(|_fired| ())
    }
}
