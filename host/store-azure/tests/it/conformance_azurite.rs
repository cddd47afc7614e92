//! The contract of backends, over the emulator. The cases' clock is theirs; messages come and go by the machine's.

use std::sync::{Arc, Weak};
use std::time::Duration;

use async_trait::async_trait;
use azure::{Account, Cloud, ConnectOptions, HubName, Queue, Queues as _, connect};
use azurite::Azurite;
use conformance::{Factory, Setup};
use futures_util::FutureExt as _;
use store::{Backend, ManualClock, WorkSource as _};
use store_azure::{Always, AzureBackend, Options, hub};
use tokio::time::Instant;

use crate::in_hand::InHand;

/// How long a message is invisible: longer than any case takes, as the emulator's one thread may be late with renewing.
/// What a dead host had in hand is shown at once; see [`InHand`].
const VISIBILITY: Duration = Duration::from_mins(5);

/// How long what is left in the queue may take to be received: much, as the emulator and all tests share a machine.
const RECEIVED_MAX: Duration = Duration::from_secs(10);

/// After this an empty queue has been looked into again, and what was found is in hand.
const LOOK: Duration = Duration::from_millis(60);

struct Emulator {
    clock: Arc<ManualClock>,
    azurite: Azurite,
    /// None before the first backend is opened.
    hub: Option<HubName>,
    options: Options,
    /// The host that is there now, and its way to the account.
    current: Weak<AzureBackend>,
    in_hand: Option<Arc<InHand<Cloud>>>,
}

fn emulator() -> Emulator {
    let clock = Arc::new(ManualClock::new(conformance::timestamp(1_700_000_000_000)));
    let azurite = azurite::shared().unwrap();
    let options = options(Setup::default());
    Emulator { clock, azurite, hub: None, options, current: Weak::new(), in_hand: None }
}

fn options(setup: Setup) -> Options {
    let usual = Options::default();
    Options {
        message_visibility: VISIBILITY,
        poll_min: Duration::from_millis(5),
        poll_max: Duration::from_millis(20),
        // A scheduled message would come by the machine's clock.
        near: Duration::MAX,
        touch_rows_every: Duration::ZERO,
        watch_every: Duration::from_millis(20),
        backlog_messages_max: setup.backlog_messages_max.unwrap_or(usual.backlog_messages_max),
        backlog_count_every: if setup.backlog_messages_max.is_some() { 1 } else { usual.backlog_count_every },
    }
}

impl Emulator {
    fn medium(&self, hub: &HubName) -> Cloud {
        let account = Account::parse(&self.azurite.connection_string()).unwrap();
        connect(&account, hub, &ConnectOptions::default()).unwrap()
    }

    fn host(&mut self) -> Arc<dyn Backend> {
        let hub = self.hub.clone().unwrap();
        let (medium, clock) = (Arc::new(InHand::new(self.medium(&hub))), self.clock.clone());
        self.in_hand = Some(medium.clone());
        let host = AzureBackend::start(medium, hub, 1, Arc::new(Always::new(1)), clock, self.options.clone());
        let host = Arc::new(host);
        // A host that is asked for no work takes no message, and `settle` would wait for it.
        assert!(host.fetch(1).now_or_never().is_none(), "there is nothing yet");
        self.current = Arc::downgrade(&host);
        host
    }

    /// Whether the host that is there has received all that is in its queue.
    async fn has_received_everything(&self) -> bool {
        let (Some(hub), Some(host)) = (&self.hub, self.current.upgrade()) else { return true };
        let depth = self.medium(hub).count(Queue::Control(0)).await.unwrap();
        u64::try_from(host.messages_received()).unwrap() >= depth
    }
}

#[async_trait]
impl Factory for Emulator {
    fn clock(&self) -> Arc<ManualClock> {
        self.clock.clone()
    }

    async fn open(&mut self, setup: Setup) -> Arc<dyn Backend> {
        self.close().await;
        let hub = HubName::new(&azurite::unique_hub()).unwrap();
        hub::create(&self.medium(&hub), &hub, 1).await.unwrap();
        self.hub = Some(hub);
        self.options = options(setup);
        self.host()
    }

    async fn reopen(&mut self, backend: Arc<dyn Backend>) -> Arc<dyn Backend> {
        drop(backend);
        self.in_hand.take().unwrap().lapse().await;
        self.host()
    }

    async fn settle(&mut self) {
        tokio::time::sleep(LOOK).await;
        // On a busy machine either may take longer. What is put aside is not received; nothing more is waited for then.
        let deadline = Instant::now() + RECEIVED_MAX;
        while !self.has_received_everything().await && Instant::now() < deadline {
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn close(&mut self) {
        // Every take of anybody looks through the messages of everybody.
        if let Some(hub) = self.hub.take() {
            hub::delete(&self.medium(&hub)).await.unwrap();
        }
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

conformance::conformance_tests!(emulator);
