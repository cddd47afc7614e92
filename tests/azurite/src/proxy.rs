//! An HTTP proxy between a host and the emulator, where tests count requests and make them fail.

mod batch;
mod exchange;
mod journal;
mod kind;
mod listener;
mod refusal;
mod request;
mod rules;
mod upsert;
mod verb;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::sync::watch;

use crate::Endpoints;
use exchange::Exchanges;
use journal::Journal;
use listener::Listener;
use rules::{Effect, Rules};

pub use journal::{Logged, Outcome};
pub use kind::{Kind, Service};
pub use refusal::Refusal;
pub use request::{Operation, Request};
pub use rules::{Fault, Held, Times, first, nth};
pub use verb::Verb;

/// Shorter than the 5 seconds after which the emulator closes an idle connection: a request must not meet the closing.
const UPSTREAM_IDLE_MAX: Duration = Duration::from_secs(2);

/// A proxy before an emulator: three listeners, one per service.
///
/// What has arrived is carried out even if the client goes away meanwhile, as on a real network; a request that is held
/// while its client gives up is still forwarded when it is released. The proxy ends with this value, and with it all
/// that it still holds.
///
/// Rules apply to requests that arrive after they were made, in the order in which they were made; a request that one of
/// them ends goes no further.
#[derive(Debug)]
pub struct Proxy {
    endpoints: Endpoints,
    exchanges: Arc<Exchanges>,
    listeners: [Listener; 3],
    /// Exchanges end when this is dropped.
    _open: watch::Sender<()>,
}

impl Proxy {
    /// Starts one on free ports.
    ///
    /// # Errors
    /// There are no free ports.
    pub async fn start(target: Endpoints) -> Result<Self> {
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(UPSTREAM_IDLE_MAX)
            .build::<_, Full<bytes::Bytes>>(HttpConnector::new());
        let (open, closed) = watch::channel(());
        let exchanges = Exchanges::new(target, client, closed);
        let blob = Listener::start(Service::Blob, Arc::clone(&exchanges)).await?;
        let queue = Listener::start(Service::Queue, Arc::clone(&exchanges)).await?;
        let table = Listener::start(Service::Table, Arc::clone(&exchanges)).await?;
        let endpoints = Endpoints { blob: blob.port(), queue: queue.port(), table: table.port() };
        Ok(Self { endpoints, exchanges, listeners: [blob, queue, table], _open: open })
    }

    /// Where it listens.
    pub fn endpoints(&self) -> Endpoints {
        self.endpoints
    }

    /// What `AZURE_STORAGE_CONNECTION_STRING` takes, to go through the proxy.
    pub fn connection_string(&self) -> String {
        self.endpoints.connection_string()
    }

    /// How many requests were over by now, whatever their outcome. [`Verb::GetMessages`] that were answered with no
    /// message are counted as [`Verb::EmptyGetMessages`].
    pub fn counts(&self) -> BTreeMap<(Service, Verb), u64> {
        self.journal().counts()
    }

    /// The latest requests (at most 10,000) in the order of their arrival.
    pub fn log(&self) -> Vec<Logged> {
        self.journal().log()
    }

    /// Forgets the counts and the log. Rules stay.
    pub fn forget(&self) {
        self.journal().forget();
    }

    /// Stops requests before they are forwarded, until they are released.
    pub fn hold(&self, matcher: impl Fn(&Request) -> bool + Send + Sync + 'static) -> Held {
        Held::new(self.rules().add(matcher, Effect::Hold, Times::UntilRemoved))
    }

    /// Forwards requests, and keeps back the replies until they are released.
    pub fn hold_reply(&self, matcher: impl Fn(&Request) -> bool + Send + Sync + 'static) -> Held {
        Held::new(self.rules().add(matcher, Effect::HoldReply, Times::UntilRemoved))
    }

    /// Forwards requests, and closes the connection instead of replying.
    pub fn drop_reply(&self, matcher: impl Fn(&Request) -> bool + Send + Sync + 'static, times: Times) -> Fault {
        Fault::new(self.rules().add(matcher, Effect::DropReply, times))
    }

    /// Closes the connection without forwarding.
    pub fn cut(&self, matcher: impl Fn(&Request) -> bool + Send + Sync + 'static, times: Times) -> Fault {
        Fault::new(self.rules().add(matcher, Effect::Cut, times))
    }

    /// Replies in place of the service, as a service in trouble does, without forwarding. `retry_after` counts in whole
    /// seconds.
    pub fn refuse(
        &self,
        matcher: impl Fn(&Request) -> bool + Send + Sync + 'static,
        refusal: Refusal,
        retry_after: Option<Duration>,
        times: Times,
    ) -> Fault {
        Fault::new(self.rules().add(matcher, Effect::Refuse(refusal, retry_after), times))
    }

    /// Forwards requests to the table service with every `If-Match` replaced by `*`, in transactions too: the write then
    /// applies to whatever version is stored. Takes away the guard that a host believes to have. Requests to other
    /// services are left alone, for their signature covers the header.
    pub fn without_if_match(&self, matcher: impl Fn(&Request) -> bool + Send + Sync + 'static) -> Fault {
        let tables = move |request: &Request| request.kind.service == Service::Table && matcher(request);
        Fault::new(self.rules().add(tables, Effect::WithoutIfMatch, Times::UntilRemoved))
    }

    /// Forwards inserts of single entities as what overwrites the entity that is there. Takes away the guard of a host
    /// that relies on an insert failing. Other requests are left alone.
    pub fn insert_or_replace(&self, matcher: impl Fn(&Request) -> bool + Send + Sync + 'static) -> Fault {
        let inserts = move |request: &Request| request.is(Verb::InsertEntity) && matcher(request);
        Fault::new(self.rules().add(inserts, Effect::InsertOrReplace, Times::UntilRemoved))
    }

    /// Waits before forwarding.
    pub fn slow(&self, matcher: impl Fn(&Request) -> bool + Send + Sync + 'static, delay: Duration) -> Fault {
        Fault::new(self.rules().add(matcher, Effect::Slow(delay), Times::UntilRemoved))
    }

    /// Closes all connections, and has new ones refused. Requests that have arrived are carried out, but not replied to.
    /// Without effect if it is down.
    ///
    /// # Errors
    /// Somebody else took one of the ports meanwhile.
    pub async fn down(&self) -> Result<()> {
        for listener in &self.listeners {
            listener.down().await?;
        }
        Ok(())
    }

    /// Listens again, on the same ports. Without effect if it is up.
    ///
    /// # Errors
    /// Somebody else took one of the ports meanwhile.
    pub async fn up(&self) -> Result<()> {
        for listener in &self.listeners {
            listener.up(Arc::clone(&self.exchanges)).await?;
        }
        Ok(())
    }

    fn journal(&self) -> &Journal {
        &self.exchanges.journal
    }

    fn rules(&self) -> &Rules {
        &self.exchanges.rules
    }
}
