//! Where the state is: what hosts share, and how each gets there.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};
use azure::fake::FakeAccount;
use azure::{
    Blobs as _, Condition, Container, HubName, Key, Queue, Queues as _, Table, Tables as _, Value, Verb, Write,
};
use dotnet::{DotNet, partition_key};
use engine::InstanceId;
use fastrand::Rng;
use store::MemoryBackend;
use store::{Client, Clock, WorkSource};
use store_azure::{Always, AzureBackend, LeaseOptions, Leases, Options, Ownership, hub};

use crate::fickle::{Fickle, Leased};
use crate::link::Link;
use crate::medium::SimMedium;
use crate::observer::Observer;
use crate::plan::Owning;
use crate::time::SimClock;
use crate::trace::Who;
use crate::world::World;

/// The state of a run.
pub(crate) enum Hub {
    Memory(Mutex<Arc<MemoryBackend>>),
    Azure(Box<AzureHub>),
}

pub(crate) struct AzureHub {
    account: FakeAccount,
    name: HubName,
    partitions: u8,
    options: Options,
    /// Takes part in nothing, and its requests may fail.
    client: Arc<AzureBackend>,
}

/// A host's backend.
pub(crate) struct HostBackend {
    pub(crate) source: Arc<dyn WorkSource>,
    pub(crate) client: Arc<dyn Client>,
    /// Whether its requests fail below the source.
    pub(crate) has_medium: bool,
    pub(crate) fickle: Option<Arc<Fickle>>,
    pub(crate) azure: Option<Arc<AzureBackend>>,
}

impl Hub {
    /// An empty one, and who watches it.
    pub(crate) fn new_memory(world: &Arc<World>) -> (Self, Arc<Observer>) {
        let backend = Arc::new(MemoryBackend::new(Arc::new(world.clock)).with_activity_queue());
        let observer = Observer::new(Arc::clone(world), backend.clone());
        (Self::Memory(Mutex::new(backend)), observer)
    }

    /// The same on an account of its own.
    pub(crate) async fn new_azure(world: &Arc<World>, rng: &mut Rng) -> Result<(Self, Arc<Observer>)> {
        let (clock, partitions) = (world.clock, world.plan.partitions);
        let account = FakeAccount::new(Arc::new(move || clock.now().as_millis()));
        let name = HubName::new("Sim").context("naming the hub")?;
        let medium = account.medium(&name);
        hub::create(&medium, &name, partitions).await.context("creating the hub")?;
        let options = Options { poll_max: Duration::from_secs(rng.u64(1..6)), ..Options::default() };
        let nobody = || Arc::new(Always::new(0));
        let start = |medium: Arc<dyn azure::Medium>| {
            AzureBackend::start(medium, name.clone(), partitions, nobody(), Arc::new(clock), options.clone())
        };
        let observer = Observer::new(Arc::clone(world), Arc::new(start(Arc::new(medium.clone()))));
        let link = Link::new(Arc::clone(world), Who::Client, rng.fork());
        let client = Arc::new(start(Arc::new(SimMedium::new(medium, link, Arc::clone(&observer)))));
        Ok((Self::Azure(Box::new(AzureHub { account, name, partitions, options, client })), observer))
    }

    /// A new process's view.
    pub(crate) fn host(
        &self,
        world: &World,
        link: &Arc<Link>,
        observer: &Arc<Observer>,
        clock: SimClock,
    ) -> HostBackend {
        match self {
            Self::Memory(backend) => {
                let backend = Arc::clone(&backend.lock().unwrap_or_else(PoisonError::into_inner));
                HostBackend { source: backend.clone(), client: backend, has_medium: false, fickle: None, azure: None }
            }
            Self::Azure(hub) => {
                let medium = SimMedium::new(hub.account.medium(&hub.name), Arc::clone(link), Arc::clone(observer));
                let clock = Arc::new(clock);
                let (ownership, fickle): (Arc<dyn Ownership>, _) = match world.plan.owning {
                    Owning::Leases => {
                        let options = LeaseOptions::new(link.who.to_string(), &hub.name, hub.partitions);
                        (Arc::new(Leased::new(Leases::start(Arc::new(medium.clone()), clock.clone(), options))), None)
                    }
                    Owning::Fickle => {
                        let fickle = Arc::new(Fickle::new(hub.partitions));
                        (fickle.clone(), Some(fickle))
                    }
                };
                let (name, options) = (hub.name.clone(), hub.options.clone());
                let backend = AzureBackend::start(Arc::new(medium), name, hub.partitions, ownership, clock, options);
                let backend = Arc::new(backend);
                let azure = Some(backend.clone());
                HostBackend { source: backend.clone(), client: backend, has_medium: true, fickle, azure }
            }
        }
    }

