//! Looks at what is stored, past all faults.

use std::sync::{Arc, Mutex, PoisonError};

use engine::{HistoryEvent, InstanceId};
use futures_util::FutureExt as _;
use store::{Client, InstanceFilter, InstanceRow, whole_history};

use crate::world::World;

/// Sees every change at once.
pub(crate) struct Observer {
    pub(crate) world: Arc<World>,
    client: Mutex<Arc<dyn Client>>,
}

impl Observer {
    /// `client` has a backend at hand that answers without waiting.
    pub(crate) fn new(world: Arc<World>, client: Arc<dyn Client>) -> Arc<Self> {
        Arc::new(Self { world, client: Mutex::new(client) })
    }

    pub(crate) fn client(&self) -> Arc<dyn Client> {
        Arc::clone(&self.client.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The process was restarted, and its backend with it.
    pub(crate) fn set_client(&self, client: Arc<dyn Client>) {
        *self.client.lock().unwrap_or_else(PoisonError::into_inner) = client;
    }

    /// Checks what is stored of an instance.
    pub(crate) fn look(&self, instance_id: &InstanceId) {
        // In the middle of a change of several requests a reader may be told to come back.
        let Some((row, history)) = self.read(instance_id) else { return };
        let found = self.world.checks().seen(instance_id, row, &history);
        self.world.checked(found);
    }

    /// Row and history, if they can be read now.
    pub(crate) fn read(&self, instance_id: &InstanceId) -> Option<(Option<InstanceRow>, Vec<HistoryEvent>)> {
        let client = self.client();
        let history = whole_history(&*client, instance_id).now_or_never()?.ok()?;
        let row = client.get(instance_id).now_or_never()?.ok()?;
        Some((row, history))
    }

    /// Every row there is.
    pub(crate) fn rows(&self) -> Option<Vec<InstanceRow>> {
        let client = self.client();
        let mut rows = Vec::new();
        let mut filter = InstanceFilter::default();
        loop {
            let page = client.list(&filter).now_or_never()?.ok()?;
            rows.extend(page.rows);
            if page.continuation.is_none() {
                return Some(rows);
            }
            filter.continuation = page.continuation;
        }
    }
}
