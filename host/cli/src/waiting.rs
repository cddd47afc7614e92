//! Instances of orchestrations that nobody offers: looking at them again until somebody does, or until they fail.
//!
//! A deployment lets them go by itself. What remains for this is that which has crossed one, or was deployed through a
//! host that knows nothing of it, and those that are to wait no longer.

use std::sync::Arc;

use engine::InstanceId;
use store::{Client, Clock, HeldReason, InstanceError, InstanceFilter, StorageError};
use worker::{UnknownOrchestrations, Waiting, WaitingList};

use crate::limits::{WAITING_LOOK_INTERVAL, WAITING_LOOKED_AT_MAX, WAITING_READ_MAX};
use crate::registry::Registry;
use crate::units;

/// `wait`, `fail`, or how long to wait before failing.
pub(crate) fn policy(text: &str) -> Result<UnknownOrchestrations, String> {
    match text {
        "wait" => Ok(UnknownOrchestrations::Wait),
        "fail" => Ok(UnknownOrchestrations::FailAfter(std::time::Duration::ZERO)),
        _ => units::duration(text)
            .map(UnknownOrchestrations::FailAfter)
            .map_err(|_| format!("\"{text}\" is not wait, fail, or a time to wait before failing such as 10m")),
    }
}

/// Looks at what waits, as long as it is polled.
pub(crate) struct Watch {
    pub(crate) waiting: WaitingList,
    pub(crate) registry: Registry,
    pub(crate) client: Arc<dyn Client>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Watch {
    /// `is_shared`: other hosts work on the hub as well, and the starts of those that wait come by again after a restart.
    /// Where this host is the only one they stay where they are, so they are looked for.
    pub(crate) async fn keep_on(self, is_shared: bool) {
        if !is_shared && let Err(error) = self.find().await {
            tracing::warn!(%error, cause = %error.source, "instances that wait for an orchestration were not all found");
        }
        let (mut looked_at, mut read) = (None, None);
        loop {
            tokio::time::sleep(WAITING_LOOK_INTERVAL).await;
            self.look(&mut looked_at).await;
            self.read(&mut read).await;
        }
    }

    /// Notes those that a host before this one has held.
    async fn find(&self) -> Result<(), StorageError> {
        let mut filter = InstanceFilter { held: true, ..InstanceFilter::default() };
        loop {
            let page = self.client.list(&filter).await?;
            for row in &page.rows {
                self.waiting.note_row(row);
            }
            filter.continuation = page.continuation;
            if filter.continuation.is_none() {
                return Ok(());
            }
        }
    }

    /// Lets those go whose orchestration is offered by now, or that have waited for long enough. A shard decides what
    /// becomes of them, after it has looked at storage once more.
    async fn look(&self, after: &mut Option<InstanceId>) {
        for Waiting { instance_id, orchestration, fails_at } in self.waiting.some(after.as_ref(), WAITING_LOOKED_AT_MAX)
        {
            let is_due = fails_at.is_some_and(|at| at <= self.clock.now());
            if (is_due || self.registry.offers(&orchestration)) && self.still_waits(&instance_id).await {
                // After another error it has moved on.
                if let Err(InstanceError::Storage(error)) = self.client.release(&instance_id, None).await {
                    tracing::debug!(%instance_id, %error, "an instance that waits was not let go");
                }
            }
            *after = Some(instance_id);
        }
    }

    /// Forgets those that wait no longer although this host has not seen them go on: another one has them.
    async fn read(&self, after: &mut Option<InstanceId>) {
        for Waiting { instance_id, .. } in self.waiting.some(after.as_ref(), WAITING_READ_MAX) {
            self.still_waits(&instance_id).await;
            *after = Some(instance_id);
        }
    }

    /// False also when storage does not answer, which is asked again the next time.
    async fn still_waits(&self, instance_id: &InstanceId) -> bool {
        let Ok(row) = self.client.get(instance_id).await else { return false };
        let held = row.and_then(|row| row.held);
        let waits = held.is_some_and(|held| held.code == HeldReason::ORCHESTRATION_NOT_FOUND);
        if !waits {
            self.waiting.forget(instance_id);
        }
        waits
    }
}

#[cfg(test)]
mod tests {

    use std::time::Duration;

    use engine::{Digest, ExecutionId, ExecutionStarted, Timestamp};
    use store::{
        ComponentRecord, Components as _, CreateInstance, ExistingInstance, ManualClock, MemoryBackend, WorkSource as _,
    };

