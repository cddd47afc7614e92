//! Waiting, for orchestrators: what is ready may be had, what is not never will be within this turn.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use wasmtime::component::{HasData, Resource, ResourceTable};
use wasmtime_wasi::p2::DynPollable;
use wasmtime_wasi::p2::bindings::io::poll as asynchronous;
use wasmtime_wasi::p2::bindings::sync::io::poll::{Host, HostPollable};

/// A guest wanted to wait inside a turn.
#[derive(Debug, thiserror::Error)]
#[error(
    "an orchestrator cannot wait inside a turn: use a durable timer of the SDK instead of a sleep, and an activity for \
     anything else that takes time"
)]
pub(crate) struct Waits;

/// What a future answers without being waited for.
pub(super) fn at_once<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => Some(answer),
        Poll::Pending => None,
    }
}

/// A view of a guest's pollables.
pub(super) struct Pollables<'a>(pub(super) &'a mut ResourceTable);

/// Marks [`Pollables`] for the linker.
pub(super) struct HasPollables;

impl HasData for HasPollables {
    type Data<'a> = Pollables<'a>;
}

impl Host for Pollables<'_> {
    fn poll(&mut self, pollables: Vec<Resource<DynPollable>>) -> wasmtime::Result<Vec<u32>> {
        let mut ready = Vec::new();
        for (index, pollable) in pollables.into_iter().enumerate() {
            if HostPollable::ready(self, pollable)? {
                ready.push(u32::try_from(index)?);
            }
        }
        if ready.is_empty() {
            return Err(Waits.into());
        }
        Ok(ready)
    }
}

impl HostPollable for Pollables<'_> {
    fn ready(&mut self, pollable: Resource<DynPollable>) -> wasmtime::Result<bool> {
        at_once(asynchronous::HostPollable::ready(self.0, pollable)).unwrap_or(Ok(false))
    }

    fn block(&mut self, pollable: Resource<DynPollable>) -> wasmtime::Result<()> {
        if self.ready(pollable)? { Ok(()) } else { Err(Waits.into()) }
    }

    fn drop(&mut self, pollable: Resource<DynPollable>) -> wasmtime::Result<()> {
        asynchronous::HostPollable::drop(self.0, pollable)
    }
}
