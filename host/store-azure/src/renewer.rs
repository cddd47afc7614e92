//! Keeping messages invisible while this host works on them.

use std::sync::Arc;

use azure::{Error, Queue};
use futures_util::{StreamExt as _, stream};
use tokio::time::Instant;

use crate::core::Core;
use crate::dispatch::{Renewal, Renewed};
use crate::limits;

/// Renews for as long as the backend is open.
pub(crate) async fn run(core: Arc<Core>) {
    let every = core.options.message_visibility / 6;
    loop {
        tokio::time::sleep(every).await;
        if core.dispatch.state().is_shut_down() {
            return;
        }
        // What has less than two thirds left.
        let deadline = Instant::now() + core.options.message_visibility.mul_f64(2.0 / 3.0);
        core.renew_work_items(deadline).await;
        core.dispatch.state().forget_inherited(Instant::now());
        let renewals = core.dispatch.state().begin_renewals(deadline);
        let core = &core;
        stream::iter(renewals)
            .for_each_concurrent(limits::PARALLEL_REQUESTS_MAX, |renewal| async move { core.renew(renewal).await })
            .await;
    }
}

impl Core {
    async fn renew(&self, renewal: Renewal) {
        let Renewal { place, partition, receipt, text, is_held } = renewal;
        let visibility = if is_held { limits::HELD_VISIBILITY } else { self.options.message_visibility };
        let text = text.unwrap_or_else(|| self.wake_text(&place.instance_id));
        let lapses_at = Instant::now() + visibility;
        let renewed = match self.medium.update(Queue::Control(partition), &receipt, &text, visibility).await {
            Ok(receipt) => Renewed::Until { receipt, lapses_at },
            Err(Error::NotFound) => Renewed::Lost,
            Err(_) => Renewed::Failed,
        };
        let spent = self.dispatch.change(|state| state.renewed(&place, renewed));
        self.delete_spent(&place.instance_id, spent.into_iter().collect());
    }
}