    use super::*;

    /// A hub with nothing deployed, and what looks at those that wait in it.
    struct World {
        backend: Arc<MemoryBackend>,
        clock: Arc<ManualClock>,
        watch: Watch,
    }

    impl World {
        async fn new(policy: UnknownOrchestrations) -> Self {
            let clock = Arc::new(ManualClock::new(Timestamp::from_millis(1_000)));
            let backend = Arc::new(MemoryBackend::new(clock.clone()));
            let engines = wasm::Engines::new(wasm::Options::default()).unwrap();
            let registry = Registry::open(engines, backend.clone(), clock.clone(), false, None).await.unwrap();
            let waiting = WaitingList::new(policy);
            let watch = Watch { waiting, registry, client: backend.clone(), clock: clock.clone() };
            Self { backend, clock, watch }
        }

        /// An instance that is held, as a host before this one has left it.
        async fn hold(&self, id: &str, code: &str) {
            let start = ExecutionStarted::new(ExecutionId::from_bytes([1; 16]), "order", self.clock.now());
            let instance_id = InstanceId::new(id).unwrap();
            let existing = ExistingInstance::Refuse;
            self.backend.create(CreateInstance { instance_id: instance_id.clone(), start, existing }).await.unwrap();
            self.backend.fetch(9).await.unwrap();
            let token = self.backend.load(&instance_id).await.unwrap().unwrap().token;
            let reason = HeldReason { code: code.to_owned(), message: "why".to_owned(), since: self.clock.now() };
            self.backend.hold(&instance_id, token, reason).await.unwrap();
        }

        async fn held(&self, id: &str) -> bool {
            self.backend.get(&InstanceId::new(id).unwrap()).await.unwrap().unwrap().held.is_some()
        }

        fn known(&self) -> usize {
            self.watch.waiting.some(None, 9).len()
        }
    }

    const CODE: &str = HeldReason::ORCHESTRATION_NOT_FOUND;

    #[test]
    fn the_operator_says_what_becomes_of_them() {
        assert_eq!(policy("wait"), Ok(UnknownOrchestrations::Wait));
        assert_eq!(policy("fail"), Ok(UnknownOrchestrations::FailAfter(Duration::ZERO)));
        assert_eq!(policy("10m"), Ok(UnknownOrchestrations::FailAfter(Duration::from_mins(10))));
        assert!(policy("never").unwrap_err().contains("10m"));
    }

    #[tokio::test]
    async fn those_of_a_host_before_are_found_and_let_go_once_their_time_is_over() {
        let world = World::new(UnknownOrchestrations::FailAfter(Duration::from_mins(10))).await;
        world.hold("a", CODE).await;
        world.hold("b", "corrupt-history").await;
        world.watch.find().await.unwrap();
        assert_eq!(world.known(), 1);
        world.watch.look(&mut None).await;
        assert!(world.held("a").await, "its time is not over");
        world.clock.advance(Duration::from_mins(10));
        world.watch.look(&mut None).await;
        assert!(!world.held("a").await && world.held("b").await);
    }

    #[tokio::test]
    async fn one_that_was_held_while_its_component_was_being_deployed_goes_on() {
        let world = World::new(UnknownOrchestrations::Wait).await;
        world.hold("a", CODE).await;
        world.watch.find().await.unwrap();
        world.watch.look(&mut None).await;
        assert!(world.held("a").await);
        let record = ComponentRecord {
            digest: Digest::of(b"x"),
            name: "shop".to_owned(),
            bytes: 1,
            deployed_at: Timestamp::from_millis(1),
            orchestrations: vec!["order".to_owned()],
            activities: Vec::new(),
            grants: "{}".into(),
        };
        world.backend.deploy(record, vec![0]).await.unwrap();
        world.watch.registry.refresh().await.unwrap();
        world.watch.look(&mut None).await;
        assert!(!world.held("a").await);
    }

    #[tokio::test]
    async fn those_that_another_host_has_let_go_are_forgotten() {
        let world = World::new(UnknownOrchestrations::Wait).await;
        world.hold("a", CODE).await;
        world.watch.find().await.unwrap();
        world.watch.read(&mut None).await;
        assert_eq!(world.known(), 1);
        world.backend.release(&InstanceId::new("a").unwrap(), None).await.unwrap();
        world.watch.read(&mut None).await;
        assert_eq!(world.known(), 0);
    }
}
