//! Child orchestrations.

use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use serde::de::DeserializeOwned;

use super::poll_json;
use crate::bindings::types::{Action, StartChild};
use crate::state::Call;
use crate::{Result, Retry};

/// A call of another orchestration; await it for the result. Made by [`Context::child`](crate::Context::child).
///
/// It is scheduled when it is first polled, or by [`start`](Self::start). Dropping it after that gives up its result;
/// the child itself goes on.
#[must_use = "nothing is started until it is awaited or started"]
pub struct ChildCall<T> {
    call: Call,
    output: PhantomData<fn() -> T>,
}

impl<T> ChildCall<T> {
    pub(crate) fn new(call: Call) -> Self {
        Self { call, output: PhantomData }
    }

    /// The child's instance id; by default the host derives one. An id in use fails the call: kind `instance-exists`.
    pub fn instance_id(self, id: impl Into<String>) -> Self {
        self.with(|action| action.instance_id = Some(id.into()))
    }

    /// The version text that the child sees.
    pub fn version(self, version: impl Into<String>) -> Self {
        self.with(|action| action.version = Some(version.into()))
    }

    /// A tag of the child; a second value for the same key replaces the first.
    pub fn tag(self, key: impl Into<String>, value: impl Into<String>) -> Self {
        let (key, value) = (key.into(), value.into());
        self.with(|action| match action.tags.binary_search_by(|(known, _)| known.cmp(&key)) {
            Ok(at) => action.tags[at].1 = value,
            Err(at) => action.tags.insert(at, (key, value)),
        })
    }

    /// How the host retries it. Without this there is one attempt.
    pub fn retry(self, retry: Retry) -> Self {
        self.with(|action| action.retry = Some(retry.into_policy()))
    }

    /// Starts it now, to be awaited later.
    pub fn start(mut self) -> Self {
        self.call.schedule();
        self
    }

    /// Starts it now and forgets about it: the child has no parent, and nobody hears of its result.
    ///
    /// # Errors
    /// The input has no JSON form. Whether the child can start is not known here.
    pub fn detach(mut self) -> Result<()> {
        if let Some(Action::StartChild(action)) = self.call.action() {
            action.detached = true;
        }
        self.call.dispatch()
    }

    fn with(mut self, change: impl FnOnce(&mut StartChild)) -> Self {
        if let Some(Action::StartChild(action)) = self.call.action() {
            change(action);
        }
        self
    }
}

impl<T: DeserializeOwned> Future for ChildCall<T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        poll_json(&mut self.call, cx)
    }
}
