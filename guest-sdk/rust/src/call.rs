//! What an orchestration awaits: activities, children, timers, external events.
//!
//! All of them are futures that do nothing until they are polled for the first time, or started with `start`.

mod activity;
mod child;
mod event;
mod timer;

pub use activity::ActivityCall;
pub use child::ChildCall;
pub use event::EventWait;
pub use timer::Timer;

use std::task::{Context, Poll};

use serde::de::DeserializeOwned;

use crate::state::Call;
use crate::{Result, kind, payload};

/// Polls a call whose outcome is JSON.
fn poll_json<T: DeserializeOwned>(call: &mut Call, cx: &Context<'_>) -> Poll<Result<T>> {
    call.poll(cx).map(|outcome| payload::decode(outcome?.as_deref(), kind::INVALID_OUTPUT))
}
