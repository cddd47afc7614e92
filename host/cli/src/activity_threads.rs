//! The threads that activities run on.
//!
//! An activity computes for milliseconds without giving way. On the threads of the server that would keep requests, and
//! with them the answer to whether the host lives, waiting behind it.

use anyhow::{Context as _, Result};
use tokio::runtime::{Builder, Handle, Runtime};

/// Threads of their own, one for each core.
#[derive(Debug)]
pub(crate) struct ActivityThreads(Option<Runtime>);

impl ActivityThreads {
    pub(crate) fn start() -> Result<Self> {
        let runtime = Builder::new_multi_thread().thread_name("activities").enable_all().build();
        Ok(Self(Some(runtime.context("starting the threads for activities")?)))
    }

    pub(crate) fn handle(&self) -> Option<Handle> {
        self.0.as_ref().map(|runtime| runtime.handle().clone())
    }
}

impl Drop for ActivityThreads {
    /// Activities that were cut off may block a thread; nobody waits for them.
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
