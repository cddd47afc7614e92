//! Where a shard's guests come from.

use engine::{Digest, Execution, Guest, GuestError, GuestSource};

/// A guest that could not be had: what to prepare before the next try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) orchestration: String,
    pub(super) component: Option<Digest>,
}

/// Passes on to another source and remembers what that did not have.
///
/// A turn may ask for another guest than the one prepared for it: after a continue-as-new it begins the next execution
/// on the newest component.
pub(super) struct Recording<'a> {
    pub(super) inner: &'a mut dyn GuestSource,
    pub(super) wanted: Option<Wanted>,
}

impl GuestSource for Recording<'_> {
    fn start(
        &mut self,
        execution: &Execution,
        component: Option<Digest>,
    ) -> Result<(Box<dyn Guest>, Digest), GuestError> {
        let started = self.inner.start(execution, component);
        if let Err(GuestError::Unavailable(_)) = started {
            self.wanted = Some(Wanted { orchestration: execution.name.clone(), component });
        }
        started
    }
}
