//! Backends over an account in this process.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use azure::fake::{FakeAccount, FakeMedium};
use azure::{HubName, Queue, Queues as _};
use conformance::timestamp;
use store::{Clock as _, ManualClock};
use store_azure::{Always, AzureBackend, Options, hub};

/// How long a message is invisible.
pub(crate) const VISIBILITY: Duration = Duration::from_secs(30);

/// Rounds of lapses within which a message must be given up.
const ROUNDS_MAX: usize = 1_000;

/// An account whose clock is the test's, plus what the test adds for storage alone.
pub(crate) struct Account {
    pub(crate) clock: Arc<ManualClock>,
    ahead_ms: Arc<AtomicU64>,
    stored: FakeAccount,
    pub(crate) hub: HubName,
}

impl Account {
    pub(crate) fn new(clock: Arc<ManualClock>) -> Self {
        let ahead_ms = Arc::new(AtomicU64::new(0));
        let now = {
            let (clock, ahead_ms) = (Arc::clone(&clock), Arc::clone(&ahead_ms));
            move || clock.now().as_millis() + ahead_ms.load(Ordering::SeqCst)
        };
        Self { clock, ahead_ms, stored: FakeAccount::new(Arc::new(now)), hub: HubName::new("Test").unwrap() }
    }

    /// With a hub of one partition.
    pub(crate) async fn with_hub() -> Self {
        let account = Self::new(Arc::new(ManualClock::new(timestamp(1_700_000_000_000))));
        account.create_hub(1).await;
        account
    }

    pub(crate) fn medium(&self) -> FakeMedium {
        self.stored.medium(&self.hub)
    }

    /// Messages that were taken and not renewed are visible again.
    pub(crate) fn let_messages_lapse(&self) {
        let ms = u64::try_from(VISIBILITY.as_millis()).unwrap() + 1;
        self.ahead_ms.fetch_add(ms, Ordering::SeqCst);
    }

    /// Lets messages lapse until so many are left.
    pub(crate) async fn until_left(&self, queue: Queue, left: u64) {
        for _ in 0..ROUNDS_MAX {
            if self.medium().count(queue).await.unwrap() == left {
                return;
            }
            self.let_messages_lapse();
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the queue still has {} messages", self.medium().count(queue).await.unwrap());
    }

    /// Lets messages lapse more often than any is looked at before it is given up; as many stay as there are.
    pub(crate) async fn stays(&self, queue: Queue, count: u64) {
        for _ in 0..ROUNDS_MAX {
            assert_eq!(self.medium().count(queue).await.unwrap(), count);
            self.let_messages_lapse();
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub(crate) async fn create_hub(&self, partitions: u8) {
        hub::create(&self.medium(), &self.hub, partitions).await.unwrap();
    }

    /// A backend that takes part in nothing.
    pub(crate) fn client(&self, medium: Arc<dyn azure::Medium>) -> AzureBackend {
        let nothing = Arc::new(Always::new(0));
        AzureBackend::start(medium, self.hub.clone(), 1, nothing, self.clock.clone(), options())
    }

    /// A host that owns everything, whatever others believe.
    pub(crate) fn host(&self, medium: Arc<dyn azure::Medium>, partitions: u8, options: Options) -> AzureBackend {
        let ownership = Arc::new(Always::new(partitions));
        AzureBackend::start(medium, self.hub.clone(), partitions, ownership, self.clock.clone(), options)
    }
}

/// Quick to look, and quick to write.
pub(crate) fn options() -> Options {
    Options {
        message_visibility: VISIBILITY,
        poll_min: Duration::from_millis(1),
        poll_max: Duration::from_millis(5),
        touch_rows_every: Duration::ZERO,
        watch_every: Duration::from_millis(5),
        backlog_count_every: 1,
        ..Options::default()
    }
}
