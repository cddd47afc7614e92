//! Where a shard's guests come from.

use engine::{Digest, Execution, Failure, Guest, GuestError, GuestSource, kind};

/// A guest that could not be had: what to prepare before the next try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) orchestration: String,
    pub(super) component: Option<Digest>,
}

/// An orchestration that nobody offers, and why an instance of it is to wait no longer.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) orchestration: String,
    pub(super) why: String,
}

impl Refusal {
    fn failure(&self) -> Failure {
        let Self { orchestration: _, why } = self;
        let remedy = "Deploy a component that offers it, then `rondo rewind` the instance";
        Failure::new(kind::ORCHESTRATION_NOT_FOUND, format!("{why}. {remedy}"))
    }
}

/// Passes on to another source and remembers what that did not have.
///
/// A turn may ask for another guest than the one prepared for it: after a continue-as-new it begins the next execution
/// on the newest component.
pub(super) struct Recording<'a> {
    pub(super) inner: &'a mut dyn GuestSource,
    pub(super) wanted: Option<Wanted>,
    /// What an instance without a pin fails with, if it is still not offered.
    pub(super) refusal: Option<Refusal>,
}

impl GuestSource for Recording<'_> {
    fn start(
        &mut self,
        execution: &Execution,
        component: Option<Digest>,
    ) -> Result<(Box<dyn Guest>, Digest), GuestError> {
        let started = self.inner.start(execution, component);
        if let Err(GuestError::Unavailable(_)) = started {
            let is_refused = |refusal: &&Refusal| component.is_none() && refusal.orchestration == execution.name;
            if let Some(refusal) = self.refusal.as_ref().filter(is_refused) {
                return Err(GuestError::Failed(refusal.failure()));
            }
            self.wanted = Some(Wanted { orchestration: execution.name.clone(), component });
        }
        started
    }
}