    /// What clients use that are not on a host.
    pub(crate) fn client(&self) -> Arc<dyn Client> {
        match self {
            Self::Memory(backend) => {
                Arc::clone(&*backend.lock().unwrap_or_else(PoisonError::into_inner)) as Arc<dyn Client>
            }
            Self::Azure(hub) => hub.client.clone(),
        }
    }

    /// A client of DurableTask, to which nothing happens; none where there can be no such client.
    pub(crate) fn dotnet(&self, world: &Arc<World>, observer: &Arc<Observer>) -> Option<DotNet> {
        let Self::Azure(hub) = self else { return None };
        let link = Link::calm(Arc::clone(world), Who::Client);
        let medium = SimMedium::new(hub.account.medium(&hub.name), link, Arc::clone(observer));
        let clock = world.clock;
        Some(DotNet::new(Arc::new(medium), &hub.name, hub.partitions, move || clock.now().as_millis()))
    }

    /// What a process finds that comes after one that died.
    pub(crate) fn restart_memory(&self, observer: &Observer) {
        let Self::Memory(backend) = self else { return };
        let mut backend = backend.lock().unwrap_or_else(PoisonError::into_inner);
        *backend = Arc::new(backend.restart());
        observer.set_client(backend.clone());
    }

    /// Has the row of a partition say that somebody else owns it.
    pub(crate) async fn steal(&self, partition: u8) {
        let Self::Azure(hub) = self else { return };
        let medium = hub.account.medium(&hub.name);
        let key = Key { partition: String::new(), row: hub.name.queue(Queue::Control(partition)) };
        let Ok(Some(row)) = medium.get(Table::Partitions, &key).await else { return };
        let mut entity = row.entity;
        entity.set("CurrentOwner", Value::Text("thief".to_owned()));
        let write = Write { key, verb: Verb::Replace(entity, Condition::Any) };
        // Whoever writes at the same time is in time or not.
        let _ = medium.write(Table::Partitions, write).await;
    }

    /// Messages in all queues, invisible ones included; none: a backend that has no queues to look into.
    pub(crate) async fn messages(&self) -> Result<u64> {
        let Self::Azure(hub) = self else { return Ok(0) };
        let medium = hub.account.medium(&hub.name);
        let mut count = medium.count(Queue::WorkItems).await?;
        for partition in 0..hub.partitions {
            count += medium.count(Queue::Control(partition)).await?;
        }
        Ok(count)
    }

    /// What is left of rows and blobs, by name, or of work. Of those that were `purged` while there were faults, blobs
    /// are none of it.
    pub(crate) async fn leftovers(&self, purged: &BTreeSet<InstanceId>) -> Result<Vec<String>> {
        let mut left = Vec::new();
        match self {
            Self::Memory(backend) => {
                let backend = Arc::new(backend.lock().unwrap_or_else(PoisonError::into_inner).restart());
                let fetched = tokio::time::timeout(Duration::from_mins(10), backend.fetch(100)).await;
                let items = fetched.unwrap_or(Ok(Vec::new()))?;
                left.extend(items.iter().map(|item| format!("work for {}", item.instance_id)));
            }
            Self::Azure(hub) => {
                let medium = hub.account.medium(&hub.name);
                for table in [Table::Instances, Table::History] {
                    let rows = medium.query(table, &azure::Query::default()).await?.entities;
                    left.extend(rows.iter().map(|row| format!("{table:?} {} {}", row.key.partition, row.key.row)));
                }
                let blobs = medium.list_blobs(Container::LargeMessages, "", None).await?.names;
                // A request that comes too late may leave the blob of a row that is not written any more.
                let is_of = |name: &str, id: &str| {
                    let key = partition_key(id);
                    let folder = key.strip_suffix('.').map_or(key.clone(), |rest| format!("{rest}^4"));
                    name.starts_with(&format!("{folder}/")) || name.starts_with(&format!("{id}/"))
                };
                let is_expected = |name: &&String| !purged.iter().any(|id| is_of(name, id.as_str()));
                left.extend(blobs.iter().filter(is_expected).map(|name| format!("blob {name}")));
            }
        }
        Ok(left)
    }
}
