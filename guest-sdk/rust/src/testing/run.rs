//! What a test sees of a run.

use std::time::Duration;

use crate::testing::world::World;
use crate::{Error, Result};

/// A run that has ended.
#[derive(Debug)]
pub struct Run<O> {
    result: Result<O>,
    log: Vec<String>,
    elapsed: Duration,
    custom_status: Option<String>,
    executions: u32,
}

impl<O> Run<O> {
    pub(super) fn new(result: Result<O>, world: World) -> Self {
        let root = world.root();
        Self {
            result,
            elapsed: Duration::from_millis(world.elapsed_ms()),
            custom_status: root.custom_status.clone(),
            executions: root.generation + 1,
            log: world.into_log(),
        }
    }

    /// What the orchestration returned.
    ///
    /// # Errors
    /// The failure it ended with.
    pub fn result(&self) -> Result<&O, &Error> {
        self.result.as_ref()
    }

    /// What the orchestration returned, by value.
    ///
    /// # Errors
    /// The failure it ended with.
    pub fn into_result(self) -> Result<O> {
        self.result
    }

    /// How much virtual time went by.
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// The JSON text of the custom status at the end.
    pub fn custom_status(&self) -> Option<&str> {
        self.custom_status.as_deref()
    }

    /// How many executions there were: 1, and one more for every continue-as-new.
    pub fn executions(&self) -> u32 {
        self.executions
    }

    /// All that was decided and all that happened, one line each, in order. `0`, `1`, … are task ids.
    ///
    /// ```text
    /// activity 0 charge 100
    /// completed 0 "charged 100"
    /// complete "charged 100"
    /// ```
    ///
    /// Lines of children begin with their instance id and a colon.
    pub fn log(&self) -> &[String] {
        &self.log
    }
}
