//! A component that is ready to run.

use std::sync::Arc;

use engine::{ActivityTask, Digest, Execution, Failure, Guest, GuestError, Payload, TraceContext, kind};

use crate::activity::ActivityGuests;
use crate::engines::Shared;
use crate::orchestrator::OrchestratorGuests;
use crate::{Definition, Grants};

/// A component that is ready to run; cheap to clone.
#[derive(Clone)]
pub struct LoadedComponent(Arc<Loaded>);

struct Loaded {
    shared: Arc<Shared>,
    digest: Digest,
    orchestrators: Option<OrchestratorGuests>,
    activities: Option<ActivityGuests>,
    orchestrations: Vec<Definition>,
    works: Vec<Definition>,
}

impl LoadedComponent {
    pub(crate) fn new(
        shared: Arc<Shared>,
        digest: Digest,
        orchestrators: Option<OrchestratorGuests>,
        activities: Option<ActivityGuests>,
        orchestrations: Vec<Definition>,
        works: Vec<Definition>,
    ) -> Self {
        Self(Arc::new(Loaded { shared, digest, orchestrators, activities, orchestrations, works }))
    }

    /// The SHA-256 of the file it was loaded from.
    pub fn digest(&self) -> Digest {
        self.0.digest
    }

    /// The orchestrations it offers.
    pub fn orchestrations(&self) -> &[Definition] {
        &self.0.orchestrations
    }

    /// The activities it offers.
    pub fn activities(&self) -> &[Definition] {
        &self.0.works
    }

    /// A fresh guest, started for `execution`.
    ///
    /// Runs guest code on the calling thread, for at most the turn deadline; the thread needs 2 MiB of stack, which is
    /// what threads have by default, and must not be one that runs async tasks.
    ///
    /// # Errors
    /// `Failed` when the guest cannot start with this execution; `Unavailable` when the component has no such
    /// orchestration, or the host holds as many guests as it has room for.
    pub fn start(&self, execution: &Execution) -> Result<Box<dyn Guest>, GuestError> {
        let Loaded { shared, orchestrators, orchestrations, digest, .. } = &*self.0;
        let name = &execution.name;
        match orchestrators {
            Some(guests) if offers(orchestrations, name) => Ok(Box::new(guests.start(shared, execution)?)),
            _ => Err(GuestError::Unavailable(format!(
                "the component {} has no orchestration called `{name}`",
                digest.short()
            ))),
        }
    }

    /// Runs one attempt of an activity in a fresh guest. Needs a tokio runtime with time and I/O enabled.
    ///
    /// Dropping the future interrupts the attempt. A busy guest yields every few milliseconds.
    ///
    /// # Errors
    /// What the activity returned, or what became of its guest, by kind.
    pub async fn run_activity(&self, task: &ActivityTask, grants: &Grants) -> Result<Option<Payload>, Failure> {
        self.run(task, grants, None).await
    }

    /// The same within a span: the HTTP requests of the guest carry it, unless the guest says otherwise.
    ///
    /// # Errors
    /// See [`LoadedComponent::run_activity`].
    pub async fn run_activity_within(
        &self,
        task: &ActivityTask,
        grants: &Grants,
        span: TraceContext,
    ) -> Result<Option<Payload>, Failure> {
        self.run(task, grants, Some(span)).await
    }

    async fn run(
        &self,
        task: &ActivityTask,
        grants: &Grants,
        span: Option<TraceContext>,
    ) -> Result<Option<Payload>, Failure> {
        let Loaded { shared, activities, works, digest, .. } = &*self.0;
        let name = &task.name;
        match activities {
            Some(guests) if offers(works, name) => guests.run(shared, task, grants, span).await,
            _ => {
                let message = format!("the component {} has no activity called `{name}`", digest.short());
                Err(Failure::new(kind::ACTIVITY_NOT_FOUND, message).non_retriable())
            }
        }
    }
}

fn offers(definitions: &[Definition], name: &str) -> bool {
    definitions.iter().any(|definition| definition.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_may_share_it_and_attempts_may_move_between_them() {
        fn share<T: Send + Sync>() {}
        fn attempt(component: &LoadedComponent, task: &ActivityTask, grants: &Grants) -> impl Send {
            component.run_activity(task, grants)
        }
        share::<LoadedComponent>();
        share::<crate::Engines>();
        let _ = attempt;
    }
}
