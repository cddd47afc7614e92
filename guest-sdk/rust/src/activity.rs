//! Activities, from the inside.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use crate::application::Application;
use crate::bindings::types::{self, Failure};
use crate::wake::Flag;
use crate::{Error, kind};

/// What an activity may know about the call it serves.
#[derive(Debug, Clone)]
pub struct ActivityContext {
    context: types::ActivityContext,
}

impl ActivityContext {
    pub(crate) fn new(context: types::ActivityContext) -> Self {
        Self { context }
    }

    /// The instance that called.
    pub fn instance_id(&self) -> &str {
        &self.context.instance_id
    }

    /// Which execution of it.
    pub fn execution_id(&self) -> &str {
        &self.context.execution_id
    }

    /// Which attempt this is, counted from 1.
    pub fn attempt(&self) -> u32 {
        self.context.attempt
    }

    /// A text that is the same for every attempt of this call, and different for every other call.
    ///
    /// An activity may run more than once. Give this to services that recognise repeated requests.
    pub fn idempotency_key(&self) -> String {
        format!("{}-{}", self.context.execution_id, self.context.task)
    }
}

/// Runs one attempt to its end.
pub(crate) fn run(
    application: &Application,
    name: &str,
    input: Option<&str>,
    context: types::ActivityContext,
) -> Result<Option<String>, Failure> {
    let outcome = application.begin_activity(name, ActivityContext::new(context), input).and_then(|running| {
        let mut running = pin!(running);
        let flag = Arc::new(Flag::default());
        let waker = Arc::clone(&flag).into();
        let mut cx = TaskContext::from_waker(&waker);
        while flag.take() {
            if let Poll::Ready(outcome) = running.as_mut().poll(&mut cx) {
                return outcome;
            }
        }
        Err(Error::new(kind::STALLED, "the activity awaits something that nothing in it will complete"))
    });
    outcome.map_err(|error| {
        error.into_failure().unwrap_or_else(|_| Failure {
            kind: kind::ERROR.to_owned(),
            message: "only an orchestration can continue as new".to_owned(),
            details: None,
            non_retriable: true,
        })
    })
}
