//! The contract of backends, over an account in this process.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use conformance::{Factory, Setup};
use store::{Backend, ManualClock};
use store_azure::Options;

use crate::fixture::{self, Account};

struct Fake {
    account: Account,
    options: Options,
}

fn fake() -> Fake {
    let clock = Arc::new(ManualClock::new(conformance::timestamp(1_700_000_000_000)));
    Fake { account: Account::new(clock), options: fixture::options() }
}

#[async_trait]
impl Factory for Fake {
    fn clock(&self) -> Arc<ManualClock> {
        self.account.clock.clone()
    }

    async fn open(&mut self, setup: Setup) -> Arc<dyn Backend> {
        self.account = Account::new(self.account.clock.clone());
        self.account.create_hub(1).await;
        self.options = fixture::options();
        if let Some(max) = setup.backlog_messages_max {
            self.options.backlog_messages_max = max;
        }
        Arc::new(self.account.host(Arc::new(self.account.medium()), 1, self.options.clone()))
    }

    async fn reopen(&mut self, backend: Arc<dyn Backend>) -> Arc<dyn Backend> {
        drop(backend);
        self.account.let_messages_lapse();
        Arc::new(self.account.host(Arc::new(self.account.medium()), 1, self.options.clone()))
    }

    async fn settle(&mut self) {
        // A few looks into the queues.
        tokio::time::sleep(Duration::from_millis(30)).await;
    }

    fn lists_newest_first(&self) -> bool {
        false
    }

    fn hands_out_only_what_is_due(&self) -> bool {
        false
    }

    fn has_activity_queue(&self) -> bool {
        true
    }
}

conformance::conformance_tests!(fake);
